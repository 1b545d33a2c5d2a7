import { createServer } from "node:http";

createServer((request, response) => response.end(`hello, ${request.url.slice(1)}\n`)).listen(3000);

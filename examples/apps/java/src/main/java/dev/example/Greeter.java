package dev.example;

import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;

public final class Greeter {
    public static void main(String[] args) throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(8080), 0);
        server.createContext("/", exchange -> {
            byte[] body = ("hello, " + exchange.getRequestURI().getPath().substring(1) + "\n").getBytes();
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
    }
}

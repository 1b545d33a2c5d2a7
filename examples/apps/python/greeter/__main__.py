"""Serve the greeting on port 8000."""

import uvicorn

from greeter.app import greet

uvicorn.run(greet, host="0.0.0.0", port=8000)

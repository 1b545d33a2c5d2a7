"""The ASGI application."""


async def greet(scope, receive, send):
    """Answer every HTTP request with a greeting."""
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": f"hello, {scope['path'][1:]}\n".encode()})

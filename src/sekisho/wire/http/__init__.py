"""HTTP as this project serves it: bounded requests in, plain responses out, over uvicorn."""

from sekisho.wire.http.connection import Connection, Upgrade
from sekisho.wire.http.message import Answer, BodyTooLarge, Request, Response, StreamResponse
from sekisho.wire.http.server import HttpServer, Refusal

__all__ = [
    "Answer",
    "BodyTooLarge",
    "Connection",
    "HttpServer",
    "Refusal",
    "Request",
    "Response",
    "StreamResponse",
    "Upgrade",
]

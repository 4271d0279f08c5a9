"""Streams of a pod over one connection: WebSocket channels and SPDY/3.1 streams."""

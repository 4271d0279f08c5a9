"""The Kubernetes API on the wire: bytes to values and back. No sockets, no decisions."""

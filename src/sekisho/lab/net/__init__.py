"""The lab's network: its certificate authority, its sockets and the CONNECT proxy."""

"""How machines speak: bytes to structures and back, no sockets, no meaning."""

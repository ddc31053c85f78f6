"""The daily work of medical laboratories, built so that nobody can carry the records away."""

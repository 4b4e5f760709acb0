"""In-memory adapters: plain Python, locked, the reference the others are compared with."""

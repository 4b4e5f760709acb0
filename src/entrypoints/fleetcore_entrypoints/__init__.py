"""Entry points: command line, and the typed composition root."""

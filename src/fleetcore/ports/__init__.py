"""Ports: what the application needs from the outside, one Protocol a file."""

"""Durable adapters for one machine: SQLite and files in a data folder."""

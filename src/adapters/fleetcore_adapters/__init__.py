"""Adapters: one folder a technology, one module a port."""

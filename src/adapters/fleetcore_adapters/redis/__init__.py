"""Adapters on Redis and Valkey: caches and filters whose loss costs time, never data."""

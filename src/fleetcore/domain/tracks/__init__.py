"""Tracks: what neighbours in event time say of an event, and where a vehicle stopped and drove."""

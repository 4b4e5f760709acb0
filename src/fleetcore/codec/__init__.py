"""The stored form of events: wire names, schema versions, upcasting."""

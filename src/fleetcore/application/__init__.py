"""Use cases: the domain at work on ports."""

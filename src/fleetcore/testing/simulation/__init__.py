"""The simulator: the application on seeded services as weak as real ones, in virtual time.

See docs/simulation.md. Needs the extra `testing`.
"""

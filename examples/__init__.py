"""Adapters written from scratch, as another team would."""

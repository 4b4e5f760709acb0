"""Lanes and dead letters in SQS."""

"""Arithmetic on whole columns that several adapters share."""

"""The composition root: which adapters a fleet is made of, in a data folder or on AWS."""

"""What a fleet costs on AWS: requests from the adapters' own batching, prices from a dated list."""

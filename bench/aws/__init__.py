"""What the library costs beside the bare SDK."""

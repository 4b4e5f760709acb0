"""Files as they lie, decompressed and decoded: what the sources of all storages share."""

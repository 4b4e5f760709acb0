"""A believable fleet on paper: files of location events with known faults and a known ledger."""

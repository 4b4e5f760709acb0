"""fleetcore: event-sourced fleet location data."""

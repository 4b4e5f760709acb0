"""AWS Lambda handlers: each parses its event, runs one use case and answers."""

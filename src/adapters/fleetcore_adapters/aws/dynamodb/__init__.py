"""The log, the streams and the views in DynamoDB."""

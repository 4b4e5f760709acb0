"""Adapters on AWS: S3, SQS, DynamoDB and CloudWatch, each in a folder of its own."""

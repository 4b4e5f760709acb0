"""Objects and uploaded files in S3."""

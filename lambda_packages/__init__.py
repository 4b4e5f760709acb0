"""Makes the deployment packages of the Lambda functions; run by `make package`."""

# terraform init -backend-config=envs/staging/backend.hcl -backend-config="bucket=<the account's state bucket>"
key    = "fleetcore/staging.tfstate"
region = "eu-central-1"

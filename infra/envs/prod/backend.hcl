# terraform init -backend-config=envs/prod/backend.hcl -backend-config="bucket=<the account's state bucket>"
key    = "fleetcore/prod.tfstate"
region = "eu-central-1"

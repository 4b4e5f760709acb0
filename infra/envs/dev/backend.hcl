# terraform init -backend-config=envs/dev/backend.hcl -backend-config="bucket=<the account's state bucket>"
key    = "fleetcore/dev.tfstate"
region = "eu-central-1"

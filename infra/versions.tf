terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  # The rest is in envs/<environment>/backend.hcl; the bucket is given to `terraform init`.
  backend "s3" {
    encrypt      = true
    use_lockfile = true
  }
}

# AWS_ENDPOINT_URL points all of it at a stand-in.
provider "aws" {
  region            = var.region
  s3_use_path_style = var.stand_in

  default_tags {
    tags = {
      project     = var.project
      environment = var.environment
    }
  }
}

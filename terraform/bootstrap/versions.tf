terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source = "hashicorp/aws"
      # The lock file names 5.100.0, the release that the tests and the rehearsal use. 6 is admitted by its upgrade guide, which
      # renames or removes nothing that is used here (https://registry.terraform.io/providers/hashicorp/aws/latest/docs/guides/version-6-upgrade);
      # validate, tests and apply have not been run with it.
      version = ">= 5.100, < 7"
    }
  }

  # This root creates the bucket for its own state. The first time, by hand, for account 123456789012:
  #
  #   printf 'terraform {\n  backend "local" {}\n}\n' > backend_override.tf
  #   terraform init
  #   terraform apply -var=account_id=123456789012
  #   rm backend_override.tf
  #   terraform init -migrate-state -force-copy \
  #     -backend-config=bucket=users-service-tfstate-123456789012 \
  #     -backend-config=key=users-service/bootstrap.tfstate \
  #     -backend-config=region=us-east-1
  #   rm terraform.tfstate terraform.tfstate.backup
  #
  # Later only the last init (with -reconfigure instead of its first two options) and apply.
  backend "s3" {
    use_lockfile = true
    encrypt      = true
  }
}

provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account_id]

  default_tags {
    tags = {
      Service   = local.service
      Part      = "bootstrap"
      ManagedBy = "terraform"
    }
  }
}

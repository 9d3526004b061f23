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

  # The backend is configured at init, because it differs by account and environment. By hand, for dev:
  #
  #   terraform init -reconfigure \
  #     -backend-config=bucket=users-service-tfstate-<account id> \
  #     -backend-config=key=users-service/dev.tfstate \
  #     -backend-config=region=us-east-1
  #   terraform apply -var-file=dev.tfvars -var=image_digest=sha256:<digest of an image in the registry>
  #
  # bootstrap/ creates the bucket. Each environment has its own key, so neither can change the other's state.
  backend "s3" {
    use_lockfile = true
    encrypt      = true
  }
}

provider "aws" {
  region = var.region

  # Credentials of another account are refused here, before anything is read or changed.
  allowed_account_ids = [var.account_id]

  default_tags {
    tags = {
      Service     = local.service
      Environment = var.environment
      ManagedBy   = "terraform"
    }
  }
}

# What an account gets before the first deployment, and what is refused.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_resource "aws_iam_policy" {
    defaults        = { arn = "arn:aws:iam::123456789012:policy/mock" }
    override_during = plan
  }
}

variables {
  account_id        = "123456789012"
  github_repository = "acme/users-service"
}

run "state_is_kept_safe" {
  command = plan

  assert {
    condition     = aws_s3_bucket.state.bucket == "users-service-tfstate-123456789012"
    error_message = "The bucket must have the name that the service's backend is given."
  }

  assert {
    condition     = aws_s3_bucket_versioning.state.versioning_configuration[0].status == "Enabled"
    error_message = "Previous versions of the state must be kept."
  }

  assert {
    condition     = alltrue([for block in ["block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"] : aws_s3_bucket_public_access_block.state[block]])
    error_message = "The state must never be public."
  }

  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.state.rule[*].apply_server_side_encryption_by_default[0].sse_algorithm) == "aws:kms"
    error_message = "The state must be encrypted."
  }

  assert {
    condition     = one(data.aws_iam_policy_document.state.statement[*].effect) == "Deny"
    error_message = "The state must be refused without TLS."
  }
}

run "images_are_kept" {
  command = plan

  assert {
    condition     = aws_ecr_repository.service.name == "users-service" && aws_ecr_repository.service.image_tag_mutability == "IMMUTABLE" && aws_ecr_repository.service.image_scanning_configuration[0].scan_on_push
    error_message = "The registry must be called users-service, with immutable tags and scans."
  }

  assert {
    condition     = [for rule in jsondecode(aws_ecr_lifecycle_policy.service.policy).rules : rule.selection.tagStatus] == ["untagged"]
    error_message = "No rule may expire a tagged image: it may be deployed."
  }
}

run "pipeline_roles_are_bounded" {
  command = plan

  assert {
    condition     = toset(keys(aws_iam_role.pipeline)) == toset(["plan", "deploy-dev", "deploy-prod"])
    error_message = "There must be a role to plan and one for each environment."
  }

  assert {
    condition     = alltrue([for role in aws_iam_role.pipeline : role.permissions_boundary == "arn:aws:iam::123456789012:policy/mock"])
    error_message = "Every pipeline role must be bounded."
  }

  assert {
    condition     = one(local.pipeline_roles["deploy-prod"].subjects) == "repo:acme/users-service:environment:prod"
    error_message = "Only a workflow that GitHub let into the environment prod may deploy to it."
  }

  assert {
    condition     = alltrue(flatten([for role in local.pipeline_roles : [for subject in role.subjects : !strcontains(subject, "*")]]))
    error_message = "No subject may hold a wildcard."
  }

  assert {
    condition     = toset([for attachment in aws_iam_role_policy_attachment.deploy : attachment.role]) == toset(["users-service-pipeline-deploy-dev", "users-service-pipeline-deploy-prod"])
    error_message = "The role that plans must not be able to change anything."
  }

  assert {
    condition     = aws_iam_policy.runtime_boundary.name == "users-service-runtime-boundary"
    error_message = "The boundary must have the name that ../main.tf expects."
  }
}

run "no_reader_reads_a_secret" {
  command = plan

  assert {
    condition     = !anytrue(flatten([for statement in data.aws_iam_policy_document.read.statement : [for action in statement.actions : contains(["secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue", "kms:Decrypt"], action)]]))
    error_message = "The role that plans must not read secrets."
  }

  assert {
    condition     = anytrue([for statement in data.aws_iam_policy_document.pipeline_boundary.statement : statement.effect == "Deny" && contains(statement.actions, "secretsmanager:GetSecretValue")])
    error_message = "No pipeline role may read secrets, whatever else it is granted."
  }
}

run "an_existing_provider_is_reused" {
  command = plan

  variables {
    reuse_github_provider = true
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.github) == 0 && length(aws_iam_role.pipeline) == 3
    error_message = "The account's provider must be used, not created again."
  }
}

run "without_github_there_is_no_pipeline" {
  command = plan

  variables {
    github_repository = ""
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.github) == 0 && length(aws_iam_role.pipeline) == 0 && length(aws_iam_policy.deploy) == 0
    error_message = "Without a repository no role may be assumed from outside."
  }
}

run "refuses_an_account_that_is_no_account" {
  command = plan

  variables {
    account_id = "1234-5678-9012"
  }

  expect_failures = [var.account_id]
}

run "refuses_a_region_of_another_partition" {
  command = plan

  variables {
    region = "us-gov-west-1"
  }

  expect_failures = [var.region]
}

run "refuses_every_repository_of_an_owner" {
  command = plan

  variables {
    github_repository = "acme/*"
  }

  expect_failures = [var.github_repository]
}

run "refuses_a_provider_that_nobody_uses" {
  command = plan

  variables {
    github_repository     = ""
    reuse_github_provider = true
  }

  expect_failures = [var.reuse_github_provider]
}

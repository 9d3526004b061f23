# What an account gets before the first deployment, and what is refused.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_data "aws_apigatewayv2_apis" {
    defaults = { ids = ["abc123"] }
  }

  mock_resource "aws_iam_policy" {
    defaults        = { arn = "arn:aws:iam::123456789012:policy/mock" }
    override_during = plan
  }
}

variables {
  account_id           = "123456789012"
  github_repository    = "acme/users-service"
  github_owner_id      = "1234"
  github_repository_id = "5678"
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
    condition     = { for environment, repository in aws_ecr_repository.images : environment => [repository.name, repository.image_tag_mutability] } == { dev = ["users-service/dev", "IMMUTABLE"], prod = ["users-service/prod", "IMMUTABLE"] }
    error_message = "Each environment must have a repository of its own, with immutable tags."
  }

  assert {
    condition     = alltrue([for policy in aws_ecr_lifecycle_policy.images : [for rule in jsondecode(policy.policy).rules : rule.selection.tagStatus] == ["untagged"]])
    error_message = "No rule may expire a tagged image: it may be deployed."
  }
}

run "pipeline_roles_are_bounded" {
  command = plan

  assert {
    condition     = toset(keys(aws_iam_role.pipeline)) == toset(["plan", "build", "deploy-dev", "deploy-prod"])
    error_message = "There must be a role to plan, one to build and one for each environment."
  }

  assert {
    condition     = alltrue([for role in concat(values(aws_iam_role.pipeline), values(aws_iam_role.smoke_test)) : role.permissions_boundary == "arn:aws:iam::123456789012:policy/mock"])
    error_message = "Every pipeline role must be bounded."
  }

  assert {
    condition     = toset([for attachment in aws_iam_role_policy_attachment.deploy : attachment.role]) == toset(["users-service-pipeline-deploy-dev", "users-service-pipeline-deploy-prod"])
    error_message = "The role that plans must not be able to change anything."
  }

  assert {
    condition     = [for environment in ["dev", "prod"] : aws_iam_policy.runtime_boundary[environment].name] == ["users-service-dev-runtime-boundary", "users-service-prod-runtime-boundary"]
    error_message = "The boundaries must have the names that ../main.tf expects."
  }

  assert {
    condition     = alltrue([for role in ["deploy-dev", "deploy-prod"] : aws_iam_role.pipeline[role].max_session_duration >= 4 * 3600])
    error_message = "The credentials of a deploy must outlast the slowest database."
  }
}

run "tokens_of_this_repository_are_trusted_in_both_forms" {
  command = plan

  assert {
    condition = toset(flatten([for condition in data.aws_iam_policy_document.assume_pipeline["deploy-prod"].statement[0].condition : condition.values if condition.variable == "token.actions.githubusercontent.com:sub"])) == toset([
      "repo:acme/users-service:environment:prod", "repo:acme@1234/users-service@5678:environment:prod",
    ])
    error_message = "Only a workflow that GitHub let into the environment prod may deploy to it, whichever form its token has."
  }

  assert {
    condition     = alltrue(flatten([for document in data.aws_iam_policy_document.assume_pipeline : [for condition in document.statement[0].condition : [for value in condition.values : !strcontains(value, "*")] if endswith(condition.variable, ":sub")]]))
    error_message = "No subject may hold a wildcard."
  }

  assert {
    condition     = alltrue([for document in data.aws_iam_policy_document.assume_pipeline : contains([for condition in document.statement[0].condition : "${condition.variable}=${join(",", condition.values)}"], "token.actions.githubusercontent.com:repository_id=5678")])
    error_message = "A repository of the same name must not be trusted."
  }
}

run "only_main_and_tags_deploy" {
  command = plan

  assert {
    condition     = alltrue([for role in ["deploy-dev", "deploy-prod"] : toset(flatten([for condition in data.aws_iam_policy_document.assume_pipeline[role].statement[0].condition : condition.values if condition.variable == "token.actions.githubusercontent.com:ref"])) == toset(["refs/heads/main", "refs/tags/*"])])
    error_message = "The workflow of a branch must not become a role that deploys by naming the environment."
  }

  assert {
    condition     = local.pipeline_roles["build"].refs == tolist(["refs/heads/main"]) && local.pipeline_roles["build"].claims == tolist(["ref:refs/heads/main"])
    error_message = "Only main may push images."
  }
}

run "dev_cannot_pass_off_an_image" {
  command = plan

  assert {
    condition     = !anytrue(flatten([for statement in concat(data.aws_iam_policy_document.deploy_foundation["dev"].statement, data.aws_iam_policy_document.deploy_service["dev"].statement) : [for action in statement.actions : contains(["ecr:PutImage", "ecr:*"], action)]]))
    error_message = "The role that deploys dev must not push images."
  }

  assert {
    condition     = aws_iam_role_policy_attachment.build[0].role == "users-service-pipeline-build"
    error_message = "The role that builds must be able to push."
  }

  assert {
    condition = alltrue([for pair in [["dev", "prod"], ["prod", "dev"]] : anytrue([for statement in data.aws_iam_policy_document.pipeline_boundary[pair[0]].statement :
      statement.effect == "Deny" && contains(flatten([for condition in statement.condition : condition.values if condition.variable == "aws:ResourceTag/Environment"]), pair[1])
    ])])
    error_message = "A role that deploys one environment must not alter the other."
  }
}

run "a_boundary_ends_at_its_environment" {
  command = plan

  assert {
    condition     = alltrue([for environment in ["dev", "prod"] : !strcontains(jsonencode([for statement in data.aws_iam_policy_document.runtime_boundary[environment].statement : [statement.resources, statement.condition]]), { dev = "prod", prod = "dev" }[environment])])
    error_message = "No function of one environment may reach what is the other's."
  }

  assert {
    condition = anytrue([for statement in data.aws_iam_policy_document.runtime_boundary["dev"].statement :
      anytrue([for condition in statement.condition : condition.variable == "secretsmanager:ResourceTag/aws:rds:primaryDBInstanceArn" && condition.values == tolist(["arn:aws:rds:us-east-1:123456789012:db:users-service-dev"])])
    ])
    error_message = "The administrator's secret must be that of the environment's database."
  }
}

run "only_functions_send_mail_and_only_that_of_their_environment" {
  command = plan

  assert {
    condition     = alltrue([for boundary in data.aws_iam_policy_document.pipeline_boundary : anytrue([for statement in boundary.statement : statement.effect == "Deny" && statement.actions == toset(["ses:Send*"]) && statement.resources == toset(["*"])])])
    error_message = "No pipeline role may send mail, whatever else it is granted."
  }

  assert {
    condition     = one([for statement in data.aws_iam_policy_document.runtime_boundary["dev"].statement : statement.resources if statement.sid == "Mail"]) == toset(["arn:aws:ses:us-east-1:123456789012:configuration-set/users-service-dev", "arn:aws:ses:us-east-1:123456789012:identity/*"])
    error_message = "A function may send with the configuration set of its environment and no other."
  }

  assert {
    condition     = one([for statement in data.aws_iam_policy_document.runtime_boundary["dev"].statement : { for condition in statement.condition : "${condition.test} ${condition.variable}" => one(condition.values) } if statement.sid == "NoMailOfAnotherEnvironment"]) == { "Null aws:ResourceTag/Environment" = "false", "StringNotEquals aws:ResourceTag/Environment" = "dev" }
    error_message = "A function of one environment must not send in the name of the other's domain."
  }

  assert {
    condition     = alltrue(flatten([for document in data.aws_iam_policy_document.deploy_service : [for statement in document.statement : length(statement.condition) == 2 if anytrue([for resource in coalesce(statement.resources, []) : endswith(resource, ":identity/*")])]]))
    error_message = "A role that deploys may make and alter a domain by its environment's tags only."
  }
}

run "a_smoke_test_calls_one_api" {
  command = plan

  assert {
    condition     = toset([for role in aws_iam_role.smoke_test : role.name]) == toset(["users-service-pipeline-smoke-test-dev", "users-service-pipeline-smoke-test-prod"])
    error_message = "Each environment must have a role of its own."
  }

  assert {
    condition     = data.aws_iam_policy_document.smoke_test["dev"].statement[0].resources == toset(["arn:aws:execute-api:us-east-1:123456789012:abc123/*"])
    error_message = "It may call the API of its environment and no other."
  }
}

run "a_smoke_test_before_there_is_an_api_may_call_none" {
  command = plan

  override_data {
    target = data.aws_apigatewayv2_apis.deployed
    values = { ids = [] }
  }

  assert {
    condition     = length(aws_iam_role.smoke_test) == 2 && length(aws_iam_role_policy.smoke_test) == 0
    error_message = "There must be roles, but nothing that they may call."
  }
}

run "dev_alone_lets_the_account_of_prod_read" {
  command = plan

  variables {
    environments     = ["dev"]
    other_account_id = "210987654321"
  }

  assert {
    condition     = toset(keys(aws_iam_role.pipeline)) == toset(["plan", "build", "deploy-dev"]) && keys(aws_ecr_repository.images) == ["dev"]
    error_message = "There must be nothing of prod."
  }

  assert {
    condition     = aws_iam_role.promote[0].name == "users-service-promote" && one(data.aws_iam_policy_document.assume_promote.statement[0].principals).identifiers == toset(["arn:aws:iam::210987654321:root"])
    error_message = "prod's account must be able to read what dev has verified."
  }
}

run "prod_alone_reads_from_the_account_of_dev" {
  command = plan

  variables {
    environments     = ["prod"]
    other_account_id = "210987654321"
  }

  assert {
    condition     = toset(keys(aws_iam_role.pipeline)) == toset(["plan", "deploy-prod"]) && length(aws_iam_role.promote) == 0
    error_message = "Nothing is built in prod's account."
  }

  assert {
    condition     = one([for statement in data.aws_iam_policy_document.read.statement : statement.resources if statement.sid == "WhatDevHasVerified"]) == toset(["arn:aws:iam::210987654321:role/users-service-promote"])
    error_message = "Its roles must be able to read what dev has verified."
  }
}

run "no_reader_reads_a_secret" {
  command = plan

  assert {
    condition     = !anytrue(flatten([for statement in data.aws_iam_policy_document.read.statement : [for action in statement.actions : contains(["secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue", "kms:Decrypt"], action)]]))
    error_message = "The role that plans must not read secrets."
  }

  assert {
    condition     = alltrue(flatten([for boundary in data.aws_iam_policy_document.pipeline_boundary : anytrue([for statement in boundary.statement : statement.effect == "Deny" && contains(coalesce(statement.actions, []), "secretsmanager:GetSecretValue")])]))
    error_message = "No pipeline role may read secrets, whatever else it is granted."
  }
}

run "an_existing_provider_is_reused" {
  command = plan

  variables {
    reuse_github_provider = true
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.github) == 0 && length(aws_iam_role.pipeline) == 4
    error_message = "The account's provider must be used, not created again."
  }
}

run "without_github_there_is_no_pipeline" {
  command = plan

  variables {
    github_repository    = ""
    github_owner_id      = ""
    github_repository_id = ""
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.github) == 0 && length(aws_iam_role.pipeline) == 0 && length(aws_iam_role.smoke_test) == 0 && length(aws_iam_policy.deploy) == 0
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
    github_owner_id       = ""
    github_repository_id  = ""
    reuse_github_provider = true
  }

  expect_failures = [var.reuse_github_provider]
}

run "refuses_a_repository_without_its_owners_number" {
  command = plan

  variables {
    github_owner_id = ""
  }

  expect_failures = [var.github_owner_id]
}

run "refuses_a_repository_without_its_number" {
  command = plan

  variables {
    github_repository_id = "users-service"
  }

  expect_failures = [var.github_repository_id]
}

run "refuses_an_environment_that_does_not_exist" {
  command = plan

  variables {
    environments = ["staging"]
  }

  expect_failures = [var.environments]
}

run "refuses_no_environment" {
  command = plan

  variables {
    environments = []
  }

  expect_failures = [var.environments]
}

run "refuses_itself_as_the_other_account" {
  command = plan

  variables {
    environments     = ["prod"]
    other_account_id = "123456789012"
  }

  expect_failures = [var.other_account_id]
}

run "refuses_another_account_besides_one_that_holds_both" {
  command = plan

  variables {
    other_account_id = "210987654321"
  }

  expect_failures = [var.other_account_id]
}

# The policies as AWS gets them, rendered by the provider itself, which needs no account for that.

provider "aws" {
  region                      = "us-east-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variables {
  account_id           = "123456789012"
  region               = "ap-southeast-1"
  github_repository    = "acme/users-service"
  github_owner_id      = "1234"
  github_repository_id = "5678"
}

run "fit_into_the_length_that_aws_allows" {
  command = plan

  plan_options {
    target = [
      data.aws_iam_policy_document.build, data.aws_iam_policy_document.deploy_foundation, data.aws_iam_policy_document.deploy_service,
      data.aws_iam_policy_document.pipeline_boundary, data.aws_iam_policy_document.read, data.aws_iam_policy_document.runtime_boundary,
    ]
  }

  assert {
    condition     = max([for document in values(data.aws_iam_policy_document.deploy_foundation) : length(document.minified_json)]...) <= 6144
    error_message = "The policy of the role that deploys, of its foundation is longer than AWS allows: 6,144 characters without white space."
  }

  assert {
    condition     = max([for document in values(data.aws_iam_policy_document.deploy_service) : length(document.minified_json)]...) <= 6144
    error_message = "The policy of the role that deploys, of its service is longer than AWS allows: 6,144 characters without white space."
  }

  assert {
    condition     = max([for document in [data.aws_iam_policy_document.read] : length(document.minified_json)]...) <= 6144
    error_message = "The policy of the role that plans is longer than AWS allows: 6,144 characters without white space."
  }

  assert {
    condition     = max([for document in [data.aws_iam_policy_document.build] : length(document.minified_json)]...) <= 6144
    error_message = "The policy of the role that builds is longer than AWS allows: 6,144 characters without white space."
  }

  assert {
    condition     = max([for document in values(data.aws_iam_policy_document.pipeline_boundary) : length(document.minified_json)]...) <= 6144
    error_message = "The boundary of a pipeline is longer than AWS allows: 6,144 characters without white space."
  }

  assert {
    condition     = max([for document in values(data.aws_iam_policy_document.runtime_boundary) : length(document.minified_json)]...) <= 6144
    error_message = "The boundary of a deployment is longer than AWS allows: 6,144 characters without white space."
  }
}

# GitHub signs a token that says which repository, and which environment or event of it, a workflow runs for. AWS gives
# such a workflow a role for an hour. No key is stored anywhere.

locals {
  github       = "token.actions.githubusercontent.com"
  has_pipeline = var.github_repository != ""

  # An account has at most one provider for an issuer, so its ARN is known even if it was created elsewhere.
  github_provider_arn = "arn:aws:iam::${var.account_id}:oidc-provider/${local.github}"

  # Who may assume which role: the `sub` that GitHub puts into the token.
  pipeline_roles = !local.has_pipeline ? {} : merge(
    {
      plan = {
        description = "Plans the users service for pull requests; changes nothing, reads no secret"
        subjects    = ["repo:${var.github_repository}:pull_request", "repo:${var.github_repository}:ref:refs/heads/main"]
      }
    },
    {
      for environment in local.environments : "deploy-${environment}" => {
        description = "Deploys the users service to ${environment}"
        subjects    = ["repo:${var.github_repository}:environment:${environment}"]
      }
    },
  )
}

resource "aws_iam_openid_connect_provider" "github" {
  count = local.has_pipeline && !var.reuse_github_provider ? 1 : 0

  url            = "https://${local.github}"
  client_id_list = ["sts.amazonaws.com"]
}

data "aws_iam_policy_document" "assume_pipeline" {
  #checkov:skip=CKV_AWS_358:each subject is one repository and one claim, without a wildcard; checkov does not evaluate them
  for_each = local.pipeline_roles

  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [local.github_provider_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.github}:aud"
      values   = ["sts.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.github}:sub"
      values   = each.value.subjects
    }
  }
}

# The names begin with -pipeline-, which no role of a deployment does: a pipeline may alter those, never its own.
resource "aws_iam_role" "pipeline" {
  for_each = local.pipeline_roles

  name                 = "${local.service}-pipeline-${each.key}"
  description          = each.value.description
  assume_role_policy   = data.aws_iam_policy_document.assume_pipeline[each.key].json
  permissions_boundary = aws_iam_policy.pipeline_boundary.arn
  max_session_duration = 3600

  depends_on = [aws_iam_openid_connect_provider.github]
}

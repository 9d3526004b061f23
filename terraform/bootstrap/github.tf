# GitHub signs a token that says which repository, and which environment or event of it, a workflow runs for. AWS gives
# such a workflow a role for a while. No key is stored anywhere.

locals {
  github       = "token.actions.githubusercontent.com"
  has_pipeline = var.github_repository != ""

  # An account has at most one provider for an issuer, so its ARN is known even if it was created elsewhere.
  github_provider_arn = "arn:aws:iam::${var.account_id}:oidc-provider/${local.github}"

  # How the `sub` of a token begins. Repositories made or renamed since 15 July 2026, and those that opted in, have GitHub's
  # numbers in it (https://github.blog/changelog/2026-04-23-immutable-subject-claims-for-github-actions-oidc-tokens/).
  github_names   = concat(split("/", var.github_repository), [""])
  github_sources = ["repo:${var.github_repository}", "repo:${local.github_names[0]}@${var.github_owner_id}/${local.github_names[1]}@${var.github_repository_id}"]

  # A job of an environment has no branch in its `sub`. Without `refs` the workflow of any branch could name the environment.
  released_refs = ["refs/heads/main", "refs/tags/*"]

  # Who may assume which role, and for how long: a deploy can wait an hour for a database.
  pipeline_roles = !local.has_pipeline ? {} : merge(
    {
      plan = {
        description = "Plans the users service for pull requests; changes nothing, reads no secret"
        claims      = ["pull_request", "ref:refs/heads/main", "environment:plan-prod"]
        refs        = ["*"]
        hours       = 1
        boundary    = "plan"
      }
    },
    !contains(var.environments, "dev") ? {} : {
      build = {
        description = "Pushes images of the users service, and deploys none"
        claims      = ["ref:refs/heads/main"]
        refs        = ["refs/heads/main"]
        hours       = 1
        boundary    = "plan"
      }
    },
    {
      for environment in var.environments : "deploy-${environment}" => {
        description = "Deploys the users service to ${environment}"
        claims      = ["environment:${environment}"]
        refs        = local.released_refs
        hours       = 4
        boundary    = environment
      }
    },
  )
}

resource "aws_iam_openid_connect_provider" "github" {
  count = local.has_pipeline && !var.reuse_github_provider ? 1 : 0

  url            = "https://${local.github}"
  client_id_list = ["sts.amazonaws.com"]
}

# Besides `aud` and `sub`, AWS compares these claims of GitHub since January 2026
# (https://aws.amazon.com/about-aws/whats-new/2026/01/aws-sts-supports-validation-identity-provider-claims/).
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
      values   = flatten([for source in local.github_sources : [for claim in each.value.claims : "${source}:${claim}"]])
    }

    # A name can be given to another repository, this number cannot.
    condition {
      test     = "StringEquals"
      variable = "${local.github}:repository_id"
      values   = [var.github_repository_id]
    }

    condition {
      test     = "StringLike"
      variable = "${local.github}:ref"
      values   = each.value.refs
    }
  }
}

# The names begin with -pipeline-, which no role of a deployment does: a pipeline may alter those, never its own.
resource "aws_iam_role" "pipeline" {
  for_each = local.pipeline_roles

  name                 = "${local.service}-pipeline-${each.key}"
  description          = each.value.description
  assume_role_policy   = data.aws_iam_policy_document.assume_pipeline[each.key].json
  permissions_boundary = aws_iam_policy.pipeline_boundary[each.value.boundary].arn
  max_session_duration = each.value.hours * 3600

  depends_on = [aws_iam_openid_connect_provider.github]
}

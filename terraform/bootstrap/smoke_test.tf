# The roles that call an environment's API in a smoke test. AWS assigns the id of an API and knows no tags of it when it
# authorises a call, so the API is looked up by its name: run the bootstrap again after an API was created.

data "aws_apigatewayv2_apis" "deployed" {
  for_each = local.has_pipeline ? var.environments : []

  name          = "${local.service}-${each.key}"
  protocol_type = "HTTP"
}

locals {
  smoke_tests = { for environment, apis in data.aws_apigatewayv2_apis.deployed : environment => apis.ids }
}

data "aws_iam_policy_document" "assume_smoke_test" {
  for_each = local.smoke_tests

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = [aws_iam_role.pipeline["deploy-${each.key}"].arn]
    }
  }
}

resource "aws_iam_role" "smoke_test" {
  for_each = local.smoke_tests

  name                 = "${local.service}-pipeline-smoke-test-${each.key}"
  description          = "Calls the API of the users service in ${each.key}"
  assume_role_policy   = data.aws_iam_policy_document.assume_smoke_test[each.key].json
  permissions_boundary = aws_iam_policy.pipeline_boundary["plan"].arn
}

data "aws_iam_policy_document" "smoke_test" {
  for_each = { for environment, ids in local.smoke_tests : environment => ids if length(ids) > 0 }

  statement {
    sid       = "CallTheApi"
    actions   = ["execute-api:Invoke"]
    resources = [for id in each.value : "${local.arn.invocation}:${id}/*"]
  }
}

resource "aws_iam_role_policy" "smoke_test" {
  for_each = data.aws_iam_policy_document.smoke_test

  name   = "call-the-api"
  role   = aws_iam_role.smoke_test[each.key].id
  policy = each.value.json
}

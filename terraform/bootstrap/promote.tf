# Where dev and prod have accounts of their own, prod reads from dev's account which image dev has verified, and the image
# itself. In one account the roles that deploy prod read both directly.

locals {
  promote_role = "${local.service}-promote" # ../../scripts/lib/image.sh expects this name
}

data "aws_iam_policy_document" "assume_promote" {
  statement {
    actions = ["sts:AssumeRole"]

    # Who of that account may do so is decided there: its role that deploys prod, and its administrators.
    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${var.other_account_id}:root"]
    }
  }
}

data "aws_iam_policy_document" "promote" {
  #checkov:skip=CKV_AWS_356:a login to the registry has no narrower resource
  statement {
    sid       = "SignIn"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    sid       = "ReadTheImages"
    actions   = ["ecr:BatchGetImage", "ecr:DescribeImages", "ecr:DescribeRepositories", "ecr:GetDownloadUrlForLayer"]
    resources = ["${local.arn.image}/dev"]
  }

  statement {
    sid       = "ReadWhatIsVerified"
    actions   = ["ssm:GetParameter"]
    resources = ["${local.arn.parameter}/dev/image_digest"]
  }
}

resource "aws_iam_role" "promote" {
  count = contains(var.environments, "dev") && var.other_account_id != "" ? 1 : 0

  name                 = local.promote_role
  description          = "Reads, from prod's account, what dev has verified"
  assume_role_policy   = data.aws_iam_policy_document.assume_promote.json
  permissions_boundary = aws_iam_policy.pipeline_boundary["plan"].arn
}

resource "aws_iam_role_policy" "promote" {
  count = length(aws_iam_role.promote)

  name   = "read-what-is-verified"
  role   = aws_iam_role.promote[0].id
  policy = data.aws_iam_policy_document.promote.json
}

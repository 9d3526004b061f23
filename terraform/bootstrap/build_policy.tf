# What the role that builds may do: push images to dev's repository, and nothing else. It is not the role that deploys dev, so
# that whoever holds the latter alone can pass off nothing to prod: prod takes the image that `build` pushed for its source.

data "aws_iam_policy_document" "build" {
  #checkov:skip=CKV_AWS_356:a login to the registry has no narrower resource
  statement {
    sid       = "SignIn"
    actions   = ["ecr:GetAuthorizationToken", "sts:GetCallerIdentity"]
    resources = ["*"]
  }

  statement {
    sid = "PushImages"
    actions = [
      "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:DescribeImages", "ecr:DescribeRepositories",
      "ecr:GetDownloadUrlForLayer", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
    ]
    resources = ["${local.arn.image}/dev"]
  }
}

resource "aws_iam_policy" "build" {
  count = contains(keys(local.pipeline_roles), "build") ? 1 : 0

  name        = "${local.service}-pipeline-build"
  description = "Pushes images of the users service"
  policy      = data.aws_iam_policy_document.build.json
}

resource "aws_iam_role_policy_attachment" "build" {
  count = length(aws_iam_policy.build)

  role       = aws_iam_role.pipeline["build"].name
  policy_arn = aws_iam_policy.build[0].arn
}

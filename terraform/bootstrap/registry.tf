# The images. One registry for dev and prod, so that prod runs the image verified in dev.

resource "aws_ecr_repository" "service" {
  name                 = local.service
  image_tag_mutability = "IMMUTABLE"

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = "KMS" # AWS's own key for ECR
  }
}

# A registry cannot know what is deployed, so no rule may expire a tagged image: any of them may be running, or be needed
# for a rollback. At 5 MB each, a thousand of them cost half a dollar a month.
# An image without a tag was not pushed by a build, or its push was interrupted.
resource "aws_ecr_lifecycle_policy" "service" {
  repository = aws_ecr_repository.service.name

  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "Images without a tag, after two weeks"
      selection    = { tagStatus = "untagged", countType = "sinceImagePushed", countUnit = "days", countNumber = 14 }
      action       = { type = "expire" }
    }]
  })
}

# Lambda pulls the image for our functions. Set here, because otherwise each role that deploys would need the permission to
# set it.
data "aws_iam_policy_document" "registry" {
  statement {
    sid     = "LambdaFetchesImages"
    actions = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }

    condition {
      test     = "StringLike"
      variable = "aws:SourceArn"
      values   = ["arn:aws:lambda:${var.region}:${var.account_id}:function:${local.service}-*"]
    }
  }
}

resource "aws_ecr_repository_policy" "service" {
  repository = aws_ecr_repository.service.name
  policy     = data.aws_iam_policy_document.registry.json
}

# The images: a repository for each environment. Only the role that builds pushes to dev's. A deployment to prod copies from
# there what dev has verified, and only the role that deploys prod pushes to prod's.

resource "aws_ecr_repository" "images" {
  #checkov:skip=CKV_AWS_163:an image from scratch has no packages that a scan would know; cargo-deny checks the crates
  for_each = var.environments

  name                 = "${local.service}/${each.key}"
  image_tag_mutability = "IMMUTABLE"

  encryption_configuration {
    encryption_type = "KMS" # AWS's own key for ECR
  }
}

# A registry cannot know what is deployed, so no rule may expire a tagged image: any of them may be running, or be needed
# for a rollback. At 6 MB each, compressed, a thousand of them cost 0.60 dollars a month.
# An image without a tag was not pushed by a build, or its push was interrupted.
resource "aws_ecr_lifecycle_policy" "images" {
  for_each = var.environments

  repository = aws_ecr_repository.images[each.key].name

  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "Images without a tag, after two weeks"
      selection    = { tagStatus = "untagged", countType = "sinceImagePushed", countUnit = "days", countNumber = 14 }
      action       = { type = "expire" }
    }]
  })
}

# Lambda pulls the image for the environment's functions. Set here, because otherwise each role that deploys would need the
# permission to set it.
data "aws_iam_policy_document" "images" {
  for_each = var.environments

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
      values   = ["${local.arn.function}:${local.service}-${each.key}-*"]
    }
  }
}

resource "aws_ecr_repository_policy" "images" {
  for_each = var.environments

  repository = aws_ecr_repository.images[each.key].name
  policy     = data.aws_iam_policy_document.images[each.key].json
}

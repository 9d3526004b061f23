output "state_bucket" {
  description = "Bucket for the states, for terraform init -backend-config=bucket=…"
  value       = aws_s3_bucket.state.bucket
}

output "image_repository_urls" {
  description = "Where the images of each environment are."
  value       = { for environment, repository in aws_ecr_repository.images : environment => repository.repository_url }
}

output "pipeline_role_arns" {
  description = "Roles for the GitHub workflows: plan, build, deploy-dev, deploy-prod; empty without a repository."
  value       = { for key, role in aws_iam_role.pipeline : key => role.arn }
}

output "runtime_boundary_arns" {
  description = "Permissions boundary of every role that a deployment creates, for each environment."
  value       = { for environment, policy in aws_iam_policy.runtime_boundary : environment => policy.arn }
}

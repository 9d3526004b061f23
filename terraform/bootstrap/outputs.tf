output "state_bucket" {
  description = "Bucket for the states, for terraform init -backend-config=bucket=…"
  value       = aws_s3_bucket.state.bucket
}

output "image_repository_url" {
  description = "Where images are pushed to."
  value       = aws_ecr_repository.service.repository_url
}

output "pipeline_role_arns" {
  description = "Roles for the GitHub workflows: plan, deploy-dev, deploy-prod; empty without a repository."
  value       = { for key, role in aws_iam_role.pipeline : key => role.arn }
}

output "runtime_boundary_arn" {
  description = "Permissions boundary of every role that a deployment creates."
  value       = aws_iam_policy.runtime_boundary.arn
}

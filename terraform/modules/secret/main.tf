# A secret that a function rotates. Terraform creates it empty and never sees a value: functions write the first one and each
# later one, so that neither state nor plan can leak any.

resource "aws_secretsmanager_secret" "rotated" {
  #checkov:skip=CKV_AWS_149:AWS's own key encrypts it; one of ours would matter only if another account were to read it
  name                    = var.name
  description             = var.description
  recovery_window_in_days = var.recovery_days
}

resource "aws_secretsmanager_secret_rotation" "rotated" {
  #checkov:skip=CKV_AWS_304:rotates every 30 days unless the tfvars say otherwise; checkov cannot see through the variable
  secret_id           = aws_secretsmanager_secret.rotated.id
  rotation_lambda_arn = var.rotate_function_arn
  rotate_immediately  = false # there is no value until a function has written the first

  rotation_rules {
    automatically_after_days = var.rotation_days
  }

  depends_on = [aws_lambda_permission.rotation]
}

resource "aws_lambda_permission" "rotation" {
  statement_id  = "rotation-of-${replace(var.name, "/", "-")}"
  action        = "lambda:InvokeFunction"
  function_name = var.rotate_function_arn
  principal     = "secretsmanager.amazonaws.com"
  source_arn    = aws_secretsmanager_secret.rotated.arn
}

# One JSON object for each request. The path is logged without its query string, which may hold an e-mail address.

locals {
  access_log = {
    request_id          = "$context.requestId"
    time                = "$context.requestTime"
    source_ip           = "$context.identity.sourceIp"
    method              = "$context.httpMethod"
    path                = "$context.path"
    route               = "$context.routeKey"
    status              = "$context.status"
    response_bytes      = "$context.responseLength"
    latency_ms          = "$context.responseLatency"
    integration_ms      = "$context.integrationLatency"
    integration_status  = "$context.integrationStatus"
    integration_error   = "$context.integrationErrorMessage"
    authorization_error = "$context.authorizer.error"
    gateway_error       = "$context.error.responseType"
  }
}

resource "aws_cloudwatch_log_group" "access" {
  #checkov:skip=CKV_AWS_158:CloudWatch encrypts log groups by itself; a key of our own adds cost and a way to lose them
  #checkov:skip=CKV_AWS_338:prod keeps a year; dev, which holds no real data, less
  name              = "/aws/vendedlogs/${var.name}/access" # with this prefix AWS needs no resource policy for each group
  retention_in_days = var.log_retention_days
}

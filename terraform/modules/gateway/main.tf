# An HTTP API that does authorisation and throttling and leaves the rest to the service: one route forwards all paths, so
# that an unknown one gets the service's own problem document.

locals {
  authorization_type = { iam = "AWS_IAM", jwt = "JWT", none = "NONE" }[var.authorization]
  authorizer_id      = one(aws_apigatewayv2_authorizer.jwt[*].id)

  # For GET /health and preflights: enough for probes and for people, too little for a flood.
  open_throttle = { rate = 10, burst = 20 }

  routes = merge(
    {
      "$default"    = { authorization_type = local.authorization_type, authorizer_id = local.authorizer_id }
      "GET /health" = { authorization_type = "NONE", authorizer_id = null }
    },
    # A browser's preflight carries no credentials, so the authorisation of $default would refuse it.
    length(var.cors_origins) == 0 ? {} : {
      "OPTIONS /{proxy+}" = { authorization_type = "NONE", authorizer_id = null }
    },
  )
}

resource "aws_apigatewayv2_api" "http" {
  name          = var.name
  description   = "Users API"
  protocol_type = "HTTP"

  # With a domain of its own there is one way in.
  disable_execute_api_endpoint = var.domain_name != ""

  dynamic "cors_configuration" {
    for_each = length(var.cors_origins) > 0 ? [var.cors_origins] : []

    content {
      allow_origins  = cors_configuration.value
      allow_methods  = ["DELETE", "GET", "PATCH", "POST", "PUT"]
      allow_headers  = ["authorization", "cache-control", "content-type", "idempotency-key", "if-match", "if-none-match", "traceparent", "tracestate", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token", "x-request-id"]
      expose_headers = ["accept-patch", "age", "etag", "link", "location", "ratelimit", "ratelimit-policy", "retry-after", "www-authenticate", "x-request-id"]
      max_age        = 3600
    }
  }
}

resource "aws_apigatewayv2_authorizer" "jwt" {
  count = var.authorization == "jwt" ? 1 : 0

  api_id           = aws_apigatewayv2_api.http.id
  name             = "jwt"
  authorizer_type  = "JWT"
  identity_sources = ["$request.header.Authorization"]

  jwt_configuration {
    issuer   = var.jwt.issuer
    audience = var.jwt.audience
  }
}

resource "aws_apigatewayv2_integration" "function" {
  api_id                 = aws_apigatewayv2_api.http.id
  description            = "The version that the alias ${var.function.alias} points at"
  integration_type       = "AWS_PROXY"
  integration_uri        = var.function.invoke_arn
  payload_format_version = "2.0"
  timeout_milliseconds   = 30000
}

resource "aws_apigatewayv2_route" "to_function" {
  #checkov:skip=CKV_AWS_309:every route names its type; NONE is for GET /health and preflights, and for all only where two variables say so
  for_each = local.routes

  api_id             = aws_apigatewayv2_api.http.id
  route_key          = each.key
  target             = "integrations/${aws_apigatewayv2_integration.function.id}"
  authorization_type = each.value.authorization_type
  authorizer_id      = each.value.authorizer_id
}

resource "aws_lambda_permission" "gateway" {
  statement_id  = "requests-of-the-api"
  action        = "lambda:InvokeFunction"
  function_name = var.function.function_name
  qualifier     = var.function.alias
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.http.execution_arn}/*/*" # any stage and route of this API
}

resource "aws_apigatewayv2_stage" "default" {
  api_id      = aws_apigatewayv2_api.http.id
  name        = "$default" # no stage name in the path
  auto_deploy = true

  default_route_settings {
    throttling_rate_limit  = var.throttle.rate
    throttling_burst_limit = var.throttle.burst
  }

  # Whoever sends no credentials has a small limit of his own, and cannot use up that of the clients who do.
  dynamic "route_settings" {
    for_each = [for key, route in local.routes : aws_apigatewayv2_route.to_function[key].route_key if key != "$default"]

    content {
      route_key              = route_settings.value
      throttling_rate_limit  = min(local.open_throttle.rate, var.throttle.rate)
      throttling_burst_limit = min(local.open_throttle.burst, var.throttle.burst)
    }
  }

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format          = jsonencode(local.access_log)
  }
}

# Requests of the smoke test to the API, through HTTP or by direct Invoke. Source it after environment.sh.
# shellcheck shell=bash disable=SC2034 # the caller reads the response
#
#   call METHOD PATH[?QUERY] [BODY]     sets STATUS, BODY (text), HEADERS (lines, lower-case names) and MS (milliseconds)
#
# CALL_BY is `http` (to URL, with AUTHORIZATION iam, jwt or none; at CONNECT_TO, if that is set, instead of where URL's host is)
# or `invoke` (of VERSION of API_FUNCTION, a number or an alias; sets EXECUTED to the number).

# need_curl: one that can sign requests for AWS. macOS has it since version 12.
need_curl() {
  need_at_least curl 7.75 "install curl 7.75 or later, the first to sign requests for AWS"
}

call() {
  STATUS=000 BODY="" HEADERS="" MS=0 EXECUTED=""
  "call_by_$CALL_BY" "$@"
}

call_by_http() {
  local timing
  printf '%s' "${3:-}" >"$WORK/request"
  # Credentials and tokens are passed in a file, because every user can read a command line.
  curl_settings "$@" >"$WORK/curl"
  timing=$(curl --config "$WORK/curl" 2>"$WORK/error") || {
    BODY=$(<"$WORK/error")
    return 0
  }
  STATUS=${timing% *}
  MS=$(awk -v s="${timing#* }" 'BEGIN { printf "%.0f", s * 1000 }')
  BODY=$(<"$WORK/body")
  HEADERS=$(tr -d '\r' <"$WORK/headers" | awk '{ name = index($0, ":"); print tolower(substr($0, 1, name)) substr($0, name + 1) }')
}

curl_settings() {
  cat <<SETTINGS
silent
show-error
max-time = 35
request = "$1"
url = "$URL$2"
output = "$WORK/body"
dump-header = "$WORK/headers"
write-out = "%{http_code} %{time_total}"
user-agent = "users-service-smoke-test"
SETTINGS
  if [[ -n ${CONNECT_TO:-} ]]; then printf 'connect-to = "%s"\n' "$CONNECT_TO"; fi
  if (($# > 2)); then printf 'data-binary = "@%s"\nheader = "content-type: application/json"\n' "$WORK/request"; fi
  case $AUTHORIZATION in
    jwt) [[ -z ${TOKEN:-} ]] || printf 'header = "authorization: Bearer %s"\n' "$TOKEN" ;;
    iam)
      printf 'aws-sigv4 = "aws:amz:%s:execute-api"\nuser = "%s:%s"\n' "$AWS_REGION" "$SIGN_KEY" "$SIGN_SECRET"
      [[ -z $SIGN_TOKEN ]] || printf 'header = "x-amz-security-token: %s"\n' "$SIGN_TOKEN"
      ;;
  esac
}

# The credentials of the AWS CLI, from any source; a pipeline has a role of its own that may call this API and no other.
use_signature() {
  if [[ ${CALLER:-} == *":assumed-role/$SERVICE-pipeline-deploy-${ENV:-}/"* ]]; then
    as_role "arn:aws:iam::$ACCOUNT_ID:role/$SERVICE-pipeline-smoke-test-$ENV" read_credentials
  else
    read_credentials
  fi
}

read_credentials() {
  local credentials
  # Version 1 of the CLI cannot export credentials; those in the environment take precedence anyway.
  if [[ -n ${AWS_ACCESS_KEY_ID:-} ]]; then
    SIGN_KEY=$AWS_ACCESS_KEY_ID SIGN_SECRET=${AWS_SECRET_ACCESS_KEY:-} SIGN_TOKEN=${AWS_SESSION_TOKEN:-}
    return
  fi
  credentials=$(aws configure export-credentials --format process 2>/dev/null) ||
    die "the AWS CLI could not export the credentials to sign requests with" \
      "sign in, and use version 2 of the AWS CLI; or export AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN"
  SIGN_KEY=$(jq -r .AccessKeyId <<<"$credentials")
  SIGN_SECRET=$(jq -r .SecretAccessKey <<<"$credentials")
  SIGN_TOKEN=$(jq -r '.SessionToken // empty' <<<"$credentials")
}

call_by_invoke() {
  local meta
  event "$@" >"$WORK/event"
  meta=$(AWS_MAX_ATTEMPTS=1 aws lambda invoke --function-name "$API_FUNCTION" --qualifier "$VERSION" --log-type Tail \
    --cli-read-timeout 60 --payload "fileb://$WORK/event" --output json "$WORK/answer" 2>&1) || {
    BODY=${meta##*$'\n'}
    return 0
  }
  MS=$(jq -r '.LogResult // "" | @base64d' <<<"$meta" | duration)
  EXECUTED=$(jq -r '.ExecutedVersion // empty' <<<"$meta")
  if [[ $(jq -r '.FunctionError // empty' <<<"$meta") ]]; then
    BODY=$(jq -r '.errorMessage // .' "$WORK/answer")
    return 0
  fi
  STATUS=$(jq -r .statusCode "$WORK/answer")
  BODY=$(jq -r 'if .isBase64Encoded then .body | @base64d else .body // "" end' "$WORK/answer")
  HEADERS=$(jq -r '(.headers // {}) + (.multiValueHeaders // {} | map_values(join(", "))) | to_entries[]
    | "\(.key | ascii_downcase): \(.value)"' "$WORK/answer")
}

# duration: from the tail of a function's log, in text or JSON.
duration() {
  local ms
  ms=$(grep -oE '("durationMs":|[[:space:]]Duration: )[0-9.]+' | grep -oE '[0-9.]+$' | tail -n 1) || ms=0
  printf '%.0f\n' "$ms"
}

# The event that API Gateway would send, in payload format 2.0.
event() {
  jq -cn --arg method "$1" --arg path "${2%%\?*}" --arg query "$(if [[ $2 == *\?* ]]; then echo "${2#*\?}"; fi)" \
    --arg body "${3:-}" --arg id "smoke-$RANDOM$RANDOM" --argjson has_body "$(($# > 2))" '{
      version: "2.0", routeKey: "$default", rawPath: $path, rawQueryString: $query,
      headers: ({"host": "smoke-test", "user-agent": "users-service-smoke-test"}
        + if $has_body == 1 then {"content-type": "application/json", "content-length": ($body | utf8bytelength | tostring)} else {} end),
      requestContext: {
        accountId: "anonymous", apiId: "smoke-test", domainName: "smoke-test", domainPrefix: "smoke-test", requestId: $id,
        routeKey: "$default", stage: "$default", time: "01/Jan/2026:00:00:00 +0000", timeEpoch: 1767225600000,
        http: {method: $method, path: $path, protocol: "HTTP/1.1", sourceIp: "127.0.0.1", userAgent: "users-service-smoke-test"}
      },
      isBase64Encoded: false
    } + if $query != "" then {queryStringParameters: ($query | split("&") | map(split("=") | {(.[0]): (.[1] // "" | gsub("%40"; "@"))}) | add)} else {} end
      + if $has_body == 1 then {body: $body} else {} end'
}

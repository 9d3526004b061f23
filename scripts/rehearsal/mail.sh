# Mail in a rehearsal: from a request to the worker, to SES, to the link and in; and what comes back. Sourced by rehearse.sh, and
# needs the part `accounts`.
# shellcheck shell=bash

readonly BOUNCES=bounce@simulator.amazonses.com COMPLAINS=complaint@simulator.amazonses.com LATER_PASSWORD="nine umbrellas by the sea"

mail() {
  step "Mail: dev gets it by SES, and its deploy says which DNS records to make"
  become deploy-dev environment:dev
  printf '%s\n' 'mail = "ses"' 'mail_domain = "example.org"' 'mail_from = "Example <no-reply@example.org>"' >>terraform/dev.tfvars
  # The URL of the rehearsal's gateway is not https.
  printf '%s\n' 'public_url = "https://users.example.org"' >>terraform/dev.tfvars
  touch "$FOLDER/domain-is-new"
  expect_output "._domainkey.example.org " make deploy ENV=dev
  rm "$FOLDER/domain-is-new"
  expect_output "Terraform: nothing to change" make apply ENV=dev
  become plan pull_request
  expect_output "no changes: dev matches the configuration" make plan ENV=dev
  become deploy-dev environment:dev
  expect_output "ENABLED, rate(1 minute)" make status ENV=dev
  expect_output "which SES has verified" make status ENV=dev
  passed

  step "Mail: a forgotten password: request, worker, mail, link, new password, signed in"
  forgotten_password
  passed

  step "Mail: the worker is that of the release before until the migration is done, and again after a rollback"
  worker_of_each_release
  passed

  step "Mail: to an address that bounces or complains goes no second mail, until it is invited"
  unreachable "$BOUNCES" hopper
  unreachable "$COMPLAINS" turing
  passed

  step "Mail: the worker tells the metrics in its log"
  told_metrics
  passed

  step "Mail: the worker's role sends from the one address; the API's and the pipeline's send nothing"
  senders
  passed
}

forgotten_password() {
  local token bearer=$BEARER
  # It looks for mails for a minute, and is started each minute.
  start_schedules
  BEARER=""
  expect_answer 202 "" POST /password-resets '{"login": "ada"}'
  token=$(token_of ada@example.com 1)
  expect_answer 204 "" POST /passwords/confirm "$(jq -cn --arg token "$token" --arg password "$LATER_PASSWORD" '{$token, $password}')"
  expect_answer 401 token_invalid POST /passwords/confirm "$(jq -cn --arg token "$token" --arg password "$LATER_PASSWORD" '{$token, $password}')"
  expect_answer 401 invalid_credentials POST /sessions "$(credentials ada "$PASSWORD")"
  BEARER=$bearer
  expect_answer 401 session_ended GET /users/me
  BEARER=""
  sign_in ada "$LATER_PASSWORD"
  expect_answer 200 '"email_verified":true' GET /users/me/account
}

worker_of_each_release() {
  local version digest sent
  version=$(live dev worker)
  digest=$(record image_digest)
  expect_worker "$version" "$digest"
  failing_migration
  expect_worker "$version" "$digest"
  sent=$(find "$FOLDER/mails" -name "*-ada@example.com" | wc -l)
  expect_answer 202 "" POST /password-resets '{"login": "ada"}'
  start_schedules
  token_of ada@example.com $((sent + 1)) >/dev/null
  altered newer "" "   "
  provide newer
  run env EXECUTABLE="$FOLDER/newer" make deploy ENV=dev
  [[ $(live dev worker) != "$version" ]] || failed "the worker is still that of the release before"
  expect_worker "$(live dev worker)" "$(record image_digest)"
  run make rollback ENV=dev
  expect_worker "$version" "$digest"
}

# expect_worker VERSION DIGEST: what the schedule invokes.
expect_worker() {
  local worker
  worker=$(aws events list-targets-by-rule --rule users-service-dev-jobs --query 'Targets[0].Arn' --output text)
  expect_equal "the version of the worker" "$1" "$(live dev worker)"
  expect_equal "the image of the worker" "$2" "$(aws lambda get-function --function-name "$worker" --query Code.ImageUri --output text | sed 's/.*@//')"
}

# unreachable ADDRESS NAME: is invited and gets no further mail, until somebody invites that user again.
unreachable() {
  local user
  expect_answer 201 "\"$2\"" POST /users "$(jq -cn --arg name "$2" --arg email "$1" '{username: $name, $email, invite: true}')"
  user=$(jq -r .user_id "$ANSWER")
  start_schedules
  token_of "$1" 1 >/dev/null
  wait_for_line "An address cannot be reached" $((++UNREACHABLE))
  expect_answer 202 "" POST /password-resets "$(jq -cn --arg login "$2" '{$login}')"
  wait_for_line "A mail was dropped: its address cannot be reached" $((++DROPPED))
  expect_equal "mails to $1" 1 "$(find "$FOLDER/mails" -name "*-$1" | wc -l)"
  expect_answer 202 "" POST "/users/$user/invitation"
  token_of "$1" 2 >/dev/null
  wait_for_line "An address cannot be reached" $((++UNREACHABLE))
}

UNREACHABLE=0 DROPPED=0

# CloudWatch takes them from the log: a metric that no line has would be quiet for ever. A line is written when an invocation ends.
told_metrics() {
  local metric told
  for metric in MailsSent MailsUndeliverable AddressesUndeliverable; do
    for _ in $(seq 80); do
      told=$(aws logs filter-log-events --log-group-name /aws/lambda/users-service-dev-worker --output json | jq --arg metric "$metric" \
        '[.events[].message | fromjson? | objects | select(.FunctionName == "users-service-dev-worker" and .[$metric])
          | ._aws.CloudWatchMetrics[] | select(.Namespace == "users-service") | .Metrics[] | select(.Name == $metric)] | length')
      if ((told > 0)); then continue 2; fi
      sleep 1
    done
    failed "the worker's log has no metric $metric"
  done
}

senders() {
  become_function worker
  run aws sesv2 send-email "${EMAIL[@]}" --from-email-address no-reply@example.org
  expect_denied ses:SendEmail aws sesv2 send-email "${EMAIL[@]}" --from-email-address ceo@example.org
  become_function api
  expect_denied ses:SendEmail aws sesv2 send-email "${EMAIL[@]}" --from-email-address no-reply@example.org
  become deploy-dev environment:dev
  expect_denied ses:SendEmail aws sesv2 send-email "${EMAIL[@]}" --from-email-address no-reply@example.org
}

readonly EMAIL=(--configuration-set-name users-service-dev --destination ToAddresses=ada@example.com
  --content 'Simple={Subject={Data=Hello},Body={Text={Data=Hello}}}')

# become_function NAME: the next commands have the role of a function of dev, as somebody has who has stolen its credentials.
become_function() {
  local credentials
  credentials=$(aws sts assume-role --role-arn "arn:aws:iam::$REHEARSAL_ACCOUNT:role/users-service-dev-$1" --role-session-name stolen \
    --output json 2>>"$LOG") || failed "the role of $1 could not be assumed"
  use_credentials "$credentials"
}

# What EventBridge does each minute.
start_schedules() { curl --silent --fail --request POST "$AWS_ENDPOINT_URL/schedules" || failed "the schedules could not be started"; }

# token_of ADDRESS NUMBER: of the link in the NUMBERth mail to it.
token_of() {
  "$VENV/bin/python" "$ROOT/scripts/rehearsal/mailbox.py" "$FOLDER" "$1" "$2" 20 2>>"$LOG" || failed "$1 got no mail"
}

# wait_for_line TEXT NUMBER: so often in the worker's log.
wait_for_line() {
  local number
  for _ in $(seq 40); do
    number=$(aws logs filter-log-events --log-group-name /aws/lambda/users-service-dev-worker --output json |
      jq --arg text "$1" '[.events[].message | select(contains($text))] | length')
    if ((number >= $2)); then return; fi
    sleep 0.5
  done
  failed "the worker's log has '$1' $number times and not $2"
}

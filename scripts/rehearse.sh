#!/usr/bin/env bash
# End-to-end test of every deployment target of the Makefile, with the real scripts, Terraform, image and MySQL, against
# local emulators of AWS (moto). Needs no account and no Docker engine. See scripts/rehearsal/.
# What an administrator does once is done as one; the rest as the roles of the pipeline, and each call is held against the
# policies that terraform/bootstrap gives them.
#   EXECUTABLE=FILE    deploys this executable instead of building one
#   PARTS="rotation"   only these parts, after the first deploy; WHOLE has their names
#   KEEP=1             keeps the working folder, target/rehearsal
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/machine.sh
source scripts/lib/machine.sh
# shellcheck source=scripts/lib/packages.sh
source scripts/lib/packages.sh
# shellcheck source=scripts/rehearsal/setup.sh
source scripts/rehearsal/setup.sh
# shellcheck source=scripts/rehearsal/steps.sh
source scripts/rehearsal/steps.sh
# shellcheck source=scripts/rehearsal/failures.sh
source scripts/rehearsal/failures.sh
# shellcheck source=scripts/rehearsal/production.sh
source scripts/rehearsal/production.sh
# shellcheck source=scripts/rehearsal/accounts.sh
source scripts/rehearsal/accounts.sh
# shellcheck source=scripts/rehearsal/mail.sh
source scripts/rehearsal/mail.sh

# In this order. All need the first deploy, rollback the good release, and mail the accounts.
readonly WHOLE=(evaluation mistakes first_deploy every_target_again bad_releases outages good_release rotation rollback production
  accounts mail destruction)

main() {
  local part
  for part in ${PARTS:-}; do
    [[ " ${WHOLE[*]} " == *" $part "* ]] || die "the rehearsal has no part '$part'" "its parts: ${WHOLE[*]}"
  done
  note "Starting the emulators"
  set_up
  for part in "${WHOLE[@]}"; do
    if [[ -z ${PARTS:-} || " $PARTS first_deploy " == *" $part "* ]]; then "$part"; fi
  done
  note $'\n'"All $STEPS steps passed in $((SECONDS / 60)) minutes and $((SECONDS % 60)) seconds."
  note "Permissions that roles used, each held against their policies: $(wc -l <"$FOLDER/held")"
  print_limits
}

evaluation() {
  step "The emulators notice what a policy lacks, and stop a bad version"
  run "$VENV/bin/python" "$ROOT/scripts/rehearsal/test_policies.py"
  run "$VENV/bin/python" "$ROOT/scripts/rehearsal/test_shifts.py"
  passed
}

mistakes() {
  step "User errors end in a message and change nothing"
  expect_failure "ENV is not set" make deploy
  expect_failure "ENV is 'staging'; it must be dev or prod" make plan ENV=staging
  expect_failure "there are no AWS credentials" env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY make deploy ENV=dev
  run cp terraform/dev.tfvars dev.tfvars
  run sed -i "s/$REHEARSAL_ACCOUNT/444455556666/" terraform/dev.tfvars
  expect_failure "these are credentials of account $REHEARSAL_ACCOUNT" make deploy ENV=dev
  run mv dev.tfvars terraform/dev.tfvars
  expect_failure "has no state bucket and registry yet" make plan ENV=dev
  expect_failure "no image has been verified in dev yet" make push ENV=prod
  expect_failure "dev has no API yet" make rollback ENV=dev
  passed
}

first_deploy() {
  step "make deploy on an empty account: bootstrap, image, infrastructure, database, checks"
  expect_output "dev runs version 1." make deploy ENV=dev
  passed

  step "The image is in the registry, and the functions run it by digest"
  DIGEST=$(record image_digest)
  run curl --silent --fail --cacert "$REHEARSAL_CA" -H 'accept: application/vnd.oci.image.manifest.v1+json' \
    "https://$REGISTRY/v2/users-service/dev/manifests/$DIGEST"
  expect_equal "the image of version 1" "$DIGEST" "$(aws lambda get-function --function-name users-service-dev-api --qualifier 1 \
    --query Code.ImageUri --output text | sed 's/.*@//')"
  passed

  step "A second plan is empty, as the role that plans"
  become plan pull_request
  expect_output "no changes: dev matches the configuration" make plan ENV=dev
  passed

  step "Neither state nor plan holds a password"
  no_password
  passed
}

# The administrator's password, the application's, and any attribute of that name.
no_password() {
  local password
  TF_DATA_DIR=.terraform/dev terraform -chdir=terraform state pull >"$FOLDER/state"
  TF_DATA_DIR=.terraform/dev terraform -chdir=terraform show -json dev.tfplan >"$FOLDER/plan"
  password=$(aws secretsmanager get-secret-value --secret-id dev/rds/credentials --query SecretString --output text | jq -r .password)
  expect_equal "length of the application's password" 44 "${#password}"
  for password in "$password" "$REHEARSAL_ADMIN_PASSWORD"; do
    expect_equal "occurrences of it" 0 "$(cat "$FOLDER/state" "$FOLDER/plan" | grep -cF -- "$password" || true)"
  done
  expect_equal "values called password" 0 "$(jq -s '[.[] | .. | objects | to_entries[]
    | select((.key | test("password$")) and (.value | type == "string") and .value != "")] | length' "$FOLDER/state" "$FOLDER/plan")"
}

every_target_again() {
  become deploy-dev environment:dev
  step "make deploy again: no changes, and the output says so"
  expect_output "dev was up to date: version 1 still has the traffic." make deploy ENV=dev
  passed

  step "Every target on its own: nothing to do"
  expect_output "was built before" make build ENV=dev
  expect_output "is in the registry already" make push ENV=dev
  expect_output "Terraform: nothing to change" make apply ENV=dev
  expect_output "1 create_users applied" make migrate ENV=dev
  expect_output "Every check of dev passed" make smoke-test ENV=dev
  expect_output "Every check of version 1 of users-service-dev-api passed" make smoke-test ENV=dev VERSION=1
  expect_output "Has traffic" make status ENV=dev
  expect_output "Response: 200 OK" make logs ENV=dev
  passed

  step "A deploy while another one runs is refused"
  run aws ssm put-parameter --name /users-service/dev/lock --type String --value \
    '{"id":"other","what":"deploy","who":"somebody","host":"elsewhere","since":"2026-01-01T00:00:00Z"}'
  expect_failure "dev is locked: deploy, started by somebody on elsewhere" make deploy ENV=dev
  run make unlock ENV=dev
  passed

  step "What a role may not do is refused"
  expect_denied lambda:UpdateAlias aws lambda update-alias --function-name users-service-prod-api --name live --function-version 1
  expect_denied ssm:PutParameter aws ssm put-parameter --name /users-service/prod/image_digest --type String --value none
  expect_denied secretsmanager:GetSecretValue aws secretsmanager get-secret-value --secret-id dev/rds/credentials
  become plan pull_request
  expect_denied ssm:PutParameter aws ssm put-parameter --name /users-service/dev/image_digest --type String --value none
  become deploy-dev environment:dev
  passed
}

good_release() {
  step "A new version passes its checks and takes the traffic"
  provide later
  run env EXECUTABLE="$FOLDER/later" make deploy ENV=dev
  RELEASED=$(live)
  [[ $RELEASED != 1 ]] || failed "version 1 still has the traffic"
  expect_equal "the recorded previous version" 1 "$(record previous_version)"
  passed
}

rotation() {
  local answer
  step "The password is rotated three times under load, and no request fails"
  mkfifo "$FOLDER/load.stdin"
  "$VENV/bin/python" "$ROOT/scripts/rehearsal/load.py" "$(url dev)" "$REHEARSAL_REGION" list <"$FOLDER/load.stdin" >"$FOLDER/load" &
  LOAD=$!
  exec 8>"$FOLDER/load.stdin"
  sleep 2
  for _ in 1 2 3; do
    run aws secretsmanager rotate-secret --secret-id dev/rds/credentials
    sleep 2
  done
  exec 8>&-
  wait "$LOAD"
  answer=$(<"$FOLDER/load")
  expect_equal "failed requests under load ($answer)" 0 "$(cut -d ' ' -f 2 <<<"$answer")"
  (($(cut -d ' ' -f 1 <<<"$answer") > 50)) || failed "too few requests were sent: $answer"
  run make smoke-test ENV=dev
  passed
}

rollback() {
  step "make rollback restores version 1"
  expect_output "dev runs version 1 again, in the place of $RELEASED." make rollback ENV=dev
  expect_equal "the version with the traffic" 1 "$(live)"
  expect_equal "the recorded digest" "$DIGEST" "$(record image_digest)"
  run make smoke-test ENV=dev
  passed
}

destruction() {
  become deploy-dev environment:dev
  step "make destroy leaves nothing of dev"
  expect_failure "not confirmed" make destroy ENV=dev CONFIRM=prod
  expect_output "dev is destroyed" make destroy ENV=dev CONFIRM=dev
  expect_equal "resources in the state" "" "$(TF_DATA_DIR=.terraform/dev terraform -chdir=terraform state list)"
  expect_equal "functions" 0 "$(count Functions lambda list-functions)"
  expect_equal "databases" 0 "$(count DBInstances rds describe-db-instances)"
  expect_equal "APIs" 0 "$(count Items apigatewayv2 get-apis)"
  expect_equal "secrets" 0 "$(count SecretList secretsmanager list-secrets)"
  expect_equal "rules" 0 "$(count Rules events list-rules)"
  # moto does not know SES's lists by the paths of this client.
  expect_failure NotFoundException aws sesv2 get-configuration-set --configuration-set-name users-service-dev
  expect_failure NotFoundException aws sesv2 get-email-identity --email-identity example.org
  expect_equal "parameters" 0 "$(count Parameters ssm describe-parameters)"
  expect_equal "networks" 0 "$(count Vpcs ec2 describe-vpcs --filters Name=tag:Service,Values=users-service)"
  passed
}

# count LIST SERVICE COMMAND…: the number of dev's resources that AWS lists; an empty response has no list at all. The
# endpoint is an option, because version 1 of the CLI ignores AWS_ENDPOINT_URL for RDS.
count() {
  local listed
  if ! listed=$(aws "${@:2}" --endpoint-url "$AWS_ENDPOINT_URL" --output json); then
    printf 'unknown\n'
    return
  fi
  jq --arg list "$1" '[.[$list][]? | select(tostring | test("users-service[-/]dev|\"dev[\"/]"))] | length' <<<"${listed:-{\}}"
}

# live [ENV [FUNCTION]], record NAME [ENV] and url ENV
live() { aws lambda get-alias --function-name "users-service-${1:-dev}-${2:-api}" --name live --query FunctionVersion --output text; }
record() { aws ssm get-parameter --name "/users-service/${2:-dev}/$1" --query Parameter.Value --output text; }
url() { aws apigatewayv2 get-apis --query "Items[?Name=='users-service-$1'].ApiEndpoint | [0]" --output text; }

print_limits() {
  cat <<TEXT

Not covered, because no emulator behaves as AWS does:
  - IAM: actions that AWS asks for and its service authorization reference does not have; the policies of AWS's own keys
  - the network: subnets, security groups, name resolution
  - API Gateway itself: throttling, CORS, its own answers (403, 413, 429, 503), JWT authorisation, a custom domain
  - SES itself: its sandbox, the DNS records, signatures, what becomes of a mail; a schedule starts when a step says so
  - time: the canary's and the alarms' minutes last ${REHEARSAL_MINUTE}s here, and CloudWatch's own delays are absent
  - RDS itself: its parameter group, its failover, backups and restores
  - AWS's own cold start, and how long AWS takes to create and to delete resources
The first deploy to a real account covers them: docs/first-deploy.md.
TEXT
}

main

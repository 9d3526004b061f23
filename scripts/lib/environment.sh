# An environment of the deployment: its account, region and resource names. Source it after log.sh and machine.sh.
# shellcheck shell=bash disable=SC2034 # used by the scripts that source this

readonly SERVICE=users-service EXAMPLE_ACCOUNT=123456789012

# use_environment ENV: checks it, and reads terraform/ENV.tfvars.
use_environment() {
  local script=${0##*/}
  case ${1:-} in
    dev | prod) ENV=$1 ;;
    "") die "ENV is not set" "say which environment, for instance: make ${script%.sh} ENV=dev" ;;
    *) die "ENV is '$1'; it must be dev or prod" ;;
  esac
  TFVARS=terraform/$ENV.tfvars
  [[ -r $TFVARS ]] || die "$TFVARS is missing" "restore it: git checkout -- $TFVARS"
  ACCOUNT_ID=$(tfvar account_id "")
  REGION=$(tfvar region us-east-1)
  ARCHITECTURE=$(tfvar architecture arm64)
  [[ $ACCOUNT_ID =~ ^[0-9]{12}$ ]] || die "account_id in $TFVARS is '$ACCOUNT_ID'" "it is the 12 digits of an AWS account"

  # The names that terraform/ gives, so that a rollback needs only the AWS CLI.
  NAME=$SERVICE-$ENV
  REPOSITORY=$SERVICE/$ENV
  API_FUNCTION=$NAME-api
  MIGRATE_FUNCTION=$NAME-migrate
  ROTATE_KEYS_FUNCTION=$NAME-rotate-keys
  WORKER_FUNCTION=$NAME-worker
  STATE_BUCKET=$SERVICE-tfstate-$ACCOUNT_ID
  RECORDS=/$SERVICE/$ENV
  readonly ENV TFVARS ACCOUNT_ID REGION ARCHITECTURE NAME REPOSITORY API_FUNCTION MIGRATE_FUNCTION ROTATE_KEYS_FUNCTION WORKER_FUNCTION
  readonly STATE_BUCKET RECORDS
  export AWS_REGION=$REGION AWS_DEFAULT_REGION=$REGION AWS_PAGER=""
}

# tfvar NAME DEFAULT [ENV]: a string from the environment's tfvars, or another's.
tfvar() {
  local value
  value=$(sed -n "s/^[[:space:]]*$1[[:space:]]*=[[:space:]]*\"\([^\"]*\)\".*/\1/p" "terraform/${3:-$ENV}.tfvars" | tail -n 1)
  printf '%s\n' "${value:-$2}"
}

# account_of ENV: where it is deployed to. One whose tfvars still have the example is expected in the same account.
account_of() {
  local account
  account=$(tfvar account_id "$EXAMPLE_ACCOUNT" "$1")
  if [[ $account == "$EXAMPLE_ACCOUNT" ]]; then account=$ACCOUNT_ID; fi
  printf '%s\n' "$account"
}

# use_account: checks the tools, and that the credentials belong to the right account.
use_account() {
  need aws "install the AWS CLI: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"
  need_at_least jq 1.6 "install the package jq"
  [[ $ACCOUNT_ID != "$EXAMPLE_ACCOUNT" ]] ||
    die "account_id in $TFVARS is still the example $EXAMPLE_ACCOUNT" "replace it by the number of your AWS account"
  local caller account
  if ! caller=$(aws sts get-caller-identity --query '[Account, Arn]' --output text 2>&1); then
    case $caller in
      *"could not be found"*)
        die "the AWS CLI knows no profile '${AWS_PROFILE:-}', which AWS_PROFILE names" "those it knows: aws configure list-profiles" ;;
      *"locate credentials"* | *"must be specified"*)
        die "there are no AWS credentials" "sign in, for instance: aws sso login --profile NAME && export AWS_PROFILE=NAME" ;;
      *xpired* | *InvalidClientTokenId*)
        die "the AWS credentials are no longer valid" "sign in again, for instance: aws sso login" ;;
      *) die "the account of the AWS credentials could not be read:" "${caller##*$'\n'}" ;;
    esac
  fi
  read -r account CALLER <<<"$caller"
  [[ $account == "$ACCOUNT_ID" ]] ||
    die "these are credentials of account $account, but $TFVARS names $ACCOUNT_ID" \
      "sign in to the other account, or correct account_id; nothing was changed"
}

# as_role ROLE_ARN COMMAND…: with the credentials of that role.
as_role() {
  local role=$1 credentials
  shift
  credentials=$(aws sts assume-role --role-arn "$role" --role-session-name "$NAME" --output json) ||
    die "the role $role could not be assumed; the reason is above" "an administrator brings it up to date: make bootstrap ENV=$ENV"
  AWS_ACCESS_KEY_ID=$(jq -r .Credentials.AccessKeyId <<<"$credentials") \
    AWS_SECRET_ACCESS_KEY=$(jq -r .Credentials.SecretAccessKey <<<"$credentials") \
    AWS_SESSION_TOKEN=$(jq -r .Credentials.SessionToken <<<"$credentials") "$@"
}

# in_account_of_dev COMMAND…: with credentials that may read what dev has verified.
in_account_of_dev() {
  local account
  account=$(account_of dev)
  if [[ $account == "$ACCOUNT_ID" ]]; then "$@"; else as_role "arn:aws:iam::$account:role/$SERVICE-promote" "$@"; fi
}

# record NAME: the value of the environment's SSM parameter, or `none`.
record() {
  other_record "$ENV" "$1"
}

# other_record ENV NAME
other_record() {
  local value
  if value=$(aws ssm get-parameter --name "/$SERVICE/$1/$2" --query Parameter.Value --output text 2>&1); then
    printf '%s\n' "$value"
  elif [[ $value == *ParameterNotFound* ]]; then
    echo none
  else
    die "the record $2 of $1 could not be read:" "${value##*$'\n'}"
  fi
}

# set_record NAME VALUE: writes changes only, so that the parameter's history is the history of deployments.
set_record() {
  [[ $(record "$1") != "$2" ]] || return 0
  aws ssm put-parameter --name "$RECORDS/$1" --type String --value "$2" --overwrite >/dev/null ||
    die "$RECORDS/$1 could not be set to $2" "write it manually: aws ssm put-parameter --overwrite --name $RECORDS/$1 --value $2"
}

# api_target: where the custom domain is in AWS, in curl's form of --connect-to; nothing without one. Its DNS record may point
# elsewhere still, such as to the service that this one is to replace.
api_target() {
  local domain target
  domain=$(tfvar domain_name "")
  [[ -n $domain ]] || return 0
  target=$(aws apigatewayv2 get-domain-name --domain-name "$domain" \
    --query 'DomainNameConfigurations[0].ApiGatewayDomainName' --output text 2>&1) ||
    die "API Gateway has no domain $domain:" "${target##*$'\n'}" "deploy it first: make deploy ENV=$ENV"
  printf '%s:443:%s:443\n' "$domain" "$target"
}

# api_url: the URL of the API.
api_url() {
  local domain url
  domain=$(tfvar domain_name "")
  if [[ -n $domain ]]; then
    echo "https://$domain"
    return
  fi
  url=$(aws apigatewayv2 get-apis --query "Items[?Name=='$NAME'].ApiEndpoint | [0]" --output text)
  [[ -n $url && $url != None ]] || die "$ENV has no API yet" "deploy it first: make deploy ENV=$ENV"
  echo "$url"
}

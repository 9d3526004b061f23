#!/usr/bin/env bash
# Creates or updates what an account needs before the first deploy: state bucket, ECR repository, pipeline roles.
#   bootstrap.sh ENV
# GITHUB_REPOSITORY=owner/name creates the roles for the GitHub workflows; by default it is that of the remote `origin`. GitHub's
# numbers of it and of its owner are looked up, or taken from GITHUB_REPOSITORY_ID and GITHUB_REPOSITORY_OWNER_ID.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/machine.sh
source scripts/lib/machine.sh
# shellcheck source=scripts/lib/environment.sh
source scripts/lib/environment.sh
# shellcheck source=scripts/lib/lock.sh
source scripts/lib/lock.sh
# shellcheck source=scripts/lib/terraform.sh
source scripts/lib/terraform.sh

main() {
  use_environment "${1:-}"
  use_account
  use_terraform
  take_lock bootstrap
  TF_DATA_DIR=.terraform
  export TF_VAR_account_id=$ACCOUNT_ID TF_VAR_region=$REGION
  choose_environments
  choose_repository
  if state_is_in_bucket; then
    init_in_bucket -reconfigure
    apply
  else
    begin
  fi
  note "Account $ACCOUNT_ID is ready: state in $STATE_BUCKET, images in $SERVICE/…"
}

in_bootstrap() { terraform -chdir=terraform/bootstrap "$@"; }

state_is_in_bucket() {
  aws s3api head-object --bucket "$STATE_BUCKET" --key "$SERVICE/bootstrap.tfstate" >/dev/null 2>&1
}

init_in_bucket() {
  quietly "terraform init" in_bootstrap init -lockfile=readonly -no-color "$@" -backend-config="bucket=$STATE_BUCKET" \
    -backend-config="key=$SERVICE/bootstrap.tfstate" -backend-config="region=$REGION"
}

# The state starts in a local file, because there is no bucket yet, and is then migrated to the bucket. A run after an
# interrupted one finds the file and continues from it.
begin() {
  local folder=terraform/bootstrap
  if [[ ! -e $folder/terraform.tfstate ]] && aws s3api head-bucket --bucket "$STATE_BUCKET" >/dev/null 2>&1; then
    die "the bucket $STATE_BUCKET exists, but holds no state of the bootstrap" \
      "if the bootstrap was interrupted on another machine, run it there again: it has $folder/terraform.tfstate" \
      "else restore the object $SERVICE/bootstrap.tfstate from the bucket's versions"
  fi
  printf 'terraform {\n  backend "local" {}\n}\n' >"$folder/backend_override.tf"
  quietly "terraform init" in_bootstrap init -reconfigure -lockfile=readonly -no-color
  apply
  rm "$folder/backend_override.tf"
  init_in_bucket -migrate-state -force-copy
  rm -f "$folder/terraform.tfstate" "$folder/terraform.tfstate.backup"
}

apply() {
  local changes=0 lost
  in_bootstrap plan -detailed-exitcode -compact-warnings -no-color -out=bootstrap.tfplan >&2 || changes=$?
  case $changes in
    0) note "Bootstrap: nothing to change"; return ;;
    1) die "Terraform could not plan the bootstrap; the reason is above" "nothing was changed" ;;
  esac
  lost=$(in_bootstrap show -json bootstrap.tfplan |
    jq -r '[.resource_changes[] | select(.change.actions | index("delete")) | .address] | join(", ")')
  [[ -z $lost || ${ALLOW_REMOVAL:-} == yes ]] ||
    die "this would remove $lost" "the pipeline roles belong to a repository, name it: GITHUB_REPOSITORY=owner/name" \
      "to remove it nevertheless: ALLOW_REMOVAL=yes"
  in_bootstrap apply -no-color bootstrap.tfplan >&2 ||
    die "terraform apply failed; the reason is above" "fix the cause and run: make bootstrap ENV=$ENV"
}

# An account holds the environments whose tfvars name it.
choose_environments() {
  local other
  if [[ $ENV == dev ]]; then other=prod; else other=dev; fi
  if [[ $(account_of "$other") == "$ACCOUNT_ID" ]]; then
    export TF_VAR_environments='["dev", "prod"]'
  else
    TF_VAR_environments=$(jq -cn --arg environment "$ENV" '[$environment]')
    TF_VAR_other_account_id=$(account_of "$other")
    export TF_VAR_environments TF_VAR_other_account_id
  fi
}

choose_repository() {
  local repository=${GITHUB_REPOSITORY:-} origin
  if [[ -z $repository ]] && origin=$(git remote get-url origin 2>/dev/null) &&
    [[ $origin =~ github\.com[:/]([A-Za-z0-9-]+/[A-Za-z0-9._-]+)$ ]]; then
    repository=${BASH_REMATCH[1]%.git}
  fi
  export TF_VAR_github_repository=$repository
  if [[ -z $repository ]]; then
    note "GITHUB_REPOSITORY is not set and origin is not on GitHub: no pipeline roles are created"
    return
  fi
  look_up_numbers "$repository"
  if provider_is_foreign; then
    note "The account has GitHub's identity provider already; it is used as it is"
    export TF_VAR_reuse_github_provider=true
  fi
}

# look_up_numbers REPOSITORY: they are in the tokens of its workflows, and, unlike its name, never anyone else's.
look_up_numbers() {
  local answer=""
  export TF_VAR_github_owner_id=${GITHUB_REPOSITORY_OWNER_ID:-} TF_VAR_github_repository_id=${GITHUB_REPOSITORY_ID:-}
  if [[ -z $TF_VAR_github_owner_id || -z $TF_VAR_github_repository_id ]]; then
    answer=$(gh api "repos/$1" 2>/dev/null || curl --silent --fail --max-time 20 "https://api.github.com/repos/$1") || answer={}
    TF_VAR_github_owner_id=$(jq -r '.owner.id // empty' <<<"$answer")
    TF_VAR_github_repository_id=$(jq -r '.id // empty' <<<"$answer")
  fi
  [[ -n $TF_VAR_github_owner_id && -n $TF_VAR_github_repository_id ]] ||
    die "GitHub did not tell the numbers of $1" "a private repository needs the GitHub CLI, signed in: gh auth login" \
      "or name them: GITHUB_REPOSITORY_OWNER_ID=… GITHUB_REPOSITORY_ID=… make bootstrap ENV=$ENV"
}

# Made here it carries our tag, and stays ours.
provider_is_foreign() {
  local arn=arn:aws:iam::$ACCOUNT_ID:oidc-provider/token.actions.githubusercontent.com tags
  tags=$(aws iam list-open-id-connect-provider-tags --open-id-connect-provider-arn "$arn" --output json 2>/dev/null) || return 1
  ! jq -e --arg service "$SERVICE" '.Tags[] | select(.Key == "Service" and .Value == $service)' <<<"$tags" >/dev/null
}

main "$@"

#!/usr/bin/env bash
# Destroys an environment with its database, after its name was typed. Prod refuses unless it is told twice.
#   destroy.sh ENV
# CONFIRM=ENV answers the question; prod also needs ALLOW_DESTROY=prod. What `make bootstrap` made stays.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
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
  [[ $ENV != prod || ${ALLOW_DESTROY:-} == prod ]] ||
    die "prod is not destroyed just like that" "nothing was changed; if it is meant: make destroy ENV=prod ALLOW_DESTROY=prod"
  confirm
  take_lock destroy
  init_environment
  local digest
  digest=$(record image_digest)
  # None of what goes depends on the image, so any digest does.
  [[ $digest == sha256:* ]] || digest=sha256:$(printf '0%.0s' {1..64})
  local options=(-auto-approve -no-color -compact-warnings -var-file="$ENV.tfvars" -var="image_digest=$digest")
  if [[ $ENV == prod ]]; then
    note "Taking the protection off the database; a final snapshot is kept"
    terraform -chdir=terraform apply "${options[@]}" -var=allow_destroy=true -target=module.database.aws_db_instance.mysql >&2 ||
      die "the database is still protected; the reason is above" "nothing was destroyed"
    options+=(-var=allow_destroy=true)
  fi
  note "Destroying $ENV; AWS takes up to 40 minutes to let go of the functions' network interfaces"
  terraform -chdir=terraform destroy "${options[@]}" >&2 || stopped_half_way
  rm -f "terraform/$ENV.tfplan"
  note $'\n'"$ENV is destroyed. The account's state bucket, registry and pipeline roles stay; docs/first-deploy.md tells how to remove them."
}

confirm() {
  local answer=${CONFIRM:-}
  if [[ -z $answer && -t 0 ]]; then
    note "This destroys $ENV in account $ACCOUNT_ID: API, functions, database, secret and logs."
    read -r -p "Type $ENV to go on: " answer
  fi
  [[ $answer == "$ENV" ]] || die "the name of the environment was not typed" "nothing was changed"
}

main "$@"

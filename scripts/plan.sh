#!/usr/bin/env bash
# Shows what Terraform would change, with the image that is deployed, and writes the plan to terraform/ENV.tfplan.
#   plan.sh ENV
# IMAGE_DIGEST=sha256:… plans with another image.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/environment.sh
source scripts/lib/environment.sh
# shellcheck source=scripts/lib/image.sh
source scripts/lib/image.sh
# shellcheck source=scripts/lib/terraform.sh
source scripts/lib/terraform.sh

use_environment "${1:-}"
use_account
use_terraform
init_environment

digest=${IMAGE_DIGEST:-$(record image_digest)}
# prod's first image will be the one that dev runs.
if [[ $digest == none && $ENV == prod ]]; then digest=$(other_record dev image_digest); fi
if [[ $digest == none ]]; then
  note "Nothing is deployed to $ENV yet: the plan names an image of zeros in the place of the first."
  digest=sha256:$(printf '0%.0s' {1..64})
fi
changes=0
# Without a lock, so that a role that can only read can plan, also while a deploy runs.
plan_environment "$digest" -lock=false || changes=$?
case $changes in
  0) note "$ENV is as Terraform says: nothing to change" ;;
  2) note "make deploy ENV=$ENV makes these changes, and releases the image of this source; make apply ENV=$ENV only these" ;;
esac

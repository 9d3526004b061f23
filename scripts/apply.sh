#!/usr/bin/env bash
# Runs terraform apply with the deployed image. No traffic is shifted.
#   apply.sh ENV
# IMAGE_DIGEST=sha256:… applies another image.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/machine.sh
source scripts/lib/machine.sh
# shellcheck source=scripts/lib/environment.sh
source scripts/lib/environment.sh
# shellcheck source=scripts/lib/image.sh
source scripts/lib/image.sh
# shellcheck source=scripts/lib/lock.sh
source scripts/lib/lock.sh
# shellcheck source=scripts/lib/terraform.sh
source scripts/lib/terraform.sh

use_environment "${1:-}"
use_account
use_terraform
take_lock apply
init_environment

digest=${IMAGE_DIGEST:-$(record image_digest)}
if [[ $digest == none ]]; then
  digest=$(pushed_digest "$(image_tag)")
  [[ -n $digest ]] || die "nothing is deployed to $ENV, and the image of this source is not in the registry" \
    "deploy it: make deploy ENV=$ENV"
fi
require_digest "$digest"
apply_environment "$digest"

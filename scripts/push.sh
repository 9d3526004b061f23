#!/usr/bin/env bash
# Pushes the image of this source to the registry, unless it is there already, and prints its digest.
#   push.sh ENV
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/environment.sh
source scripts/lib/environment.sh
# shellcheck source=scripts/lib/image.sh
source scripts/lib/image.sh

main() {
  use_environment "${1:-}"
  use_account
  local digest tag
  if [[ $ENV == prod ]]; then
    digest=$(verified_digest)
    note "prod runs the image verified in dev: nothing to push"
    echo "$digest"
    return
  fi
  tag=$(image_tag)
  digest=$(pushed_digest "$tag")
  if [[ -n $digest ]]; then
    note "Image $tag is in the registry already"
  else
    push "$tag"
    digest=$(pushed_digest "$tag")
    [[ -n $digest ]] || die "the image was pushed, but the registry does not have it" "run the same command again"
  fi
  echo "$digest"
}

push() {
  local tag=$1 repository
  image_exists "$tag" || die "the image $tag is not built" "build it: make build ENV=$ENV"
  repository=$(aws ecr describe-repositories --repository-names "$SERVICE" --query 'repositories[0].repositoryUri' \
    --output text 2>&1) ||
    die "account $ACCOUNT_ID has no registry $SERVICE:" "${repository##*$'\n'}" "make it: make bootstrap ENV=$ENV"
  note "Pushing image $tag"
  "push_with_$(image_builder)" "$tag" "$repository"
}

push_with_docker() {
  aws ecr get-login-password | docker login --username AWS --password-stdin "${2%%/*}" >/dev/null ||
    unreachable "${2%%/*}"
  docker tag "$SERVICE:$1" "$2:$1"
  docker push --quiet "$2:$1" >/dev/null || unreachable "${2%%/*}"
}

push_with_buildah() {
  # A file of its own, because the password is valid for hours.
  CREDENTIALS=$(mktemp)
  trap 'rm -f "$CREDENTIALS"' EXIT
  echo '{}' >"$CREDENTIALS"
  aws ecr get-login-password |
    in_buildah login --authfile "$CREDENTIALS" --username AWS --password-stdin "${2%%/*}" >/dev/null ||
    unreachable "${2%%/*}"
  in_buildah push --quiet --authfile "$CREDENTIALS" --format oci "localhost/$SERVICE:$1" "docker://$2:$1" ||
    unreachable "${2%%/*}"
}

unreachable() {
  die "the registry $1 did not take the image; the reason is above" "nothing was deployed; run the same command again"
}

main "$@"

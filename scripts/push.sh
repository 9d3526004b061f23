#!/usr/bin/env bash
# Pushes the image of this source to the environment's repository, unless it is there already, and prints its digest.
#   push.sh ENV
# To prod it copies the image that dev has verified, if that is the one of this source.
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
# shellcheck source=scripts/lib/registry.sh
source scripts/lib/registry.sh

main() {
  use_environment "${1:-}"
  use_account
  local tag
  tag=$(image_tag)
  FOLDER=$(mktemp -d) # the passwords in it are valid for hours
  trap 'rm -rf "$FOLDER"' EXIT
  if [[ $ENV == prod ]]; then promote "$tag"; else push "$tag"; fi
}

push() {
  local digest
  digest=$(pushed_digest "$1")
  if [[ -n $digest ]]; then
    note "Image $1 is in the registry already"
  else
    image_exists "$1" || die "the image $1 is not built" "build it: make build ENV=$ENV"
    note "Pushing image $1"
    "push_with_$(image_builder)" "$1" "$(repository_url "$REPOSITORY")"
    digest=$(pushed_digest "$1")
    [[ -n $digest ]] || die "the image was pushed, but the registry does not have it" "run the same command again"
  fi
  echo "$digest"
}

push_with_docker() {
  aws ecr get-login-password | docker login --username AWS --password-stdin "${2%%/*}" >/dev/null ||
    unreachable "${2%%/*}"
  docker tag "$SERVICE:$1" "$2:$1"
  docker push --quiet "$2:$1" >/dev/null || unreachable "${2%%/*}"
}

push_with_buildah() {
  echo '{}' >"$FOLDER/auth.json"
  aws ecr get-login-password |
    in_buildah login --authfile "$FOLDER/auth.json" --username AWS --password-stdin "${2%%/*}" >/dev/null ||
    unreachable "${2%%/*}"
  in_buildah push --quiet --authfile "$FOLDER/auth.json" --format oci "localhost/$SERVICE:$1" "docker://$2:$1" ||
    unreachable "${2%%/*}"
}

# promote TAG: what was pushed for this source, by the role that builds, must be what dev has verified, by the role that
# deploys dev. Neither can vouch for an image alone.
promote() {
  local digest pushed
  digest=$(verified_digest)
  same_as_dev
  pushed=$(pushed_digest "$1")
  [[ $pushed == "$digest" ]] ||
    die "the image verified in dev is not the image of this source" \
      "deploy this source to dev first, or check out the commit that dev runs: make status ENV=dev"
  if aws ecr describe-images --repository-name "$REPOSITORY" --image-ids "imageDigest=$digest" >/dev/null 2>&1; then
    note "Image $1, verified in dev, is in $REPOSITORY already"
  else
    note "Copying image $1, verified in dev, to $REPOSITORY"
    in_account_of_dev fetch_image "$SERVICE/dev" "$digest"
    store_image "$REPOSITORY" "$1"
  fi
  echo "$digest"
}

# Or prod could not run the image.
same_as_dev() {
  local name default
  for name in region:us-east-1 architecture:arm64; do
    default=${name#*:} name=${name%:*}
    [[ $(tfvar "$name" "$default" dev) == "$(tfvar "$name" "$default" prod)" ]] ||
      die "$name differs between terraform/dev.tfvars and terraform/prod.tfvars" "prod can only run an image that dev ran"
  done
}

unreachable() {
  die "the registry $1 did not take the image; the reason is above" "nothing was deployed; run the same command again"
}

main "$@"

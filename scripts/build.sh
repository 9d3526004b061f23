#!/usr/bin/env bash
# Builds the image for AWS Lambda, unless the image of this source exists.
#   build.sh ENV
# EXECUTABLE=FILE packs an existing, statically linked executable.
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

main() {
  use_environment "${1:-}"
  if [[ $ENV == prod ]]; then
    note "prod runs the image verified in dev: nothing to build"
    return
  fi
  local tag builder
  tag=$(image_tag)
  builder=$(image_builder)
  if image_exists "$tag"; then
    note "Image $tag was built before"
    return
  fi
  note "Building image $tag with $builder"
  GIT_COMMIT=$(image_commit)
  export GIT_COMMIT
  "build_with_$builder" "$tag"
  note "Image $tag is built"
}

build_with_docker() {
  docker build --file service/Dockerfile --platform "linux/${ARCHITECTURE/x86_64/amd64}" --provenance=false \
    --build-arg "GIT_COMMIT=$GIT_COMMIT" --tag "$SERVICE:$1" . >&2 ||
    die "docker build failed; the reason is above"
}

# What service/Dockerfile does, without a Docker engine: the executable is built here and copied to an empty image.
build_with_buildah() {
  local executable=${EXECUTABLE:-} certificates=/etc/ssl/certs/ca-certificates.crt container
  if [[ -z $executable ]]; then executable=$(scripts/executable.sh "$ARCHITECTURE"); fi
  [[ -r $certificates ]] || die "$certificates is missing" "install the package ca-certificates"
  container=$(in_buildah from scratch)
  in_buildah copy --quiet "$container" "$certificates" "$certificates" >/dev/null
  in_buildah copy --quiet --chmod 0755 "$container" "$executable" /users-service >/dev/null
  in_buildah config --arch "${ARCHITECTURE/x86_64/amd64}" --user 65534:65534 --entrypoint '["/users-service"]' --cmd lambda \
    "$container"
  in_buildah commit --quiet --format oci --timestamp 0 --rm "$container" "$SERVICE:$1" >/dev/null
}

main "$@"

# The image for AWS Lambda and the registry it goes to. Source it after environment.sh
# and, for need_image_builder, packages.sh.
# shellcheck shell=bash

# The inputs of the image. Tests and deployment settings are not among them.
readonly IMAGE_INPUTS=(.cargo/config.toml Cargo.lock Cargo.toml service/Cargo.toml service/Dockerfile service/build.rs
  service/blocklist service/certificates service/migrations service/src scripts/executable.sh scripts/lib/for_lambda.sh
  scripts/cargo-lambda)

# image_tag: a hash of the inputs, so that the same source always has the same tag.
image_tag() {
  local sum=(sha256sum) hash
  command -v sha256sum >/dev/null || sum=(shasum -a 256)
  if [[ -n ${EXECUTABLE:-} ]]; then
    # An existing executable is itself the input.
    hash=$("${sum[@]}" <"$EXECUTABLE")
  else
    # Names and contents; the first hash is of the list.
    hash=$(find "${IMAGE_INPUTS[@]}" -type f -print0 | LC_ALL=C sort -z | xargs -0 "${sum[@]}" | "${sum[@]}")
  fi
  printf '%s-%s\n' "${hash:0:20}" "$ARCHITECTURE"
}

# image_commit: the last commit that changed the inputs, for /health.
image_commit() {
  local commit
  commit=$(git log -1 --format=%h --abbrev=12 -- "${IMAGE_INPUTS[@]}" 2>/dev/null) || commit=""
  [[ -z $(git status --porcelain -- "${IMAGE_INPUTS[@]}" 2>/dev/null) ]] || commit=$commit-changed
  printf '%s\n' "${commit:-unknown}"
}

# image_builder: docker if a Docker engine is running, else buildah.
image_builder() {
  if [[ -z ${EXECUTABLE:-} ]] && docker info >/dev/null 2>&1; then
    echo docker
  elif command -v buildah >/dev/null; then
    echo buildah
  else
    die "there is neither a Docker engine nor buildah to build the image with" \
      "start Docker, or install the package buildah"
  fi
}

# need_image_builder: with buildah, the executable is built on this machine.
need_image_builder() {
  local builder
  builder=$(image_builder)
  [[ $builder == buildah && -z ${EXECUTABLE:-} ]] || return 0
  need_rust
  need_python
}

# With its storage in this folder, and without mounts.
in_buildah() {
  buildah --root "$PWD/target/buildah/storage" --runroot "$PWD/target/buildah/run" --storage-driver vfs "$@"
}

# image_exists TAG: in the local image storage.
image_exists() {
  case $(image_builder) in
    docker) docker image inspect "$SERVICE:$1" >/dev/null 2>&1 ;;
    buildah) in_buildah inspect --type image "localhost/$SERVICE:$1" >/dev/null 2>&1 ;;
  esac
}

# pushed_digest TAG: the digest of the image that was pushed for dev; empty if there is none.
pushed_digest() {
  local answer
  if answer=$(in_account_of_dev aws ecr describe-images --repository-name "$SERVICE/dev" --image-ids "imageTag=$1" \
    --query 'imageDetails[0].imageDigest' --output text 2>&1); then
    printf '%s\n' "$answer"
  elif [[ $answer != *ImageNotFound* ]]; then
    die "the images in the registry could not be read:" "${answer##*$'\n'}"
  fi
}

# require_digest DIGEST: the environment's repository must have it, or Lambda could not pull it.
require_digest() {
  local answer
  answer=$(aws ecr describe-images --repository-name "$REPOSITORY" --image-ids "imageDigest=$1" 2>&1 >/dev/null) ||
    die "$REPOSITORY has no image $1:" "${answer##*$'\n'}" "push it first: make push ENV=$ENV"
}

# verified_digest: the image that passed every check in dev; prod runs no other.
verified_digest() {
  local digest
  digest=$(in_account_of_dev other_record dev image_digest)
  [[ $digest == sha256:* ]] || die "no image has been verified in dev yet" "deploy there first: make deploy ENV=dev"
  printf '%s\n' "$digest"
}

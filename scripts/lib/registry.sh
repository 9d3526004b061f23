# Copies an image from one repository to another, manifest and blobs as they are, so that its digest stays the same. It speaks
# the registry's own protocol (https://distribution.github.io/distribution/spec/api/), because docker rewrites manifests.
# Source it after environment.sh; FOLDER is a folder for the image and the logins.
# shellcheck shell=bash

readonly MANIFEST_TYPES='application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json'

# repository_url REPOSITORY
repository_url() {
  local answer
  answer=$(aws ecr describe-repositories --repository-names "$1" --query 'repositories[0].repositoryUri' --output text 2>&1) ||
    die "there is no repository $1:" "${answer##*$'\n'}" "make it: make bootstrap ENV=${1##*/}"
  printf '%s\n' "$answer"
}

# open_repository REPOSITORY: with the caller's credentials; sets API to its address.
open_repository() {
  local url password
  url=$(repository_url "$1")
  password=$(aws ecr get-login-password) || die "AWS gave no login to the registry; the reason is above"
  # In a file, because every user can read a command line.
  printf 'user = "AWS:%s"\nsilent\nshow-error\nfail\nmax-time = 300\n' "$password" >"$FOLDER/login"
  API=https://${url%%/*}/v2/${url#*/}
}

# fetch_image REPOSITORY DIGEST: into FOLDER.
fetch_image() {
  local blob
  open_repository "$1"
  curl --config "$FOLDER/login" --header "accept: $MANIFEST_TYPES" --output "$FOLDER/manifest" "$API/manifests/$2" || no_copy "$1"
  for blob in $(blobs); do
    curl --config "$FOLDER/login" --location --output "$FOLDER/$blob" "$API/blobs/$blob" || no_copy "$1"
  done
}

# store_image REPOSITORY TAG: the one in FOLDER. The registry computes each digest itself and refuses what differs.
store_image() {
  local blob
  open_repository "$1"
  for blob in $(blobs); do
    curl --config "$FOLDER/login" --head --output /dev/null "$API/blobs/$blob" 2>/dev/null || store_blob "$blob" || no_copy "$1"
  done
  curl --config "$FOLDER/login" --request PUT --header "content-type: $(jq -r --arg default "${MANIFEST_TYPES%%,*}" '.mediaType // $default' "$FOLDER/manifest")" \
    --data-binary "@$FOLDER/manifest" --output /dev/null "$API/manifests/$2" || no_copy "$1"
}

# blobs: the digests that the manifest names.
blobs() { jq -r '.config.digest, .layers[].digest' "$FOLDER/manifest"; }

store_blob() {
  local place
  place=$(upload_place --request POST --header 'content-length: 0' "$API/blobs/uploads/") || return 1
  place=$(upload_place --request PATCH --header 'content-type: application/octet-stream' --data-binary "@$FOLDER/$1" "$place") || return 1
  if [[ $place == *\?* ]]; then place+="&digest=$1"; else place+="?digest=$1"; fi
  curl --config "$FOLDER/login" --request PUT --header 'content-length: 0' --output /dev/null "$place"
}

# upload_place OPTION… URL: where the upload goes on, as the answer says, which may leave out the host.
upload_place() {
  local place
  place=$(curl --config "$FOLDER/login" --dump-header - --output /dev/null "$@" | tr -d '\r' | sed -n 's/^[Ll]ocation: //p') || return 1
  if [[ $place == /* ]]; then place=${API%/v2/*}$place; fi
  [[ $place == https://* ]] && printf '%s\n' "$place"
}

no_copy() {
  die "the image could not be copied; the repository $1 answered as above" "nothing was deployed; run the same command again"
}

# How the executable is built that goes into the image, on a machine without a Docker engine; service/Dockerfile does the
# same. Source it after packages.sh.
# shellcheck shell=bash

# With the C library linked in, the executable needs no file of any base. Packed relocations save it 4 % where the linker
# knows them.
readonly LAMBDA_RUSTFLAGS='-C target-feature=+crt-static -C link-arg=-Wl,-z,pack-relative-relocs'

# for_lambda COMMAND [OPTION…]: runs cargo's command in that way, and sets FOR_LAMBDA to the folder of what it makes.
for_lambda() {
  need_rust
  local host
  host=$(rustc --version --verbose | sed -n 's/^host: //p')
  # Naming the target keeps the flags from build scripts and macros.
  RUSTFLAGS=$LAMBDA_RUSTFLAGS \
    cargo "$1" --locked --package users-service --profile release --no-default-features --target "$host" "${@:2}" >&2
  # shellcheck disable=SC2034
  FOR_LAMBDA=${CARGO_TARGET_DIR:-target}/$host/release
}

# How executables for AWS Lambda are built: with cargo-lambda, for either processor on any machine. Source it after packages.sh.
# shellcheck shell=bash

# for_lambda ARCHITECTURE [OPTION…]: `cargo lambda build` for arm64 or x86_64, with these options. Sets FOR_LAMBDA to cargo's folder of
# what it makes; cargo-lambda moves an executable NAME from there to lambda/NAME/bootstrap in it.
#
# - musl, because it is linked in whole: the executable needs no file of any base.
# - Rust's own linker and not zig's, which knows no packed relocations; they save 4 %. zig compiles the C code.
# - No optimisations by default: they would be those of one kind of processor (haswell, neoverse-n1), and the executable runs on
#   others, too, such as under QEMU. What profits from more, hashes and TLS, looks at the processor when it runs.
# - Functions that came out alike are linked once; that saves 1 %.
# - The same source gives the same bytes everywhere: the messages of panics do not name the folder of this machine's crates, and C code
#   that asks when it was compiled, as mimalloc does, gets the same answer (https://reproducible-builds.org/specs/source-date-epoch/).
#   zig has a cache of our own for that: its usual one has what other projects have compiled, at whatever time.
for_lambda() {
  local target=${1/arm64/aarch64}-unknown-linux-musl linker
  need_cargo_lambda
  need_rust_target "$target"
  FOR_LAMBDA=${CARGO_TARGET_DIR:-target}/$target/release
  linker=CARGO_TARGET_$(tr 'a-z-' 'A-Z_' <<<"$target")_LINKER
  env "$linker=rust-lld" SOURCE_DATE_EPOCH=315532800 ZIG_GLOBAL_CACHE_DIR="${CARGO_LAMBDA%/bin}/cache" \
    RUSTFLAGS="-C link-arg=-zpack-relative-relocs -C link-arg=--icf=all --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo" \
    cargo lambda build --release --locked --disable-optimizations --target "$target" --lambda-dir "$FOR_LAMBDA/lambda" "${@:2}" >&2
}

# service_for_lambda ARCHITECTURE [OPTION…]: this service, without what Lambda has no use for.
service_for_lambda() {
  for_lambda "$1" --package users-service --no-default-features "${@:2}"
}

# this_architecture: of this machine, in AWS's words.
this_architecture() {
  uname -m | sed 's/aarch64/arm64/'
}

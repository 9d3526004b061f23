# Installs the tools that a machine lacks. Source it after log.sh.
# shellcheck shell=bash

# Where `cargo install` and rustup put their commands, which the PATH of a pipeline or a cron job often lacks. ~ is the
# user's home folder even if HOME is not set.
if [[ -z ${HOME:-} ]]; then unset HOME && HOME=~ && export HOME; fi
PATH=$PATH:${CARGO_INSTALL_ROOT:-${CARGO_HOME:-$HOME/.cargo}}/bin:${CARGO_HOME:-$HOME/.cargo}/bin

# has_candidate PACKAGE: whether apt can install it. `apt-cache show` succeeds for a name, too, that other packages only
# mention, as one that they conflict with.
has_candidate() {
  local policy
  policy=$(LC_ALL=C apt-cache policy "$1" 2>/dev/null) || return 1
  [[ $policy == *"Candidate: "[^\(]* ]]
}

can_install() {
  [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null
}

# install_packages PACKAGE…: as root on Debian and its derivatives; anybody else is told what to install.
install_packages() {
  local package output
  can_install || die "missing: $*" "install the packages: sudo apt-get install --yes --no-install-recommends $*" \
    "or, on another system than Debian and Ubuntu, what provides the same commands"
  note "Installing $*"
  update_package_lists
  for package in "$@"; do
    has_candidate "$package" || die "apt has no package $package" "check the sources in /etc/apt, or install it by hand"
  done
  # Nothing that is installed is removed for it, such as the other database server.
  output=$(DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get install --yes -qq --no-install-recommends --no-remove \
    -o DPkg::Lock::Timeout=600 "$@" 2>&1) ||
    die "apt-get could not install $*:" "$(tail -n 5 <<<"$output")" \
      "what it would do, and with which packages it conflicts: apt-get install --simulate $*"
}

# Once in a script. Without fresh lists a mirror may no longer have what they name, and a new machine has none at all.
update_package_lists() {
  local output
  [[ -z ${PACKAGE_LISTS_UPDATED:-} ]] || return 0
  PACKAGE_LISTS_UPDATED=1
  for _ in $(seq 60); do
    output=$(LC_ALL=C apt-get update -qq 2>&1) || true
    # DPkg::Lock::Timeout does not apply to this lock.
    [[ $output == *"Could not get lock"* ]] || break
    sleep 5
  done
  # Not an error yet: the source that does not answer may be one that is not needed.
  [[ -z $output ]] || note "apt-get update: $(tail -n 2 <<<"$output")"
}

# need_commands COMMAND[:PACKAGE]…: installs the packages that have those which are missing, all at once.
need_commands() {
  local each missing=()
  for each in "$@"; do
    if ! command -v "${each%:*}" >/dev/null && [[ " ${missing[*]:-} " != *" ${each#*:} "* ]]; then missing+=("${each#*:}"); fi
  done
  ((${#missing[@]} == 0)) || install_packages "${missing[@]}"
  for each in "$@"; do
    command -v "${each%:*}" >/dev/null || die "the package ${each#*:} has no command ${each%:*} here" "install ${each%:*} by hand"
  done
}

# need_rust: cargo, and the C compiler that links what it builds.
need_rust() {
  need cargo "install Rust: https://www.rust-lang.org/tools/install"
  command -v cc >/dev/null && return
  can_install || die "cc is missing" "install a C compiler: the package build-essential, or Apple's command line tools"
  install_packages gcc libc6-dev
}

# need_rust_target TRIPLE: Rust's standard library for another machine.
need_rust_target() {
  need_rust
  [[ ! -d $(rustc --print sysroot)/lib/rustlib/$1/lib ]] || return 0
  need rustup "install Rust's standard library for $1, in the way that Rust was installed"
  note "Installing Rust's standard library for $1"
  rustup target add "$1" >&2 || die "rustup could not install it; the reason is above"
}

# need_cargo_command COMMAND: installs the crate of that name, if it is missing.
need_cargo_command() {
  need_rust
  command -v "$1" >/dev/null && return
  note "Installing $1; this takes a few minutes, once"
  # Unoptimised and without debug information: it builds in a third of the time and runs for a second.
  CARGO_PROFILE_DEV_DEBUG=0 cargo install --locked --debug --quiet "$1" ||
    die "cargo could not install $1; the reason is above" "try it by hand: cargo install --locked $1"
}

# need_python_packages FOLDER REQUIREMENTS: a virtual environment in FOLDER with these packages, and no other. One whose Python
# is gone, as after an upgrade by Homebrew, is made anew.
need_python_packages() {
  if cmp -s "$2" "$1/requirements.txt" && "$1/bin/python3" -c "" 2>/dev/null; then return; fi
  need_python
  note "Installing $2 into $1"
  rm -f "$1/requirements.txt"
  python3 -m venv --clear "$1" >&2 || die "python3 -m venv failed; the reason is above"
  "$1/bin/pip" install --quiet --disable-pip-version-check --requirement "$2" >&2 ||
    die "pip could not install $2; the reason is above"
  cp "$2" "$1/requirements.txt"
}

# need_node: 20 or later, and npm, which is a package of its own on Debian.
need_node() {
  local policy how="install Node.js 20 or later: https://nodejs.org"
  if ! command -v node >/dev/null; then
    can_install || die "node is missing" "$how"
    update_package_lists
    policy=$(LC_ALL=C apt-cache policy nodejs)
    # Debian 12 and Ubuntu 24.04 have 18.
    [[ $policy =~ Candidate:\ ([0-9]+) && ${BASH_REMATCH[1]} -ge 20 ]] || die "node is missing, and apt has no package of 20 or later" "$how"
  fi
  need_commands node:nodejs
  node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || die "node $(node --version) is too old" "$how"
  need_commands npm
}

# need_node_packages FOLDER SOURCE: what SOURCE/package-lock.json lists, in FOLDER/node_modules.
need_node_packages() {
  ! cmp -s "$2/package-lock.json" "$1/installed.json" || return 0
  need_node
  note "Installing the packages of $2 into $1"
  rm -rf "$1/node_modules" "$1/installed.json"
  mkdir -p "$1"
  cp "$2/package.json" "$2/package-lock.json" "$1/"
  (cd "$1" && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error) >&2 ||
    die "npm could not install the packages of $2; the reason is above"
  cp "$2/package-lock.json" "$1/installed.json"
}

# need_cargo_lambda: `cargo lambda`, and the zig that it finds beside its Python.
need_cargo_lambda() {
  [[ -z ${CARGO_LAMBDA:-} ]] || return 0
  need_rust
  local tools=${CARGO_TARGET_DIR:-target}/cargo-lambda
  need_python_packages "$tools" scripts/cargo-lambda/requirements.txt
  CARGO_LAMBDA=$(cd "$tools" && pwd)/bin
  PATH=$CARGO_LAMBDA:$PATH
}

# need_database: the server that the tests start, unless TEST_MYSQL_URL names one that is there.
need_database() {
  [[ -n ${TEST_MYSQL_URL:-} ]] || scripts/test-database.sh need
}

# need_python: 3.11 or later, with what Debian splits off into python3-venv.
need_python() {
  need_commands python3
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    die "$(python3 --version) is too old" "install Python 3.11 or later"
  python3 -c 'import ensurepip, venv' 2>/dev/null || install_packages python3-venv
}

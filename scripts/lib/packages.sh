# How a script gets the tools that a machine lacks. Source it after log.sh.
# shellcheck shell=bash

# install_package PACKAGE: by root on Debian and its kin; anybody else is told how.
install_package() {
  if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
    die "the package $1 is missing" "install it: sudo apt-get install --yes --no-install-recommends $1"
  fi
  note "Installing the package $1"
  apt-get update -qq >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get install --yes -qq --no-install-recommends "$1" >/dev/null
}

# need_command COMMAND [PACKAGE]: has it, or installs the package that it is in.
need_command() {
  command -v "$1" >/dev/null || install_package "${2:-$1}"
}

# need_python_packages FOLDER REQUIREMENTS: an environment of Python in FOLDER that has them, and no other.
need_python_packages() {
  need python3 "install Python 3.11 or later"
  if ! cmp -s "$2" "$1/requirements.txt"; then
    note "Installing $2 into $1"
    python3 -m venv --clear "$1"
    "$1/bin/pip" install --quiet --disable-pip-version-check --requirement "$2"
    cp "$2" "$1/requirements.txt"
  fi
}

#!/usr/bin/env bash
# Builds the service and serves it on an embedded SQLite file, to this machine only unless HOST is set.
# Every variable of `users-service serve --help` can be set; those of MySQL apply with DB_ENGINE=mysql.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/packages.sh
source scripts/lib/packages.sh

need_rust

# With ACCESS=open the service authenticates nobody, so the network is not offered it by default.
export HOST=${HOST:-127.0.0.1} DB_ENGINE=${DB_ENGINE:-sqlite}
# Mails are shown in the terminal, live links and all: only where nobody else reaches the service.
# A path is the mailbox of whoever has logged in, not a setting.
[[ ${MAIL:-} != /* ]] || unset MAIL
case $HOST in
  127.* | ::1) export MAIL=${MAIL:-console} PUBLIC_URL=${PUBLIC_URL:-http://localhost:${PORT:-8000}} ;;
esac
cargo build --locked
# Replaces this shell, so that Ctrl-C and SIGTERM reach the service itself.
exec "${CARGO_TARGET_DIR:-target}/debug/users-service" serve

#!/usr/bin/env bash
# Runs the service as a Lambda function on this machine, with `cargo lambda watch`: rebuilt whenever the source changes,
# and invoked with `cargo lambda invoke` or over HTTP. On an embedded SQLite file; the variables of MySQL apply with
# DB_ENGINE=mysql.
#   LAMBDA_PORT=9000   where it is invoked, on this machine only
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/packages.sh
source scripts/lib/packages.sh

need_cargo_lambda

# By default a function asks AWS for its credentials, and trusts none but the servers of Amazon RDS.
export DB_ENGINE=${DB_ENGINE:-sqlite} DB_CREDENTIALS=${DB_CREDENTIALS:-env} DB_TLS=${DB_TLS:-preferred}
export LOG_FORMAT=${LOG_FORMAT:-text}
# The first invocation then finds it built.
cargo build --locked
# The service authenticates nobody, so the network is not offered it. ::1 is where `cargo lambda invoke` looks.
# Without CORS, by which any page in a browser could call it.
exec cargo lambda watch --invoke-address ::1 --invoke-port "${LAMBDA_PORT:-9000}" --disable-cors

#!/usr/bin/env bash
# Starts and stops a temporary database server for the tests, on a free port of this machine.
#
#   test-database.sh need                     installs the server that `start` would take, or says how to get it
#   test-database.sh start FOLDER [OPTION…]   prints TEST_MYSQL_URL=… and TEST_MYSQL_CA=…, ready for `source`; the
#                                             options are the server's own
#   test-database.sh kill FOLDER              ends it with SIGKILL
#   test-database.sh restart FOLDER           starts it again on the same data and port
#   test-database.sh stop FOLDER              stops it and removes the folder
#
# TEST_DATABASE selects the server: docker (mysql:8.4), mysql or mariadb. The default is the first of these that is
# installed, else mariadb. As root on Debian or Ubuntu a missing server is installed.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/machine.sh
source scripts/lib/machine.sh
# shellcheck source=scripts/lib/packages.sh
source scripts/lib/packages.sh

readonly USAGE="usage: test-database.sh need, or start|kill|restart|stop FOLDER"
readonly IMAGE=mysql:8.4
readonly INIT_SQL="
create user if not exists root@'%' identified by 'password';
alter user root@localhost identified by 'password';
grant all on *.* to root@'%' with grant option;
create database if not exists ecommerce;"
# Durability does not matter here.
readonly SERVER_OPTIONS=(--no-defaults --bind-address=127.0.0.1 --skip-log-bin --innodb-flush-log-at-trx-commit=2
  --max-connections=200 --performance-schema=OFF)

# The root file system (chroot) of a MySQL server where the distribution has no package of it: Debian has one in its
# unstable release only.
readonly MYSQL_ROOT=${XDG_CACHE_HOME:-$HOME/.cache}/users-service/mysql-root

main() {
  local verb=${1:-} folder=${2:-} server
  [[ -n $folder || $verb == need ]] || die "$USAGE"
  case $verb in
    need)
      server=$(choose)
      need_server "$server"
      ;;
    start) start "$folder" "${@:3}" ;;
    kill) kill_server "$folder" ;;
    restart) restart "$folder" ;;
    stop) stop "$folder" ;;
    *) die "$USAGE" ;;
  esac
}

start() {
  mkdir -p "$1"
  local folder server port
  folder=$(cd "$1" && pwd)
  server=$(choose)
  need_server "$server"
  port=$(free_port)
  echo "$port" >"$folder/port"
  make_certificates "$folder"
  note "Starting $server for the tests on port $port"
  case $server in
    docker) start_docker "$folder" "$port" "${@:2}" ;;
    mysql) start_mysql "$folder" "$port" "${@:2}" ;;
    mariadb) start_mariadb "$folder" "$port" "${@:2}" ;;
  esac
  wait_for "$folder" "$port"
  echo "TEST_MYSQL_URL=mysql://root:password@127.0.0.1:$port/ecommerce"
  echo "TEST_MYSQL_CA=$folder/certificates/ca.pem"
}

choose() {
  case ${TEST_DATABASE:-} in
    docker | mysql | mariadb) echo "$TEST_DATABASE" ;;
    "")
      if docker info >/dev/null 2>&1; then
        echo docker
      elif has_mysql; then
        echo mysql
      else
        echo mariadb
      fi
      ;;
    *) die "TEST_DATABASE is '$TEST_DATABASE'; it must be docker, mysql or mariadb" ;;
  esac
}

# need_server docker|mysql|mariadb
need_server() {
  need_commands openssl
  if [[ $1 != docker ]]; then
    need_linux "to start a server of its own; TEST_DATABASE=docker starts one in a container"
  fi
  case $1 in
    docker)
      need docker "install Docker, or use another server: TEST_DATABASE=mariadb"
      docker info >/dev/null 2>&1 ||
        die "the Docker engine does not answer" "start Docker, or use another server: TEST_DATABASE=mariadb"
      ;;
    mysql) has_mysql || install_mysql ;;
    # The last one is called by the one before.
    mariadb) need_commands mariadbd:mariadb-server-core mariadb-install-db:mariadb-server-core my_print_defaults:mariadb-client-core ;;
  esac
}

free_port() {
  local port
  for port in $(shuf -i 20000-30000 -n 50); do
    (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
  done
  die "no free port between 20000 and 30000"
}

# A certificate authority of its own and a certificate for localhost, for the tests of verified TLS.
make_certificates() {
  mkdir -p "$1/certificates"
  (
    cd "$1/certificates"
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=users-service test authority" \
      -keyout ca-key.pem -out ca.pem
    openssl req -newkey rsa:2048 -nodes -subj "/CN=localhost" -keyout server-key.pem -out server.csr
    openssl x509 -req -in server.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 2 -out server.pem \
      -extfile <(printf 'subjectAltName=DNS:localhost,IP:127.0.0.1')
    chmod 644 ./*.pem
  ) 2>/dev/null
}

start_docker() {
  local folder=$1 port=$2
  docker run --detach --name "users-service-test-$port" --publish "127.0.0.1:$port:3306" \
    --env MYSQL_ROOT_PASSWORD=password --env MYSQL_DATABASE=ecommerce --volume "$folder/certificates:/certificates:ro" \
    "$IMAGE" --ssl-ca=/certificates/ca.pem --ssl-cert=/certificates/server.pem --ssl-key=/certificates/server-key.pem \
    --skip-log-bin --innodb-flush-log-at-trx-commit=2 "${@:3}" >/dev/null
  echo "users-service-test-$port" >"$folder/container"
}

start_mysql() {
  local folder=$1 port=$2 root="" data=$1/data
  if ! has_mysql; then
    root=$MYSQL_ROOT
    # The path inside the chroot.
    data=/test-$port
    echo "$root$data" >"$folder/inner"
  fi
  mkdir -p "$root$data"
  cp -r "$folder/certificates" "$root$data/"
  local run=() options=("${SERVER_OPTIONS[@]}" --mysqlx=OFF --secure-file-priv=NULL --datadir="$data/db"
    "${USER_OPTION[@]}")
  [[ -z $root ]] || run=(chroot "$root")
  printf '%s\n' "$INIT_SQL" >"$root$data/init.sql"
  "${run[@]}" mysqld "${options[@]}" --initialize-insecure >"$folder/server.log" 2>&1 ||
    die "mysqld could not make a data folder:" "$(tail -n 3 "$folder/server.log")"
  launch "$folder" "${run[@]}" mysqld "${options[@]}" --port="$port" --socket="$data/s" --init-file="$data/init.sql" \
    --ssl-ca="$data/certificates/ca.pem" --ssl-cert="$data/certificates/server.pem" \
    --ssl-key="$data/certificates/server-key.pem" "${@:3}"
}

# Runs a server and keeps its command line for a restart.
launch() {
  local folder=$1
  shift
  printf '%s\0' "$@" >"$folder/command"
  setsid "$@" >>"$folder/server.log" 2>&1 </dev/null &
  echo $! >"$folder/pid"
}

# MariaDB has a command mysqld, too.
has_mysql() {
  command -v mysqld >/dev/null && [[ $(mysqld --version 2>&1) != *MariaDB* ]]
}

# From the distribution's package, or else from Debian's unstable release into a chroot: where there is no package, and
# beside MariaDB, with which the packages conflict.
install_mysql() {
  local package
  [[ ! -x $MYSQL_ROOT/usr/sbin/mysqld ]] || return 0
  can_install || die "MySQL is missing" "install MySQL 8.4, or run this as root on Debian or Ubuntu" \
    "or use another server: TEST_DATABASE=mariadb or TEST_DATABASE=docker"
  update_package_lists
  if ! command -v mariadbd >/dev/null; then
    for package in mysql-server-core-8.4 mysql-server-core-8.0 mysql-server-core; do
      if has_candidate "$package"; then
        install_packages "$package"
        return
      fi
    done
  fi
  install_mysql_root
}

install_mysql_root() {
  local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  need_commands debootstrap
  [[ -r $keyring ]] || install_packages debian-archive-keyring
  note "Installing MySQL from Debian's unstable release into $MYSQL_ROOT; this takes a minute, once"
  mkdir -p "$(dirname "$MYSQL_ROOT")"
  # A folder of its own, because another test run may be doing the same.
  PART=$(mktemp -d "$MYSQL_ROOT.XXXXXX")
  trap 'rm -rf "$PART"' EXIT
  chmod 755 "$PART"
  debootstrap --variant=minbase --keyring="$keyring" --include=mysql-server-core sid "$PART" >"$MYSQL_ROOT.log" 2>&1 ||
    die "debootstrap failed:" "$(tail -n 3 "$MYSQL_ROOT.log")" "the whole log is $MYSQL_ROOT.log" \
      "or use another server: TEST_DATABASE=mariadb"
  mv -T "$PART" "$MYSQL_ROOT" 2>/dev/null || [[ -x $MYSQL_ROOT/usr/sbin/mysqld ]] || die "$MYSQL_ROOT cannot be written"
}

start_mariadb() {
  local folder=$1 port=$2 data=$1/data
  mkdir -p "$data"
  printf '%s\n' "$INIT_SQL" >"$folder/init.sql"
  # --force: the name of this machine need not resolve.
  mariadb-install-db --no-defaults --force --datadir="$data" --auth-root-authentication-method=normal --skip-test-db \
    "${USER_OPTION[@]}" >"$folder/server.log" 2>&1 ||
    die "mariadb-install-db failed:" "$(head -n 12 "$folder/server.log")"
  launch "$folder" mariadbd "${SERVER_OPTIONS[@]}" "${USER_OPTION[@]}" --datadir="$data" --port="$port" \
    --socket="$folder/s" --init-file="$folder/init.sql" --ssl-ca="$folder/certificates/ca.pem" \
    --ssl-cert="$folder/certificates/server.pem" --ssl-key="$folder/certificates/server-key.pem" "${@:3}"
}

# The server opens its port after the init file has run.
wait_for() {
  local folder=$1 port=$2
  for _ in $(seq 600); do
    (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null && [[ ! -e $folder/container ]] && return
    if [[ -e $folder/container ]] &&
      docker exec "$(<"$folder/container")" mysqladmin -h127.0.0.1 -uroot -ppassword ping >/dev/null 2>&1; then
      return
    fi
    if [[ -e $folder/pid ]] && ! kill -0 "$(<"$folder/pid")" 2>/dev/null; then
      die "the database server did not start:" "$(tail -n 5 "$folder/server.log")"
    fi
    sleep 0.2
  done
  die "the database server did not answer within two minutes; see $folder/server.log"
}

# Returns when nothing listens on its port any more.
kill_server() {
  local folder=$1 port
  port=$(<"$folder/port")
  if [[ -e $folder/container ]]; then
    docker kill "$(<"$folder/container")" >/dev/null
  else
    kill -9 "$(<"$folder/pid")"
  fi
  for _ in $(seq 100); do
    (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || return 0
    sleep 0.1
  done
  die "the database server still listens on port $port after SIGKILL"
}

restart() {
  local folder=$1 command=()
  if [[ -e $folder/container ]]; then
    docker start "$(<"$folder/container")" >/dev/null
  else
    mapfile -d '' -t command <"$folder/command"
    launch "$folder" "${command[@]}"
  fi
  wait_for "$folder" "$(<"$folder/port")"
}

stop() {
  local folder=$1 pid
  [[ -d $folder ]] || return 0
  if [[ -e $folder/container ]]; then
    docker rm --force --volumes "$(<"$folder/container")" >/dev/null || true
  elif [[ -e $folder/pid ]]; then
    pid=$(<"$folder/pid")
    kill "$pid" 2>/dev/null || true
    for _ in $(seq 100); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
    kill -9 "$pid" 2>/dev/null || true
  fi
  if [[ -e $folder/inner ]]; then rm -rf "$(<"$folder/inner")"; fi
  rm -rf "$folder"
}

# mysqld and mariadbd refuse to run as root unless told so.
USER_OPTION=()
[[ $(id -u) != 0 ]] || USER_OPTION=(--user=root)
# Debian keeps servers where only root looks.
PATH=$PATH:/usr/sbin:/sbin

main "$@"

#!/usr/bin/env bash
# Starts and stops a private, throw-away database server for the tests, on a free port of this machine.
#
#   test-database.sh start FOLDER [OPTION…]   prints TEST_MYSQL_URL=… and TEST_MYSQL_CA=…, ready for `source`; the
#                                             options are the server's own
#   test-database.sh kill FOLDER              ends it with no chance to tidy up
#   test-database.sh restart FOLDER           starts it again after that, on the same data and port
#   test-database.sh stop FOLDER              stops it and removes the folder
#
# TEST_DATABASE chooses the server: docker (mysql:8.4), mysql or mariadb. By default it is the first that is at hand,
# in this order; as root on a Debian or Ubuntu machine the missing package is installed.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/packages.sh
source scripts/lib/packages.sh

readonly USAGE="usage: test-database.sh start|kill|restart|stop FOLDER"
readonly IMAGE=mysql:8.4
readonly INIT_SQL="
create user if not exists root@'%' identified by 'password';
alter user root@localhost identified by 'password';
grant all on *.* to root@'%' with grant option;
create database if not exists ecommerce;"
# Nothing here has to survive a power cut.
readonly SERVER_OPTIONS=(--no-defaults --bind-address=127.0.0.1 --skip-log-bin --innodb-flush-log-at-trx-commit=2
  --max-connections=200 --performance-schema=OFF)

# A folder that holds a root with Oracle's server, for Debian, which packages it in its unstable release only.
readonly MYSQL_ROOT=${XDG_CACHE_HOME:-$HOME/.cache}/users-service/mysql-root

main() {
  local verb=${1:-} folder=${2:-}
  [[ -n $folder ]] || die "$USAGE"
  case $verb in
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
      elif command -v mysqld >/dev/null && ! mysqld --version | grep -q MariaDB; then
        echo mysql
      else
        echo mariadb
      fi
      ;;
    *) die "TEST_DATABASE is '$TEST_DATABASE'; it must be docker, mysql or mariadb" ;;
  esac
}

free_port() {
  local port
  for port in $(shuf -i 20000-30000 -n 50); do
    (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
  done
  die "no free port between 20000 and 30000"
}

# An authority of its own and a certificate for localhost, so that verified TLS is tested too.
make_certificates() {
  need openssl "install the package openssl"
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
  local folder=$1 port=$2 root="" data
  if ! command -v mysqld >/dev/null || mysqld --version | grep -q MariaDB; then
    install_mysql
  fi
  data=$folder/data
  if ! command -v mysqld >/dev/null || mysqld --version | grep -q MariaDB; then
    root=$MYSQL_ROOT
    # Inside the root the folder has another name.
    data=/test-$port
    mkdir -p "$root$data"
    cp -r "$folder/certificates" "$root$data/"
    echo "$root$data" >"$folder/inner"
  else
    mkdir -p "$data"
    cp -r "$folder/certificates" "$data/"
  fi
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

# Oracle's server from the distribution; on Debian from its unstable release, in a root of its own.
install_mysql() {
  [[ ! -x $MYSQL_ROOT/usr/sbin/mysqld ]] || return 0
  if ! apt-cache show mysql-server-core-8.4 >/dev/null 2>&1 && apt-cache show mysql-server-core-8.0 >/dev/null 2>&1; then
    install_package mysql-server-core-8.0
    return
  fi
  need_command debootstrap
  [[ $(id -u) == 0 ]] || die "mysqld is missing" "install MySQL 8.4, or run this as root, or set TEST_DATABASE=mariadb"
  note "Fetching MySQL from Debian's unstable release into $MYSQL_ROOT; this takes a minute, once"
  rm -rf "$MYSQL_ROOT.part"
  mkdir -p "$(dirname "$MYSQL_ROOT")"
  debootstrap --variant=minbase --include=mysql-server-core sid "$MYSQL_ROOT.part" >"$MYSQL_ROOT.log" 2>&1 ||
    die "debootstrap failed:" "$(tail -n 3 "$MYSQL_ROOT.log")"
  mv "$MYSQL_ROOT.part" "$MYSQL_ROOT"
}

start_mariadb() {
  local folder=$1 port=$2 data=$1/data
  need_command mariadbd mariadb-server-core
  mkdir -p "$data"
  printf '%s\n' "$INIT_SQL" >"$folder/init.sql"
  mariadb-install-db --no-defaults --datadir="$data" --auth-root-authentication-method=normal --skip-test-db \
    "${USER_OPTION[@]}" >"$folder/server.log" 2>&1 ||
    die "mariadb-install-db failed:" "$(tail -n 3 "$folder/server.log")"
  launch "$folder" mariadbd "${SERVER_OPTIONS[@]}" "${USER_OPTION[@]}" --datadir="$data" --port="$port" \
    --socket="$folder/s" --init-file="$folder/init.sql" --ssl-ca="$folder/certificates/ca.pem" \
    --ssl-cert="$folder/certificates/server.pem" --ssl-key="$folder/certificates/server-key.pem" "${@:3}"
}

# The server answers only once its init file has run, because it opens the port after that.
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

# Returns once nobody listens on its port any more.
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
  die "the database server on port $port outlived its kill"
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

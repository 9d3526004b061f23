"""A private, throw-away database server, and the tables that the measurements need in it."""

import os
import subprocess
import tempfile
import time
from pathlib import Path

import pymysql

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("anna", "ben", "clara", "david", "emma", "felix", "greta", "henry", "ida", "jonas", "klara", "leon", "maria", "noah", "olga", "paul")
# Ten million rows and their keys fit, as they should on a server of that size.
BUFFER_POOL = 4 << 30
CHUNK = 100_000
# Seconds that running statements may take to finish.
SETTLE_TIMEOUT = 3


def available_memory() -> int:
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))


class Database:
    """Started on entry, stopped and removed on exit."""

    def __init__(self, kind: str):
        self.kind = kind

    def __enter__(self) -> "Database":
        self.folder = tempfile.mkdtemp(prefix="users-bench-")
        started = self._script("start").split()
        variables = dict(line.split("=", 1) for line in started)
        self.ca = variables["TEST_MYSQL_CA"]
        self.port = int(variables["TEST_MYSQL_URL"].rsplit(":", 1)[1].split("/")[0])
        self.connection = pymysql.connect(host="127.0.0.1", port=self.port, user="root", password="password", database="ecommerce", autocommit=True)
        # A transaction that is never ended would block everything.
        self.run("set lock_wait_timeout = 60")
        # A table that others refer to could not be truncated.
        self.run("set foreign_key_checks = 0")
        self.version = self.value("select version()")
        self.buffer_pool = min(BUFFER_POOL, available_memory() // 2)
        self.run(f"set global innodb_buffer_pool_size = {self.buffer_pool}")
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()
        self._script("stop")

    def _script(self, verb: str) -> str:
        command = [str(ROOT / "scripts/test-database.sh"), verb, self.folder]
        environment = {**os.environ, "TEST_DATABASE": self.kind}
        return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout

    @property
    def title(self) -> str:
        return f"{'MariaDB' if 'MariaDB' in self.version else 'MySQL'} {self.version.split('-')[0]}"

    def run(self, sql: str, *values: object) -> list[tuple]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, values or None)
            return list(cursor.fetchall())

    def value(self, sql: str, *values: object):
        return self.run(sql, *values)[0][0]

    def fill(self, table: str, rows: int) -> None:
        """Adds rows until the ids 1 to `rows` are there, on the server and in chunks."""
        self.run("create table if not exists bench_digits (digit int primary key)")
        self.run("insert ignore into bench_digits values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)")
        self.run("set unique_checks = 0")
        start = self.value(f"select coalesce(max(user_id), 0) from {table}")
        names = ", ".join(f"'{name}'" for name in NAMES)
        power = " + ".join(f"d{i}.digit * {10**i}" for i in range(5))
        digits = ", ".join(f"bench_digits d{i}" for i in range(5))
        while start < rows:
            self.run(
                f"insert into {table} (user_id, username, email, full_name, created_at) "
                f"select n, concat(name, lpad(n, 8, '0')), concat(name, lpad(n, 8, '0'), '@example.com'), concat(name, ' example'), now() "
                f"from (select n, elt(1 + n % {len(NAMES)}, {names}) as name "
                f"from (select 1 + {start} + {power} as n from {digits}) as numbers where n <= {min(start + CHUNK, rows)}) as people order by n"
            )
            start = min(start + CHUNK, rows)
        self.run("set unique_checks = 1")

    def settle(self) -> bool:
        """Waits until no other session runs a statement or holds a transaction open: a load generator leaves requests
        behind. False if one still does."""
        asked, end = 0, time.monotonic() + SETTLE_TIMEOUT
        while True:
            before, asked = asked, int(self.run("show global status like 'Questions'")[0][1])
            # Two of the queries are this loop's own.
            if asked == before + 2 and self.value("select count(*) from information_schema.innodb_trx") == 0:
                return True
            if time.monotonic() > end:
                return False
            if asked != before + 2:
                self.run("do 0")
            time.sleep(0.15)

    def reset(self, rows: int) -> None:
        """Leaves exactly the ids 1 to `rows` in the table of users."""
        if not self.run("show tables like 'bench_seed'"):
            self.run("create table bench_seed like users")
        self.fill("bench_seed", rows)
        self.run("truncate users")
        self.run("insert into users select * from bench_seed where user_id <= %s", rows)

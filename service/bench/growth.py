"""Growth: what each call costs from one thousand to ten million rows, and the plan of the statement behind it."""

import base64
import hashlib
import http.client
import json
import re
import time
from pathlib import Path
from statistics import median

from contestants import Contestant, Server
from database import Database
from http_load import wrk

SIZES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
PAGE = 10
# As few as still have a median, when one takes seconds.
FEWEST = 5
COLUMNS = "user_id, username, email, full_name, created_at"
# The version of a cursor, its order, the hash of its filters.
CURSOR_HEAD = 10
# Walks through the list, each by its parameters: of all, and of those whose name begins with something that many, few or no names do.
WALKS = {
    "walk, first page": "",
    "walk, end by user_id": "sort=user_id",
    "walk, end by created_at": "sort=created_at",
    "walk, end by username": "sort=username",
    "walk, q of many": "q=a",
    "walk, q of many, by username": "q=a&sort=-username",
    "walk, q of few": "q=anna000000",
    "walk, q of none": "q=zz",
}


def comparisons(rows: int) -> dict[str, str]:
    """Statements for the last page, by hand: what the service's way is compared with."""
    offset = rows - PAGE
    return {
        "plain OFFSET": f"select {COLUMNS} from users order by user_id limit {PAGE} offset {offset}",
        "deferred join": "select users.user_id, username, email, full_name, created_at "
        f"from (select user_id from users force index (idx_user_id) order by user_id limit {PAGE} offset {offset}) as page "
        "join users on users.user_id = page.user_id order by page.user_id",
        "exact total": "select count(*) from users",
    }


def walks(database: Database, port: int) -> dict[str, str]:
    """The path of a page of each walk: its first, or one that is near the end."""
    paths = {}
    for what, query in WALKS.items():
        path = f"/users?{query}&page_size={PAGE}&after="
        paths[what] = path + (cursor_near_end(database, port, path, query.removeprefix("sort=")) if " end " in what else "")
    return paths


def cursor_near_end(database: Database, port: int, path: str, sort: str) -> str:
    """That of the first page, put at another place: with `ACCESS=open` there is no key to a cursor, see docs/lists.md."""
    user, name, created = database.run(f"select user_id, username, unix_timestamp(created_at) from users order by {sort} desc limit 1 offset {2 * PAGE}")[0]
    place = {"user_id": user.to_bytes(4), "created_at": int(created).to_bytes(8) + user.to_bytes(4), "username": name.encode()}[sort]
    first = json.loads(ask_once(port, "GET", path, None))["next"]
    cursor = base64.urlsafe_b64decode(first + "==")[:CURSOR_HEAD] + place
    return base64.urlsafe_b64encode(cursor + hashlib.sha256(cursor).digest()[:16]).decode().rstrip("=")


def measure(database: Database, service: Contestant, seconds: float, most_rows: int, logs: Path) -> dict:
    """Medians at every size, and at the largest the statements with their plans."""
    database.run("truncate users")
    points, filled = [], []
    for rows in [size for size in SIZES if size <= most_rows]:
        started = time.monotonic()
        database.fill("users", rows)
        database.run("analyze table users")
        filled.append({"rows": rows, "seconds": time.monotonic() - started})
        print(f"  {database.title}: {rows:,} rows, filled in {filled[-1]['seconds']:.0f} s", flush=True)
        server = Server(service, database, logs)
        try:
            points += at_size(database, server, rows, seconds)
        finally:
            server.stop()
    plans = captured(database, service, filled[-1]["rows"], logs)
    return {"database": database.title, "buffer_pool": database.buffer_pool, "points": points, "plans": plans, "filled": filled}


def at_size(database: Database, server: Server, rows: int, seconds: float) -> list[dict]:
    """Milliseconds of each call on one connection; `rate` too where wrk asks."""
    found = []
    # What is measured is a server that has been up for a while.
    wrk(server.port, "get", rows, 1, max(1, seconds / 2))
    wrk(server.port, "lookup", rows, 1, max(1, seconds / 2))
    for scenario in ("get", "lookup", "create"):
        result = wrk(server.port, scenario, rows, 1, seconds)
        if result["status"] or result["timeout"]:
            raise SystemExit(f"error: {scenario} at {rows} rows had errors: {result}")
        found.append({"rows": rows, "what": scenario, "ms": result["p50"], "rate": result["rate"]})
        server.forget_log()
    database.settle()
    database.run("delete from users where user_id > %s", rows)
    for what, page in (("first page", 1), ("deep page", rows // PAGE)):
        found.append({"rows": rows, "what": what, "ms": over_http(server.port, f"/users?page={page}&page_size={PAGE}", seconds)})
    for what, path in walks(database, server.port).items():
        found.append({"rows": rows, "what": what, "ms": over_http(server.port, path, seconds / 2)})
    for what, sql in comparisons(rows).items():
        found.append({"rows": rows, "what": what, "ms": repeated(lambda: database.run(sql), seconds / 2)})
    return found


def over_http(port: int, path: str, seconds: float) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask() -> None:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise SystemExit(f"error: GET {path} was answered {answer.status} {body!r}")

    return repeated(ask, seconds)


def repeated(action, seconds: float) -> float:
    """The median of its milliseconds, after one that does not count."""
    action()
    taken, end = [], time.perf_counter() + seconds
    while len(taken) < FEWEST or time.perf_counter() < end:
        started = time.perf_counter()
        action()
        taken.append((time.perf_counter() - started) * 1000)
    return median(taken)


def captured(database: Database, service: Contestant, rows: int, logs: Path) -> list[dict]:
    """The statements that the service really runs, from the server's log, each with the server's plan."""
    email = database.value("select email from users where user_id = 7")
    calls = {
        "get": ("GET", "/users/7", None),
        "lookup": ("GET", f"/users?email={email}", None),
        "first page": ("GET", f"/users?page=1&page_size={PAGE}", None),
        "deep page": ("GET", f"/users?page={rows // PAGE}&page_size={PAGE}", None),
        "create": ("POST", "/users", '{"username": "planned", "email": "planned@example.com"}'),
    }
    found = []
    database.run("set global log_output = 'TABLE'")
    database.run("set global general_log = 1")
    # A new one, because MariaDB logs the values of statements that were prepared after the log was switched on.
    server = Server(service, database, logs)
    try:
        calls |= {what: ("GET", path, None) for what, path in walks(database, server.port).items()}
        for what, (method, path, body) in calls.items():
            for statement in logged(database, lambda: ask_once(server.port, method, path, body)):
                found.append({"what": what, "statement": statement, "plan": plan(database, statement)})
    finally:
        server.stop()
        database.run("set global general_log = 0")
    for what, sql in comparisons(rows).items():
        found.append({"what": what, "statement": sql, "plan": plan(database, sql), "by_hand": True})
    return found


def ask_once(port: int, method: str, path: str, body: str | None) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, body, {"content-type": "application/json"} if body else {})
    answer = connection.getresponse().read()
    connection.close()
    return answer


def logged(database: Database, action) -> list[str]:
    database.run("truncate mysql.general_log")
    action()
    rows = database.run("select argument from mysql.general_log where command_type = 'Execute' order by event_time")
    return [re.sub(r"\s+", " ", text.decode() if isinstance(text, bytes) else text).strip() for (text,) in rows]


def plan(database: Database, statement: str) -> dict:
    """What EXPLAIN says, as a table."""
    with database.connection.cursor() as cursor:
        cursor.execute(f"explain {statement}")
        return {"columns": [column[0] for column in cursor.description], "rows": [[str(value) if value is not None else "" for value in row] for row in cursor]}

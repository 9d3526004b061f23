"""HTTP: each call at several numbers of connections, the contestants one after another within each round."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from contestants import PEER, SERVICE, Contestant, Server
from database import Database

SCENARIOS = ("get", "list", "create", "update", "delete", "mix")
CONNECTIONS = (1, 32, 256)
# So few that the server spends its time on requests, not on counting; `growth` is about many.
ROWS = 1_000
# More than any contestant deletes in a second.
DELETED_PER_SECOND = 15_000
SCRIPT = Path(__file__).with_name("load.lua")

COLUMNS = "user_id, username, email, full_name, created_at"
COUNT = "select count(*) as users from users force index (idx_user_id)"
PAGE = "select user_id from users force index (idx_user_id) order by user_id limit 10 offset"
# What the server is asked directly: the service's statements, and the count that is a part of the page with the total.
STATEMENTS = {
    "get": [f"select {COLUMNS} from users where user_id = {1 + i * 97 % ROWS}" for i in range(200)],
    "list": [
        "select total.users as total, users.user_id, users.username, users.email, users.full_name, users.created_at "
        f"from ({COUNT}) as total left join ({PAGE} {i * 70 % ROWS}) as page on true "
        "left join users on users.user_id = page.user_id order by page.user_id"
        for i in range(100)
    ],
    "count": [COUNT],
}


def wrk(
    port: int, scenario: str, rows: int, connections: int, seconds: float, arguments: tuple[str, ...] = (), token: str = ""
) -> dict:
    """One sample: rate in requests per second, percentiles in milliseconds, and what went wrong."""
    command = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{max(1, round(seconds))}s", "--timeout", "30s"]
    command += ["--header", f"authorization: Bearer {token}"] if token else []
    command += ["--latency", "--script", str(SCRIPT), f"http://127.0.0.1:{port}", "--", scenario, str(rows), *arguments]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    result = json.loads(next(line for line in output.splitlines() if line.startswith("RESULT ")).removeprefix("RESULT "))
    return result | {"rate": result["requests"] / result["seconds"]}


def measure(database: Database, contestants: list[Contestant], seconds: float, rounds: int, logs: Path) -> dict:
    """The samples of every scenario, and the database's own limit."""
    database.reset(ROWS)
    servers = [Server(contestant, database, logs) for contestant in contestants]
    samples = in_turn(database, servers, SCENARIOS, rounds, partial(sample, database, servers, seconds))
    return {"database": database.title, "samples": samples, "limits": limits(database, rounds)}


def in_turn(
    database: Database, servers: list[Server], scenarios: Iterable[str], rounds: int, sample: Callable[[Server, str, int, int], dict]
) -> list[dict]:
    """The samples of each scenario at each number of connections, one server after the other within each round. Ends the servers."""
    samples = []
    try:
        for scenario in scenarios:
            for connections in CONNECTIONS:
                print(f"  {database.title}: {scenario}, {connections} connections", flush=True)
                samples += [sample(server, scenario, connections, number) for number in range(rounds) for server in servers]
    finally:
        for server in servers:
            server.stop()
    return samples


def sample(
    database: Database, servers: list[Server], seconds: float, server: Server, scenario: str, connections: int, number: int
) -> dict:
    """Every contestant meets the same table."""
    # The Python service is far from the others: half the time is enough.
    length = seconds / 2 if server.name == PEER else seconds
    rows = int(DELETED_PER_SECOND * length) if scenario == "delete" else ROWS
    database.reset(rows)
    if number == 0:
        wrk(server.port, "get", rows, connections, 1)
        settle(database, servers)
    result = wrk(server.port, scenario, rows, connections, length)
    settle(database, servers)
    server.forget_log()
    return {"contestant": server.name, "scenario": scenario, "connections": connections, "round": number, **result}


def settle(database: Database, servers: list[Server]) -> None:
    """Leaves no request of one sample for the next. Which contestant still has one is unknown, so all are restarted."""
    if not database.settle():
        print("  requests whose client is gone are still running: every contestant is restarted", flush=True)
        for server in servers:
            server.stop()
        for server in servers:
            server.start()


def limits(database: Database, rounds: int) -> dict:
    """How many statements of a kind the server answers in a second, asked by its own load generator."""
    database.reset(ROWS)
    return {name: {str(clients): limit(database, statements, clients, rounds) for clients in CONNECTIONS[:2]} for name, statements in STATEMENTS.items()}


def limit(database: Database, statements: list[str], clients: int, rounds: int) -> dict:
    tool = shutil.which("mariadb-slap") or shutil.which("mysqlslap")
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(";".join(statements))
        file.flush()
        command = [tool, "--no-defaults", "--host=127.0.0.1", f"--port={database.port}", "--user=root", "--password=password", "--silent"]
        command += ["--create-schema=ecommerce", "--no-drop", "--delimiter=;", f"--query={file.name}", f"--concurrency={clients}"]
        command += [f"--number-of-queries={10_000 * min(clients, 4)}", f"--iterations={rounds}", "--csv"]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    _, _, average, least, most, used, each = output.strip().splitlines()[-1].split(",")[:7]
    queries = int(used) * int(each)
    return {"rate": queries / float(average), "least": queries / float(most), "most": queries / float(least)}


def ready(contestant: Contestant, database: Database) -> None:
    """Brings the schema in, with the service's own command."""
    assert contestant.name == SERVICE
    subprocess.run([contestant.executable, "migrate"], env=contestant.environment(database), check=True, stderr=subprocess.DEVNULL)

"""The cache: get with `CACHE_TTL` and every user in it, against the same executable without, one after the other within each round."""

from pathlib import Path

from contestants import Contestant, Server
from database import Database
from http_load import CONNECTIONS, ROWS, wrk

# By the setting. It outlasts the run, so that after the first second every request finds its user.
SETTINGS = {"with": {"CACHE_TTL": "3600"}, "without": {"CACHE_TTL": "0"}}
SCENARIOS = ("get", "lookup")


def measure(database: Database, service: Contestant, seconds: float, rounds: int, logs: Path) -> dict:
    """The samples of each call, with the cache and without."""
    database.reset(ROWS)
    servers = {cache: Server(service, database, logs, variables) for cache, variables in SETTINGS.items()}
    samples = []
    try:
        for scenario in SCENARIOS:
            for connections in CONNECTIONS:
                print(f"  {database.title}: {scenario}, {connections} connections", flush=True)
                for number in range(rounds):
                    for cache, server in servers.items():
                        if number == 0:
                            wrk(server.port, scenario, ROWS, connections, 1)
                        result = wrk(server.port, scenario, ROWS, connections, seconds)
                        server.forget_log()
                        samples.append({"cache": cache, "scenario": scenario, "connections": connections, "round": number, **result})
    finally:
        for server in servers.values():
            server.stop()
    return {"database": database.title, "samples": samples}

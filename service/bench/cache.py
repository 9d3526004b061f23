"""The cache: get with `CACHE_TTL` and every user in it, against the same executable without, one after the other within each round."""

from pathlib import Path

from contestants import Contestant, Server
from database import Database
from http_load import ROWS, in_turn, wrk

# By the setting. It outlasts the run, so that after the first second every request finds its user.
SETTINGS = {"with": {"CACHE_TTL": "3600"}, "without": {"CACHE_TTL": "0"}}
SCENARIOS = ("get", "lookup")


def measure(database: Database, service: Contestant, seconds: float, rounds: int, logs: Path) -> dict:
    """The samples of each call, with the cache and without."""
    database.reset(ROWS)
    caches = {Server(service, database, logs, variables): cache for cache, variables in SETTINGS.items()}

    def sample(server: Server, scenario: str, connections: int, number: int) -> dict:
        if number == 0:
            wrk(server.port, scenario, ROWS, connections, 1)
        result = wrk(server.port, scenario, ROWS, connections, seconds)
        server.forget_log()
        return {"cache": caches[server], "scenario": scenario, "connections": connections, "round": number, **result}

    return {"database": database.title, "samples": in_turn(database, list(caches), SCENARIOS, rounds, sample)}

"""The section of the report about the cache."""

from accounts_report import row
from figures import rows_where


def cache_section(part: dict) -> str:
    text = """
## The cache

The same executable with `CACHE_TTL` and without, in turn, over the same table of 1,000 users; with it, every user was read before the
samples. `get` is by id, `lookup` by address.
"""
    for database in part["databases"]:
        samples = database["samples"]
        text += f"\n### The cache on {database['database']}\n\n"
        text += "| what | a second | p50 ms | p99 ms | p99.9 ms | errors |\n|---|---:|---:|---:|---:|---:|\n"
        for scenario in dict.fromkeys(sample["scenario"] for sample in samples):
            for connections in dict.fromkeys(sample["connections"] for sample in samples):
                for cache in ("with", "without"):
                    found = rows_where(samples, scenario=scenario, connections=connections, cache=cache)
                    text += row(f"{scenario}, {connections} connections, {cache}", found)
    return text

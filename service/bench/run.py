"""Runs the parts of the bench that are asked for, keeps their figures in target/bench, and draws the report from all."""

import datetime
import json
import os
import platform
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import accounts
import cache
import growth
import http_load
import lambda_program
import mail
import report
import startup
from contestants import Contestant, at_hand
from database import ROOT, Database

FOLDER = ROOT / "target/bench"
LOGS = FOLDER / "logs"
PARTS = ("http", "cache", "accounts", "mail", "lambda", "growth", "startup")


def machine() -> str:
    """Processor, cores, memory, kernel."""
    processor = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text()).group(1)) / (1 << 20)
    name = processor.group(1) if processor else platform.machine()
    return f"{name}, {os.cpu_count()} cores, {memory:.0f} GiB, Linux {platform.release().split('-')[0]}"


def commit() -> str:
    described = subprocess.run(["git", "describe", "--always", "--dirty=-changed"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    return described.stdout.strip() or "unknown"


def settings() -> dict:
    """What the environment chooses, with the defaults."""
    chosen = os.environ.get("BENCH") or " ".join(PARTS)
    unknown = set(chosen.split()) - {*PARTS, "report"}
    if unknown:
        sys.exit(f"error: BENCH is '{chosen}'; it may name {', '.join(PARTS)} and report")
    return {
        "parts": chosen.split(),
        "seconds": float(os.environ.get("BENCH_SECONDS") or 4),
        "rounds": int(os.environ.get("BENCH_ROUNDS") or 3),
        "logins": int(os.environ.get("BENCH_LOGINS") or accounts.LOGINS),
        "rows": int(os.environ.get("BENCH_ROWS") or growth.SIZES[-1]),
        "databases": (os.environ.get("BENCH_DATABASES") or "mariadb mysql").split(),
    }


def measured(part: str, chosen: dict, contestants: list[Contestant]) -> dict | list:
    """One part, on each database in turn."""
    service, results = contestants[0], []
    measures: dict[str, Callable[[Database], dict]] = {
        "http": lambda database: http_load.measure(database, contestants, chosen["seconds"], chosen["rounds"], LOGS),
        "cache": lambda database: cache.measure(database, service, chosen["seconds"], chosen["rounds"], LOGS),
        "accounts": lambda database: accounts.measure(database, contestants, chosen["seconds"], chosen["rounds"], chosen["logins"], LOGS),
        "mail": lambda database: mail.measure(database, contestants, chosen["seconds"], chosen["rounds"], chosen["logins"], LOGS),
        "lambda": lambda database: lambda_program.measure(database, contestants, chosen["rounds"]),
        "growth": lambda database: growth.measure(database, service, chosen["seconds"], chosen["rows"], LOGS),
        "startup": lambda database: startup.measure(database, service, chosen["rounds"]),
    }
    extra = {}
    for kind in chosen["databases"]:
        with Database(kind) as database:
            http_load.ready(service, database)
            results.append(measures[part](database))
            if part == "lambda" and not extra:
                extra = {"instructions": lambda_program.instructions(database, contestants), "sizes": lambda_program.sizes(contestants)}
    return {"databases": results, **extra}


def main() -> None:
    # So that what was started is stopped and removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("error: terminated"))
    chosen = settings()
    LOGS.mkdir(parents=True, exist_ok=True)
    for part in [part for part in PARTS if part in chosen["parts"]]:
        print(f"{part}:", flush=True)
        result = measured(part, chosen, at_hand())
        about = {
            "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
            "machine": machine(),
            "commit": commit(),
            "seconds": chosen["seconds"],
            "rounds": chosen["rounds"],
            "peer": bool(os.environ.get("PEER_PYTHON")),
        }
        (FOLDER / f"{part}.json").write_text(json.dumps({**about, **result}, indent=1))
    report.write({part: json.loads(file.read_text()) for part in PARTS if (file := FOLDER / f"{part}.json").exists()})
    print(f"The report is {report.DOCUMENT.relative_to(ROOT)}", flush=True)


if __name__ == "__main__":
    main()

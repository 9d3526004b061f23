"""Writes docs/benchmarks.md and its pictures from the figures in target/bench. Every figure, and every word that judges
one, is computed here."""

import plots
from accounts_report import accounts_section
from cache_report import cache_section
from contestants import FLOOR, PEER, SERVICE
from database import ROOT
from figures import errors_of, figure, middle, of, rows_where, shown
from goals import MEBIBYTE, MEGABYTE, all_goals
from growth_report import growth_section
from http_load import ROWS
from mail_report import mail_section

DOCUMENT = ROOT / "docs/benchmarks.md"
PICTURES = ROOT / "docs/benchmarks"
CONTESTANTS = (SERVICE, FLOOR, PEER)

HEAD = """# Benchmarks

Measured and written by one command, which rewrites this page: `make bench`. `BENCH="http lambda"` chooses parts (`http`, `cache`, `accounts`,
`mail`, `lambda`, `growth`, `startup`; `report` only rewrites the page), `BENCH_SECONDS` the length of a sample, `BENCH_ROUNDS` how often each is taken,
`BENCH_ROWS` the largest table of `growth`, `PEER` the folder of the Python service. Raw figures are left in `target/bench/*.json`.

A figure is the median of its samples. ± is half the range of the samples, in percent of the median.

| part | measured | on | source | seconds a sample | rounds |
|---|---|---|---|---:|---:|
"""

WHO = f"""
**What is compared.** *{SERVICE}*: this service, the executable of the image. *{FLOOR}*: [a minimal program](../service/bench/floor/src/main.rs) that
runs the same statements with the same libraries, versions, release profile and linker flags, and does nothing else: no validation, no log, no
request id, no time limits, and a pool that never pings. It is the upper bound that those libraries allow. *{PEER}*: the FastAPI service
that this one replaces, with two uvicorn workers, or as a Lambda program with awslambdaric.
All use the same private database server on the same machine, which also makes the load; all share its cores.
The service and the Python service log at INFO to a file, each in the form of its production: the service in JSON.
"""

NO_PEER = f"\n**The {PEER} was not at hand in every part of this run**: set `PEER` to its folder. Where it was not, its goals are not measured.\n"


def write(parts: dict) -> None:
    """From the parts that have ever been measured on this machine."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    text = HEAD
    for name, part in parts.items():
        text += f"| {name} | {part['date']} | {part['machine']} | {part['commit']} | {part['seconds']:g} | {part['rounds']} |\n"
    text += WHO + ("" if all(part["peer"] for part in parts.values()) else NO_PEER)
    text += goals_section(parts)
    sections = {"http": http_section, "cache": cache_section, "accounts": accounts_section, "mail": mail_section, "lambda": lambda_section, "growth": growth_section, "startup": startup_section}
    for name, section in sections.items():
        if name in parts:
            text += section(parts[name])
    DOCUMENT.write_text(text)


def goals_section(parts: dict) -> str:
    found = all_goals(parts)
    words = [goal.word.strip("*") for goal in found]
    counts = ", ".join(f"{words.count(word)} {word}" for word in ("met", "missed", "not measured") if word in words)
    rows = "\n".join(goal.row() for goal in found)
    return f"\n## Goals: {counts}\n\n| figure | database | reached | goal | |\n|---|---|---:|---:|---|\n{rows}\n"


def slug(database: dict) -> str:
    return database["database"].split()[0].lower()


def http_section(part: dict) -> str:
    text = """
## HTTP

wrk on one thread, without any TLS. Within a round the programs take turns; each sample begins with the same table
of 1,000 users (more for `delete`, so that it does not run out). `list` is a random page of 10 with the exact total; `mix` is nine
`get` to one `create` or `update`. A sample of the Python service is half as long.
"""
    for database in part["databases"]:
        samples = database["samples"]
        names = [name for name in CONTESTANTS if rows_where(samples, contestant=name)]
        picture = f"throughput-{slug(database)}.svg"
        plots.throughput(database, names, PICTURES / picture)
        text += f"\n### {database['database']}\n\n![Throughput](benchmarks/{picture})\n\n"
        text += "| call | connections | who | requests/s | p50 ms | p99 ms | p99.9 ms | errors |\n|---|---:|---|---:|---:|---:|---:|---:|\n"
        for scenario in dict.fromkeys(sample["scenario"] for sample in samples):
            for connections in dict.fromkeys(sample["connections"] for sample in samples):
                for name in names:
                    text += http_row(samples, scenario, connections, name)
        if any(not sample["requests"] for sample in samples):
            text += "\nA rate of 0 is a sample in which no request was answered before its end.\n"
        text += limits(database)
    return text


def http_row(samples: list[dict], scenario: str, connections: int, name: str) -> str:
    wanted = {"contestant": name, "scenario": scenario, "connections": connections}
    percentiles = [of(samples, column, **wanted).middle for column in ("p50", "p99", "p999")]
    failed = sum(errors_of(sample) for sample in rows_where(samples, **wanted))
    times = " | ".join(f"{value:.2f}" for value in percentiles)
    return f"| {scenario} | {connections} | {name} | {shown(of(samples, 'rate', **wanted))} | {times} | {failed} |\n"


STATEMENTS = {"get": "one user by id", "list": "a page of 10 with the exact total, as the service sends it", "count": "the exact total alone"}


def limits(database: dict) -> str:
    """What the database can do at most, and what that says about the goal of the list."""
    rates = {name: {clients: figure["rate"] for clients, figure in figures.items()} for name, figures in database["limits"].items()}
    clients = list(rates["get"])
    text = "\nThe database's own limit, from its own load generator (mysqlslap, text protocol), in statements a second:\n\n"
    text += f"| statement | {' | '.join(f'{number} connection(s)' for number in clients)} |\n|---|{'---:|' * len(clients)}\n"
    for name, title in STATEMENTS.items():
        text += f"| {title} | {' | '.join(f'{rates[name][number]:,.0f}' for number in clients)} |\n"
    share = rates["list"]["1"] / rates["count"]["1"]
    text += f"\nThe count of {ROWS:,} entries takes {share:.0%} of the time of the page with the total, on one connection."
    peer = middle(database["samples"], "rate", contestant=PEER, scenario="list", connections=32)
    if peer:
        text += (
            f" Against the {PEER}'s {peer:,.0f} lists a second on 32 connections, the database alone, without any HTTP, reaches "
            f"{rates['list']['32'] / peer:.1f} ×."
        )
    return text + "\n"


def lambda_section(part: dict) -> str:
    text = f"""
## Lambda

Each program is spawned as Lambda does it, against a mock of the Runtime API and of Secrets Manager on this machine, and answers
`GET /users/1`. The time is from spawn to first response: the program's share of a cold start, not AWS's cold start. The mock
of Secrets Manager speaks plain HTTP; AWS adds the network and a TLS handshake, for every program. In AWS the service trusts
Amazon's authorities, which are built in; for another endpoint, such as this mock, it loads the machine's, which takes longer. The
variant with Amazon's authorities alone (`SSL_CERT_FILE`) does in this respect what the service does in AWS.
The {PEER} verifies no database certificate, and the floor fetches no secret: those variants do not exist. Warm invocations and
peak memory are of the variant of each that does most.
"""
    for database in part["databases"]:
        picture = f"start-{slug(database)}.svg"
        plots.starts(database, PICTURES / picture)
        text += f"\n### {database['database']}\n\n![Start](benchmarks/{picture})\n\n"
        text += starts_table(database["starts"])
        text += "\n| who | warm p50, ms | warm p99, ms | peak memory, MiB |\n|---|---:|---:|---:|\n"
        for name in CONTESTANTS:
            if rows_where(database["warm"], contestant=name):
                p50, p99 = (shown(of(database["warm"], column, contestant=name), ".3f") for column in ("p50", "p99"))
                peak = figure(row["bytes"] / MEBIBYTE for row in rows_where(database["memory"], contestant=name))
                text += f"| {name} | {p50} | {p99} | {shown(peak, '.1f')} |\n"
    return text + sizes_table(part)


def starts_table(starts: list[dict]) -> str:
    text = "| who | secret | TLS to the database | authorities loaded | spawn to first response, ms | starts |\n|---|---|---|---|---:|---:|\n"
    for name in CONTESTANTS:
        for variant in dict.fromkeys((row["secret"], row["tls"], row["amazon_roots"]) for row in rows_where(starts, contestant=name)):
            secret, tls, amazon = variant
            value = of(starts, "ms", contestant=name, secret=secret, tls=tls, amazon_roots=amazon)
            authorities = "Amazon's" if amazon else "the machine's" if secret and name == SERVICE else ""
            text += f"| {name} | {yes(secret)} | {yes(tls)} | {authorities} | {shown(value, '.1f')} | {value.samples} |\n"
    return text


def sizes_table(part: dict) -> str:
    """Image: the executable and the certificate authorities, on an empty base."""
    text = "\nThe image is the executable and the machine's certificate authorities on an empty base. Instructions are those of one warm\n"
    text += "request, counted by callgrind: the difference between a run of 1,050 invocations and one of 50, over 1,000.\n\n"
    text += "| who | executable, MB | image, MB | instructions of a request |\n|---|---:|---:|---:|\n"
    for name, size in part["sizes"].items():
        counted = part["instructions"][name]
        text += f"| {name} | {size['executable'] / MEGABYTE:.2f} | {size['image'] / MEGABYTE:.2f} | {counted:,.0f} |\n"
    return text


def yes(value: bool) -> str:
    return "yes" if value else "no"


def startup_section(part: dict) -> str:
    plots.startup(part["databases"], PICTURES / "startup.svg")
    text = """
## Where the start-up time goes

![The parts of a start](benchmarks/startup.svg)

A start with secret, TLS and Amazon's authorities alone, as above. Marks are the first system calls of each part, seen by strace
(`--seccomp-bpf`, so that other calls run at full speed); each part is the median of its starts. strace slows a start, so every part is
scaled by the median of as many starts without it. The times of the mocks, which are in Python, are included.
"""
    for database in part["databases"]:
        parts, plain = database["parts"], database["untraced_ms"]
        scale = plain / sum(parts.values())
        text += f"\n### {database['database']}: {plain:.1f} ms, under strace {database['traced_ms']:.1f} ms\n\n"
        text += "| part | ms | share |\n|---|---:|---:|\n"
        for name, milliseconds in parts.items():
            text += f"| {name} | {milliseconds * scale:.2f} | {100 * milliseconds * scale / plain:.0f} % |\n"
    return text

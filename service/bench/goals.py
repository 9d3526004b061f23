"""The goals, computed from the figures of the run: met, missed, or not measured."""

from dataclasses import dataclass
from statistics import median

from contestants import FLOOR, PEER, SERVICE
from figures import middle, ratio, rows_where

MEGABYTE = 1_000_000
MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Goal:
    """One goal on one database: `reached` compares with `limit`, from below or from above."""

    name: str
    database: str
    reached: float | None
    limit: float
    at_least: bool
    unit: str = "×"
    detail: str = ""

    @property
    def word(self) -> str:
        if self.reached is None:
            return "not measured"
        return "met" if (self.reached >= self.limit if self.at_least else self.reached <= self.limit) else "**missed**"

    def row(self) -> str:
        sign = "≥" if self.at_least else "≤"
        reached = "–" if self.reached is None else f"{self.reached:.3g} {self.unit}".rstrip()
        return f"| {self.name} | {self.database} | {reached}{self.detail} | {sign} {f'{self.limit:.3g} {self.unit}'.rstrip()} | {self.word} |"


def all_goals(parts: dict) -> list[Goal]:
    """In the order of the parts."""
    found: list[Goal] = []
    for database in parts.get("http", {}).get("databases", []):
        found += http_goals(database)
    for database in parts.get("cache", {}).get("databases", []):
        found += cache_goals(database)
    for database in parts.get("accounts", {}).get("databases", []):
        found += accounts_goals(database)
    for database in parts.get("mail", {}).get("databases", []):
        found += mail_goals(database)
    for database in parts.get("lambda", {}).get("databases", []):
        found += lambda_goals(database)
    if "lambda" in parts:
        found += size_goals(parts["lambda"]["sizes"])
    for database in parts.get("growth", {}).get("databases", []):
        found += growth_goals(database)
    return found


def http_goals(database: dict) -> list[Goal]:
    def rate(contestant: str, scenario: str) -> float | None:
        return middle(database["samples"], "rate", contestant=contestant, scenario=scenario, connections=32)

    def over(other: str, scenario: str) -> float | None:
        return ratio(rate(SERVICE, scenario), rate(other, scenario))

    title = database["database"]
    return [
        Goal("get, 32 connections, against the Python service", title, over(PEER, "get"), 25, True),
        Goal("get, 32 connections, against the floor", title, over(FLOOR, "get"), 0.9, True),
        Goal("list of 10 with total, 32 connections, against the Python service", title, over(PEER, "list"), 18, True),
        Goal("list of 10 with total, 32 connections, against the floor", title, over(FLOOR, "list"), 0.9, True),
        Goal("create, 32 connections, against the floor", title, over(FLOOR, "create"), 0.9, True),
    ]


def cache_goals(database: dict) -> list[Goal]:
    rates = {cache: middle(database["samples"], "rate", cache=cache, scenario="get", connections=32) for cache in ("with", "without")}
    return [Goal("get with a warm cache, 32 connections, against without", database["database"], ratio(rates["with"], rates["without"]), 2.5, True)]


def accounts_goals(database: dict) -> list[Goal]:
    title, sign_ins, steady = database["database"], database["sign_ins"], database["steady"]
    reads = {who: middle(database["reads"], "rate", who=who) for who in ("with a token", "floor")}
    idle, beside = (middle(steady, "p99", beside=beside) for beside in (False, True))
    known, unknown = (database["logins"]["percentiles"][kind][1] for kind in ("known", "unknown"))
    difference = abs(unknown / known - 1) * 100
    return [
        Goal("sign-ins, against Argon2 alone", title, ratio(middle(sign_ins, "rate"), middle(sign_ins, "hashes")), 0.9, True),
        Goal("get with a token, 32 connections, against the floor", title, ratio(reads["with a token"], reads["floor"]), 0.9, True),
        Goal("get beside sign-ins, p99 (3 × alone + 5 ms)", title, beside, 3 * idle + 5, False, "ms", f" (alone {idle:.2f} ms)"),
        Goal("known and unknown logins, difference of the medians", title, difference, 1, False, "%"),
        Goal("spawn to first response with a token and both secrets", title, median(database["starts"]), 15, False, "ms"),
    ]


def mail_goals(database: dict) -> list[Goal]:
    title = database["database"]
    ask, create = (middle(database["accepted"], "p50", what=what) for what in ("ask", "create"))
    known, unknown = (database["asked"]["percentiles"][kind][1] for kind in ("known", "unknown"))
    return [
        Goal("to accept that a link is asked for, against a create, p50", title, ratio(ask, create), 2, False),
        Goal("mails a second out of the outbox", title, middle(database["drained"], "rate"), 200, True, ""),
        Goal("links for known and unknown logins, difference of the medians", title, abs(unknown / known - 1) * 100, 1, False, "%"),
    ]


def lambda_goals(database: dict) -> list[Goal]:
    title, starts, warm = database["database"], database["starts"], database["warm"]
    cold, aws = (middle(starts, "ms", contestant=SERVICE, secret=True, tls=True, amazon_roots=amazon) for amazon in (False, True))
    peer_cold = middle(starts, "ms", contestant=PEER, secret=True)
    p50 = {name: middle(warm, "p50", contestant=name) for name in (SERVICE, FLOOR, PEER)}
    memory = {name: middle(database["memory"], "bytes", contestant=name) for name in (SERVICE, PEER)}
    above = None if p50[FLOOR] is None else p50[SERVICE] - p50[FLOOR]
    name = "spawn to first response with secret and TLS"
    return [
        Goal(f"{name}, against 825 ms", title, ratio(cold, 825), 1 / 50, False, detail=f" ({cold:.1f} ms)"),
        Goal(f"{name}, Amazon's roots only, against 825 ms", title, ratio(aws, 825), 1 / 50, False, detail=f" ({aws:.1f} ms)"),
        Goal(f"{name}, against the Python service of this run", title, ratio(cold, peer_cold), 1 / 50, False),
        Goal("warm invocation p50, against the Python service", title, ratio(p50[SERVICE], p50[PEER]), 1 / 4, False),
        Goal("warm invocation p50, above the floor", title, above, 0.2, False, "ms"),
        Goal("peak memory as Lambda, against the Python service", title, ratio(memory[SERVICE], memory[PEER]), 1 / 5, False),
    ]


def size_goals(sizes: dict) -> list[Goal]:
    service = sizes[SERVICE]
    # The base is empty: the image is the executable and the certificate authorities.
    return [
        Goal("executable for Lambda", "either", service["executable"] / MEGABYTE, 12.8, False, "MB"),
        Goal("image over its base, against 12 MB", "either", service["image"] / (12 * MEGABYTE), 1.2, False),
    ]


def growth_goals(database: dict) -> list[Goal]:
    title, points = database["database"], database["points"]
    sizes = sorted({point["rows"] for point in points})
    least, most = sizes[0], sizes[-1]
    if most < 10_000_000:
        return [Goal(f"growth to 10 million rows (this run ended at {most:,})", title, None, 1.5, False)]

    def at(what: str, rows: int) -> float | None:
        return middle(rows_where(points, rows=rows), "ms", what=what)

    found = [Goal(f"{what}, 10 million rows against 1 thousand", title, ratio(at(what, most), at(what, least)), 1.5, False) for what in ("get", "lookup", "create")]
    faster = ratio(at("plain OFFSET", most), at("deferred join", most))
    statements = len(rows_where(database["plans"], what="create"))
    found.append(Goal("statements of a create (insert-then-select has 2)", title, statements or None, 1, False, ""))
    return [*found, Goal("deep page at 10 million rows, faster than plain OFFSET", title, faster, 1.7, True)]

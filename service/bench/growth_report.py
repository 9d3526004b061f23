"""The section on growth: curves, the reason of each slope, and the plans."""

import math

import plots
from database import ROOT
from figures import middle, rows_where

PICTURES = ROOT / "docs/benchmarks"
CURVES = {
    "get": "`GET /users/{id}`",
    "lookup": "`GET /users?email=`",
    "create": "`POST /users`",
    "first page": "page 1 of 10 with the total",
    "deep page": "last page of 10 with the total",
    "walk, first page": "walk (`after=`), first page",
    "walk, end by user_id": "walk, page near the end by `user_id`",
    "walk, end by created_at": "walk, page near the end by `created_at`",
    "walk, end by username": "walk, page near the end by `username`",
    "walk, q of many": "walk, `q` that one in sixteen has",
    "walk, q of many, by username": "walk, the same by `-username`",
    "walk, q of few": "walk, `q` that six users have",
    "walk, q of none": "walk, `q` that nobody has",
    "exact total": "`count(*)` alone, by SQL",
    "plain OFFSET": "last page without the total, plain OFFSET, by SQL",
    "deferred join": "last page without the total, deferred join, by SQL",
}
WALKS = [what for what in CURVES if what.startswith("walk")]
# An exponent up to this is called flat: a tenfold table then costs at most a quarter more.
FLAT = 0.1
FIXED = "The fixed cost of a request hides what the rows cost."
FLAT_REASONS = {
    "get": "One descent of the primary key's tree, whose depth grows with the logarithm of the rows.",
    "lookup": "One descent of the unique key's tree to the id, one of the primary key's to the row.",
    "create": "The row goes to the end of the primary key, and one entry into the tree of each key; no other page is touched.",
    **dict.fromkeys(WALKS, "The page is read from its place in the index on; nothing before it is."),
}
STEEP_REASONS = {
    "get": "A single descent should not grow like this: the pages asked for were not all in memory, or the machine was busy.",
    "lookup": "Two descents should not grow like this: the pages asked for were not all in memory, or the machine was busy.",
    "create": "Each of the unique keys is a tree of its own; its pages were not all in memory, or were split.",
    "first page": "The page itself is at the start of the key; the exact total counts every entry.",
    "deep page": "Every entry before the page is skipped in the narrow key, and the exact total counts every entry.",
    **dict.fromkeys(WALKS, "The page is read from its place on; `q` counts at most 20,000 entries of each key, and looks at 10,000 users at most: flat beyond."),
    "exact total": "InnoDB keeps no count: every entry of a key is read.",
    "plain OFFSET": "Every whole row before the page is read and discarded.",
    "deferred join": "Every entry before the page is skipped, but in a narrow key; only the page's rows are read.",
}


def growth_section(part: dict) -> str:
    text = """
## Growth

One connection, a warm server, medians in milliseconds; get, lookup and create by wrk on random ids, pages by a client in Python, whose
own time is included. The slope is an exponent *e*: ten times the rows take 10^*e* times as long, from the smallest table to the
largest: 0 is flat, 1 is linear. It is given for the last factor of ten too, where the fixed cost of a request hides less.
Walks begin with `after=`; a page near the end is the last but one or two. What a `q` takes is bounded by a number of users, which the
smallest tables do not reach, so that only the last tenfold tells.
"""
    for database in part["databases"]:
        name = database["database"].split()[0].lower()
        plots.growth(database, measured(database), PICTURES / f"growth-{name}.svg")
        text += f"\n### {database['database']}\n\n![Growth](benchmarks/growth-{name}.svg)\n\n{curves(database)}{filled(database)}{plans(database)}"
    return text


def measured(database: dict) -> list[str]:
    """The curves that there are figures of: those of an earlier version lack some."""
    return [what for what in CURVES if rows_where(database["points"], what=what)]


def curves(database: dict) -> str:
    sizes = sorted({point["rows"] for point in database["points"]})
    columns = " | ".join(f"{rows:,}" for rows in sizes)
    text = f"| what | {columns} | slope | last tenfold | why |\n|---|{'---:|' * (len(sizes) + 2)}---|\n"
    for what in measured(database):
        values = [middle(rows_where(database["points"], rows=rows), "ms", what=what) for rows in sizes]
        whole, last = exponent(sizes, values, 0), exponent(sizes, values, -2)
        cells = " | ".join(f"{value:.2f}" for value in values)
        text += f"| {CURVES[what]} | {cells} | {whole:.2f} | {last:.2f} | {reason(what, max(whole, last))} |\n"
    rates = [middle(rows_where(database["points"], rows=rows), "rate", what="create") for rows in sizes]
    text += f"| users created a second | {' | '.join(f'{rate:,.0f}' for rate in rates)} | | | |\n"
    return text


def exponent(sizes: list[int], values: list[float], start: int) -> float:
    """The slope on logarithmic scales, from the size at `start` to the largest."""
    if len(sizes) < 2:
        return 0.0
    return math.log(values[-1] / values[start]) / math.log(sizes[-1] / sizes[start])


def reason(what: str, slope: float) -> str:
    return FLAT_REASONS.get(what, FIXED) if slope <= FLAT else STEEP_REASONS[what]


def filled(database: dict) -> str:
    last = database["filled"][-1]
    pool = database["buffer_pool"] / (1 << 30)
    return f"\nThe server's buffer pool was {pool:.1f} GiB. The last step of filling the table, to {last['rows']:,} rows, took {last['seconds']:.0f} s.\n"


def plans(database: dict) -> str:
    """The statements as the server logged them, each with its plan."""
    rows = max(point["rows"] for point in database["points"])
    text = f"\n<details><summary>Statements and their plans at {rows:,} rows</summary>\n"
    for found in database["plans"]:
        origin = "by hand, for comparison" if found.get("by_hand") else "as the service sent it"
        text += f"\n**{found['what']}**, {origin}:\n\n```sql\n{found['statement']}\n```\n\n{plan_table(found['plan'])}"
    return text + "\n</details>\n"


def plan_table(plan: dict) -> str:
    """Without the columns that are empty in every row; a server that draws a tree has one column with lines."""
    if plan["columns"] == ["EXPLAIN"]:
        return f"```\n{plan['rows'][0][0].strip()}\n```\n"
    used = [number for number, _ in enumerate(plan["columns"]) if any(row[number] for row in plan["rows"])]
    lines = [[plan["columns"][number] for number in used], ["---"] * len(used), *([row[number].replace("|", "\\|") for number in used] for row in plan["rows"])]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)

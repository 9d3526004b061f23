"""The plots of the report, as reproducible SVG."""

from pathlib import Path

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402

from contestants import FLOOR, PEER, SERVICE  # noqa: E402
from figures import middle, of, rows_where  # noqa: E402

COLOURS = {SERVICE: "#1f6feb", FLOOR: "#8b949e", PEER: "#d29922"}
matplotlib.rcParams.update(
    {
        "svg.hashsalt": "users-service",
        "svg.fonttype": "none",
        "font.family": "sans-serif",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "figure.facecolor": "white",
    }
)


def save(figure, file: Path) -> None:
    figure.savefig(file, metadata={"Date": None}, bbox_inches="tight")
    pyplot.close(figure)


def throughput(database: dict, contestants: list[str], file: Path) -> None:
    """Requests a second on 32 connections, with the least and the most of the rounds."""
    scenarios = list(dict.fromkeys(sample["scenario"] for sample in database["samples"]))
    figure, axes = pyplot.subplots(figsize=(9, 4))
    width = 0.8 / len(contestants)
    for place, contestant in enumerate(contestants):
        found = [of(database["samples"], "rate", contestant=contestant, scenario=scenario, connections=32) for scenario in scenarios]
        across = [number + (place - (len(contestants) - 1) / 2) * width for number in range(len(scenarios))]
        errors = [[value.middle - value.least for value in found], [value.most - value.middle for value in found]]
        bars = axes.bar(across, [value.middle for value in found], width, label=contestant, color=COLOURS[contestant], yerr=errors, capsize=2)
        axes.bar_label(bars, [f"{value.middle:,.0f}" for value in found], fontsize=7, padding=2)
    axes.set_xticks(range(len(scenarios)), scenarios)
    axes.set_ylabel("requests per second")
    axes.set_title(f"Throughput on 32 connections, {database['database']}")
    axes.legend(frameon=False)
    save(figure, file)


def starts(database: dict, file: Path) -> None:
    """Spawn to first response, one bar for each variant."""
    keys = ("contestant", "secret", "tls", "amazon_roots")
    variants = sorted({tuple(row[key] for key in keys) for row in database["starts"]}, reverse=True)
    figure, axes = pyplot.subplots(figsize=(9, 0.45 * len(variants) + 1))
    found = [of(database["starts"], "ms", **dict(zip(keys, variant))) for variant in variants]
    labels = [
        f"{name}, {'secret' if secret else 'no secret'}, {'TLS' if tls else 'no TLS'}{', Amazon’s roots' if amazon else ''}"
        for name, secret, tls, amazon in variants
    ]
    bars = axes.barh(labels, [value.middle for value in found], color=[COLOURS[variant[0]] for variant in variants])
    axes.bar_label(bars, [f"{value.middle:.1f} ms" for value in found], fontsize=8, padding=3)
    axes.set_xscale("log")
    axes.set_xlim(left=1)
    axes.set_xlabel("milliseconds from spawn to first response (logarithmic)")
    axes.set_title(f"Start as a Lambda program, {database['database']}")
    save(figure, file)


def growth(database: dict, curves: list[str], file: Path) -> None:
    """Milliseconds over rows, both logarithmic."""
    figure, axes = pyplot.subplots(figsize=(9, 5))
    sizes = sorted({point["rows"] for point in database["points"]})
    for what in curves:
        values = [middle(rows_where(database["points"], rows=rows), "ms", what=what) for rows in sizes]
        style = "--" if what in ("plain OFFSET", "deferred join") else ":" if what.startswith("walk") else "-"
        axes.plot(sizes, values, marker="o", label=what, linestyle=style)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("rows")
    axes.set_ylabel("milliseconds, median")
    axes.grid(alpha=0.3)
    axes.set_title(f"Growth on one connection, {database['database']}")
    axes.legend(frameon=False, fontsize=8)
    save(figure, file)


def startup(databases: list[dict], file: Path) -> None:
    """One bar for each database, one piece for each part of the start."""
    figure, axes = pyplot.subplots(figsize=(10, 1.1 * len(databases) + 2.2))
    colours = matplotlib.colormaps["tab20"]
    for row, database in enumerate(databases):
        scale = database["untraced_ms"] / sum(database["parts"].values())
        left = 0.0
        for number, (name, milliseconds) in enumerate(database["parts"].items()):
            length = milliseconds * scale
            axes.barh(row, length, left=left, color=colours(number), label=name if row == 0 else None, height=0.6)
            if length > 0.05 * database["untraced_ms"]:
                axes.text(left + length / 2, row, f"{length:.1f}", ha="center", va="center", fontsize=8)
            left += length
    axes.set_yticks(range(len(databases)), [database["database"] for database in databases])
    axes.set_xlabel("milliseconds since the spawn")
    axes.set_title("What a start with secret and TLS is spent on")
    axes.legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.25), ncols=2)
    save(figure, file)

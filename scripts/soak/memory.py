#!/usr/bin/env python3
"""Reports whether the resident memory of a process grew, from samples, and plots them.

memory.py SAMPLES.csv PLOT.svg WARM_UP_SECONDS
"""

import csv
import sys
from pathlib import Path
from statistics import median

TOLERANCE = 0.05
# How many samples make one figure: a single one may fall on a busy moment.
SAMPLES = 6
WIDTH, HEIGHT, MARGIN = 800, 300, 50


def read(path: Path) -> list[tuple[float, float]]:
    """Seconds since the start, and MiB."""
    with path.open(newline="") as file:
        return [(float(row["seconds"]), int(row["rss_kib"]) / 1024) for row in csv.DictReader(file)]


def plot(samples: list[tuple[float, float]]) -> str:
    end, top = samples[-1][0], max(size for _, size in samples) * 1.2
    width, height = WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN
    points = " ".join(
        f"{MARGIN + width * seconds / end:.1f},{HEIGHT - MARGIN - height * size / top:.1f}" for seconds, size in samples
    )
    base = HEIGHT - MARGIN
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">
<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>
<path d="M{MARGIN},{MARGIN} V{base} H{WIDTH - MARGIN}" fill="none" stroke="black"/>
<polyline points="{points}" fill="none" stroke="#1f77b4" stroke-width="2"/>
<text x="{MARGIN}" y="{MARGIN - 10}">Resident memory in MiB</text>
<text x="{MARGIN - 8}" y="{MARGIN + 4}" text-anchor="end">{top:.0f}</text>
<text x="{MARGIN - 8}" y="{base + 4}" text-anchor="end">0</text>
<text x="{WIDTH - MARGIN}" y="{base + 20}" text-anchor="end">{end / 60:.0f} minutes</text>
</svg>
"""


def main(samples_path: str, plot_path: str, warm_up: str) -> int:
    samples = read(Path(samples_path))
    warm = [size for seconds, size in samples if seconds >= float(warm_up)]
    if len(warm) < 2 * SAMPLES:
        sys.exit(f"memory.py: only {len(warm)} samples after {warm_up} seconds, {2 * SAMPLES} are needed")
    Path(plot_path).write_text(plot(samples))
    first, last = median(warm[:SAMPLES]), median(warm[-SAMPLES:])
    growth = last / first - 1
    flat = abs(growth) <= TOLERANCE
    print(
        f"memory {first:.1f} MiB after {float(warm_up):.0f} s, {last:.1f} MiB at the end ({growth:+.1%}), "
        f"at most {max(size for _, size in samples):.1f} MiB: {'flat' if flat else 'NOT flat'} within {TOLERANCE:.0%}"
    )
    return 0 if flat else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

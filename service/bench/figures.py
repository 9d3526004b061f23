"""Medians and spreads of the samples, as the report and the goals need them."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Figure:
    """A median with the least and the most of its samples."""

    middle: float
    least: float
    most: float
    samples: int

    @property
    def spread(self) -> float:
        """From the least to the most, in percent of the median."""
        return 100 * (self.most - self.least) / self.middle if self.middle else 0


def figure(values: Iterable[float]) -> Figure | None:
    """None where nothing was measured."""
    found = list(values)
    return Figure(median(found), min(found), max(found), len(found)) if found else None


def rows_where(rows: list[dict], /, **wanted: object) -> list[dict]:
    return [row for row in rows if all(row.get(key) == value for key, value in wanted.items())]


def of(rows: list[dict], column: str, /, **wanted: object) -> Figure | None:
    return figure(row[column] for row in rows_where(rows, **wanted))


def middle(rows: list[dict], column: str, /, **wanted: object) -> float | None:
    found = of(rows, column, **wanted)
    return found.middle if found else None


def ratio(above: float | None, below: float | None) -> float | None:
    return above / below if above is not None and below else None


def errors_of(sample: dict) -> int:
    """Requests of a sample that had no proper answer."""
    return sum(sample[kind] for kind in ("connect", "read", "write", "status", "timeout"))


def shown(value: Figure | None, form: str = ",.0f") -> str:
    """As it stands in the report."""
    return "–" if value is None else f"{value.middle:{form}} ± {value.spread / 2:.0f} %"

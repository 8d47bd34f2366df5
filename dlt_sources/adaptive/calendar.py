"""The fiscal calendar: which periods lie in which year, and which years a version spans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dlt_sources.adaptive.wire import Element

_SPANS = (("startPlan", "endPlan"), ("leftScroll", "endPlan"), ("startVer", "endVer"))


@dataclass(frozen=True)
class Year:
    """A fiscal year: its code, those of its first and last period of the lowest stratum, and those of all its periods."""

    code: str
    first: str
    last: str
    periods: frozenset[str]


def years(time: Element) -> list[Year]:
    """The years of the calendar, in order."""
    found = []
    for year in time.iterfind("time/period"):
        leaves = [each.get("code", "") for each in year.iter("period") if each.find("period") is None]
        periods = frozenset(each.get("code", "") for each in year.iter("period"))
        found.append(Year(year.get("code", ""), leaves[0], leaves[-1], periods))
    return found


def span_of(version: Element) -> tuple[str, str]:
    """From which period to which a version goes, or that around it where it does not tell; the codes may be of any stratum."""
    for each in (version, *version.iterancestors("version")):
        for start, end in _SPANS:
            if each.get(start) and each.get(end):
                return each.get(start, ""), each.get(end, "")
    return "", ""


def within(calendar: Sequence[Year], start: str, end: str) -> list[Year]:
    """The years from that of one period to that of another. A period that the calendar does not have is no bound.

    A year that is planned from its middle on is one of them: its former months are told as they were.
    """
    begins = next((at for at, year in enumerate(calendar) if start in year.periods), 0)
    ends = next((at for at, year in enumerate(calendar) if end in year.periods), len(calendar) - 1)
    return list(calendar[begins : ends + 1])

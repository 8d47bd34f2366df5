"""Versions by date: most APIs answer under the month of their release too; ``/crm/objects/2026-03/deals`` is ``/crm/v3/objects/deals``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from starlette.routing import BaseRoute, Route

DATES = ("2025-09", "2026-03", "2026-09")
_NAMED = re.compile(r"/(crm|marketing)/v\d/([a-z-]+)(.*)")  # the version stands before the name; a date, behind it
_UNNAMED = re.compile(r"/(account-info|oauth)/v3(.*)")
_NEVER_DATED = {"forms"}  # of their definitions there are betas only
_SINCE = {"oauth": "2026-03"}


def with_dates(routes: Iterable[BaseRoute]) -> list[BaseRoute]:
    """The routes, and their twins under each date.

    Where two numbered versions of a call differ, the dates answer as the one that is named first.
    """
    numbered = list(routes)
    twins: dict[str, BaseRoute] = {}
    for route in numbered:
        if isinstance(route, Route):
            for path in _dated(route.path):
                twins.setdefault(path, Route(path, route.endpoint, methods=list(route.methods or ())))
    return [*numbered, *twins.values()]


def _dated(path: str) -> Iterator[str]:
    """The paths by date of a numbered one; none where the vendor has none."""
    if named := _NAMED.fullmatch(path):
        family, name, rest = named.groups()
        if name not in _NEVER_DATED:
            yield from (f"/{family}/{name}/{date}{rest}" for date in DATES)
    elif unnamed := _UNNAMED.fullmatch(path):
        api, rest = unnamed.groups()
        yield from (f"/{api}/{date}{rest}" for date in DATES if date >= _SINCE.get(api, date))

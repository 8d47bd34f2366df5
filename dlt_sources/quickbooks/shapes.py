"""What all of QuickBooks' objects are made of: names, references, moments, and how what is nested becomes columns."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import attrgetter
from typing import Any

import msgspec

from dlt_sources.records import TEXT, Instant, Kind, Record

_CAPITALS = {"ap": "AP", "ar": "AR", "cc": "CC", "tpar": "TPAR", "uri": "URI", "tds": "TDS"}


def wire_name(name: str) -> str:
    """``ap_account_ref`` to ``APAccountRef``."""
    return "".join(_CAPITALS.get(part, part[:1].upper() + part[1:]) for part in name.split("_"))


class QuickBooksRecord(Record, rename=wire_name):
    """Base: QuickBooks omits empty fields, so everything but the identity may be absent."""


class Inner(msgspec.Struct, kw_only=True, gc=False, frozen=True, rename=wire_name):
    """Base of what is nested; immutable, so that one empty object can stand for all that are absent."""


class Ref(msgspec.Struct, kw_only=True, gc=False, frozen=True):
    """A reference to another object by its id; the name beside it is left out: it is that of the moment, and lists tell it too."""

    value: str | None = None
    type: str | None = None


class Stamps(Inner, frozen=True):
    """When an object was created and last changed."""

    create_time: Instant | None = None
    last_updated_time: Instant | None = None


NO_REF = Ref()
NO_STAMPS = Stamps()
STAMPED = {"created_at": "meta_data.create_time", "updated_at": "meta_data.last_updated_time"}


class Flat:
    """Columns out of what is nested in a record: names to dotted paths; ``a.b|c.d`` takes the second where the first is absent.

    The values of a record come from one call in C, as long as nothing on a path is an explicit null.
    """

    def __init__(self, columns: Mapping[str, str], kinds: Mapping[str, Kind] | None = None) -> None:
        firsts = [path.partition("|")[0] for path in columns.values()]
        seconds = [path.partition("|")[2] for path in columns.values()]
        self._paths = [*firsts, *(path for path in seconds if path)]
        self._width = len(firsts)
        at = iter(range(self._width, len(self._paths)))
        self._second = [(number, next(at)) for number, path in enumerate(seconds) if path]
        self._get = attrgetter(*self._paths)
        self.within: dict[str, Kind] = {name: (kinds or {}).get(name, TEXT) for name in columns}

    def of(self, record: Any) -> tuple[Any, ...]:
        """The values of the columns, in order."""
        try:
            found = self._get(record)
        except AttributeError:
            found = tuple(reduce(lambda inner, name: getattr(inner, name, None), path.split("."), record) for path in self._paths)
        if not self._second:
            return found
        values = list(found[: self._width])
        for number, second in self._second:
            if values[number] is None:
                values[number] = found[second]
        return tuple(values)

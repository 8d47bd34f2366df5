"""How SAP's services name, group and order what they send."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

from dlt_sources.records import Record, names
from dlt_sources.records.intake import Endpoint

_CAPITALS = {part: part.upper() for part in ("bp", "eu", "gl", "id", "po", "sd", "uuid", "vat", "wbs")}
KNOWN = names("__metadata")
"""What every row has besides its properties."""

Feed = Literal["whole", "grouped", "changes", "rescanned", "slices"]
"""How a listing is read, see ``feeds``."""


def wire_name(name: str) -> str:
    """``gl_account`` to ``GLAccount``, ``to_item`` to ``to_Item``."""
    way, rest = ("to_", name[3:]) if name.startswith("to_") else ("", name)
    return way + "".join(_CAPITALS.get(part, part[:1].upper() + part[1:]) for part in rest.split("_"))


class SapRecord(Record, rename=wire_name):
    """Base: character fields that are empty arrive as "", other empty fields as null."""


@dataclass(frozen=True)
class Listing:
    """An endpoint, and how it is asked for.

    ``paths``: service and entity set, and where the same rows can be had if the first is not there. ``order`` names the
    properties of the key, ``group`` those of them that tell one object, ``expand`` the navigations whose rows come with each document.
    """

    endpoint: Endpoint
    paths: tuple[str, ...]
    order: tuple[str, ...]
    feed: Feed = "whole"
    group: tuple[str, ...] = ()
    expand: tuple[str, ...] = ()
    essential: bool = False

    @property
    def title(self) -> str:
        """The entity set, as people know it."""
        return self.paths[0].partition("/")[2]


def selected(record: type[Record]) -> tuple[str, ...]:
    """The properties that a record declares."""
    return tuple(info.encode_name for info in msgspec.structs.fields(record))


__all__ = ["KNOWN", "Feed", "Listing", "SapRecord", "selected", "wire_name"]

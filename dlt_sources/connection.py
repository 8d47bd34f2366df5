"""What a source needs to know of one connection of a firm."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from dlt_sources.http import Pacer, RateLimit, TokenStore

S = TypeVar("S", bound=msgspec.Struct)


@dataclass(frozen=True)
class Connection(Generic[S]):
    """One connection: its name in the settings, the vendor's keys, where pages are archived and tokens kept."""

    name: str
    settings: S
    archive: Path
    tokens: TokenStore
    _pacers: dict[tuple[RateLimit, ...], Pacer] = field(default_factory=dict, init=False, repr=False, compare=False)

    def pacer(self, limits: tuple[RateLimit, ...]) -> Pacer:
        """The one pacer of these limits, for all clients of the connection: a vendor counts its calls together."""
        return self._pacers.setdefault(limits, Pacer(limits))


@dataclass
class Unavailable:
    """Tables that a vendor did not let a source read, with the reason; the run goes on without them."""

    reasons: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """One line of a connection check, in plain words."""

    ok: bool
    subject: str
    message: str

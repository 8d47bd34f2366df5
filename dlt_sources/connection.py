"""What a source needs to know of one connection of a firm."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from dlt_sources.http import TokenStore

S = TypeVar("S", bound=msgspec.Struct)


@dataclass(frozen=True)
class Connection(Generic[S]):
    """One connection: its name in the settings, the vendor's keys, where pages are archived and tokens kept."""

    name: str
    settings: S
    archive: Path
    tokens: TokenStore


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

"""What an extraction works with: clients, archive, and how far back it looks again."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from dlt_sources.assembly import State
from dlt_sources.http import ApiClient
from dlt_sources.records import Archive
from dlt_sources.records.intake import Endpoint, Intake

OVERLAP = timedelta(minutes=10)
"""The search index lags behind the objects."""


class Sweeping(Protocol):
    """What of the settings an extraction needs."""

    @property
    def hours_between_sweeps(self) -> int:
        """How often is compared what no listing tells as changed."""

    @property
    def revenue_models(self) -> tuple[str, ...]:
        """Models of attribution whose reports are read."""


@dataclass
class Session:
    """The clients and the archive of one extraction."""

    connection_id: str
    settings: Sweeping
    api: ApiClient
    searching: ApiClient
    archive: Archive

    def intake(
        self, endpoint: Endpoint, known: MutableMapping[str, str] | None, *, listing: str = "", after: Intake | None = None
    ) -> Intake:
        """Takes in the pages of an endpoint."""
        return Intake(endpoint, connection_id=self.connection_id, archive=self.archive, known=known, listing=listing, after=after)

    def is_due(self, state: State, name: str = "swept_at") -> bool:
        """Whether a comparison was never made, or long ago."""
        pause = timedelta(hours=self.settings.hours_between_sweeps)
        return name not in state or datetime.now(UTC) - datetime.fromisoformat(state[name]) >= pause

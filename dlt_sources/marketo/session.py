"""What every reader of one extraction has at hand."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from dlt_sources.connection import Unavailable
from dlt_sources.http import ApiClient, NotFound, PermissionMissing
from dlt_sources.marketo import wire
from dlt_sources.marketo.bulk import Exports, Extract, File, Odd, batches, note
from dlt_sources.records import Archive, Table
from dlt_sources.records.bulk import BulkIntake
from dlt_sources.records.convert import instant, read_instant
from dlt_sources.records.intake import Endpoint, Intake

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - UTC without offset, as all moments here


class Settings(Protocol):
    """The settings that readers look at."""

    @property
    def bulk(self) -> bool:
        """Whether bulk files are wanted."""

    @property
    def history_from(self) -> str:
        """The first day to read, or empty."""

    @property
    def mql_field(self) -> str:
        """The field that tells when somebody qualified for marketing."""

    @property
    def sql_field(self) -> str:
        """The field that tells when somebody qualified for sales."""

    @property
    def overlap_minutes(self) -> int:
        """How far a run goes back before the newest moment of the last one."""

    @property
    def restate_days(self) -> int:
        """How long costs may change after the fact."""

    @property
    def poll_seconds(self) -> float:
        """The first wait for a bulk job."""


class Moment(msgspec.Struct, rename="camel"):
    """When something was done to whom."""

    lead_id: int
    activity_date: str
    activity_type_id: int
    primary_attribute_value_id: int | None = None

    @property
    def at(self) -> datetime:
        """The moment in UTC, without offset; the first of all where it cannot be read: the row itself will be set aside."""
        return moment_of(self.activity_date)


def moment_of(text: str | None) -> datetime:
    """A moment in UTC, without offset."""
    try:
        return (read_instant(text.removesuffix("+0000")) if text else None) or _EPOCH
    except ValueError:
        return _EPOCH


@dataclass
class Session:
    """The client, the archive and the settings of one extraction."""

    api: ApiClient
    archive: Archive
    connection_id: str
    settings: Settings
    missing: Unavailable

    @property
    def overlap(self) -> timedelta:
        """How far a run goes back."""
        return timedelta(minutes=self.settings.overlap_minutes)

    def intake(
        self, endpoint: Endpoint, known: MutableMapping[str, str] | None, *, listing: str = "", after: Intake | None = None
    ) -> Intake:
        """The intake of a listing."""
        return Intake(endpoint, connection_id=self.connection_id, archive=self.archive, known=known, listing=listing, after=after)

    @contextmanager
    def exports(self, kind: str) -> Iterator[Exports]:
        """Bulk jobs of one kind; their files are gone at the end, but for the archive's."""
        with tempfile.TemporaryDirectory(prefix="marketo-") as folder:
            yield Exports(self.api, kind, self.archive, Path(folder), self.settings.poll_seconds)

    def start(self) -> datetime:
        """The beginning of the history: as set, or the oldest program, channel or activity."""
        if self.settings.history_from:
            return datetime.fromisoformat(self.settings.history_from)
        found = [datetime.now(UTC).replace(tzinfo=None)]
        for path in ("rest/asset/v1/programs.json", "rest/asset/v1/channels.json"):
            try:
                for _, rows in wire.offset(self.api, path):
                    found += [moment_of(each.created_at) for each in map(_created, rows) if each.created_at]
            except (PermissionMissing, NotFound):  # the readers of these tell of it
                continue
        for _, rows in wire.log(self.api, "rest/v1/activities.json", {"activityTypeIds": "12,13"}, _EPOCH):
            if rows:
                found += [msgspec.json.decode(row, type=Moment).at for row in rows]
                break
        return min(moment for moment in found if moment > _EPOCH).replace(hour=0, minute=0, second=0, microsecond=0)

    def kept(
        self, extract: Extract, table: Table, listing: str, choose: Any, ours: Mapping[str, str] | None = None
    ) -> Iterator[Any]:
        """The rows of bulk files, as dlt items; ``choose`` gives a mask of those to take, from the columns of a block and the place of its order."""
        intake = BulkIntake(table, self.connection_id, self.archive, f"{table.name}_{listing}")
        for file in extract.files:
            intake.pages += 1
            known, odd = intake.received, Odd()
            for texts, rows in batches(file, table, ours or {}, odd):
                mask = choose(texts, file.place)
                taken = {name: column.filter(mask) for name, column in texts.items()}
                count = pc.sum(mask).as_py() or 0
                left_out = rows - count
                intake.received += left_out
                intake.superseded += left_out
                yield from intake.take(taken, count, file.page_id, file.received_at)
            intake.undeclared |= odd.columns
            if odd.lines:
                intake.received += len(odd.lines)
                yield from intake.refuse(odd.lines, file.page_id, file.received_at)
            note(self.archive, intake.listing, file, intake.received - known)
        yield from intake.finish()

    def newest(self, files: Sequence[File], table: Table, column: str) -> datetime | None:
        """The latest moment of a column in bulk files."""
        found: list[datetime] = []
        for file in files:
            for texts, _ in batches(file, table, {}, Odd(), column):
                if column in texts and (latest := pc.max(instants(texts[column])).as_py()) is not None:
                    found.append(latest)
        return max(found, default=None)


class _Created(msgspec.Struct, rename="camel"):
    created_at: str | None = None


def _created(row: msgspec.Raw) -> _Created:
    return msgspec.json.decode(row, type=_Created)


def instants(texts: pa.Array) -> pa.Array:
    """A column of moments; null where one cannot be read."""
    return instant(texts).array


def before(texts: pa.Array, moment: datetime) -> pa.Array:
    """Which moments of a column lie before one; rows without one count as such, so that they are seen."""
    return pc.fill_null(pc.less(instants(texts), pa.scalar(moment, pa.timestamp("us"))), pa.scalar(True))


def within(texts: pa.Array, start: datetime, end: datetime) -> pa.Array:
    """Which moments lie in a span."""
    return pc.and_(before(texts, end), pc.invert(pc.less(instants(texts), pa.scalar(start, pa.timestamp("us")))))


def recent(
    dated: Mapping[str, datetime], known: Mapping[str, str], floor: datetime, alive: Collection[str] | None = None
) -> dict[str, str]:
    """The fingerprints that the next run will compare: of what lies behind its beginning."""
    return {
        key: known[key] for key, moment in dated.items() if moment >= floor and key in known and (alive is None or key in alive)
    }

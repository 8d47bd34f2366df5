"""The log of activities: bulk files up to a moment, and from there on the log itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from dlt_sources.assembly import State
from dlt_sources.http import NotFound, PermissionMissing
from dlt_sources.marketo import records, wire
from dlt_sources.marketo.bulk import Extract, windows
from dlt_sources.marketo.session import Moment, Session, before, recent, within
from dlt_sources.records.intake import Endpoint

PATH = "rest/v1/activities.json"
_MOST_TYPES = 10  # that one call may name
NEW_LEAD, CHANGED, MERGED, STATUS = 12, 13, 32, 104
# The kinds that the hub uses, by the vendor's name: only few of their numbers are documented.
_WANTED = {
    "visit webpage": 1,
    "fill out form": 2,
    "send email": 6,
    "email delivered": 7,
    "email bounced": 8,
    "unsubscribe email": 9,
    "open email": 10,
    "click email": 11,
    "new lead": NEW_LEAD,
    "change data value": CHANGED,
    "email bounced soft": 27,
    "merge leads": MERGED,
    "change status in progression": STATUS,
    "change program status": STATUS,
}


class _Kind(msgspec.Struct):
    id: int
    name: str = ""


def types_of(session: Session) -> list[int]:
    """The numbers of the kinds that are wanted, as the instance has them."""
    try:
        rows = wire.get(session.api, "rest/v1/activities/types.json")[1].rows
    except (PermissionMissing, NotFound):
        return sorted(set(_WANTED.values()))
    kinds = [msgspec.json.decode(row, type=_Kind) for row in rows]
    return sorted({kind.id for kind in kinds if kind.name.lower() in _WANTED or kind.id == STATUS})


def spans(session: Session, start: datetime) -> list[tuple[datetime, datetime]]:
    """The windows of a first load, from the beginning until now."""
    return windows(start, datetime.now(UTC).replace(tzinfo=None)) if session.settings.bulk else []


def range_of(start: datetime, end: datetime) -> dict[str, str]:
    """A window as jobs have it."""
    return {"startAt": wire.stamp(start), "endAt": wire.stamp(end)}


def handover(
    session: Session, extract: Extract, found: list[tuple[datetime, datetime]], newest: datetime | None, start: datetime
) -> datetime:
    """From when on the log is read: shortly before the newest that the files hold, and not after the first job or a missing file."""
    moments = [moment for moment in (newest, extract.began_at) if moment is not None]
    at = min(moments) - session.overlap if newest is not None else start
    return max(start, min([at, *(begin for begin, _ in found[extract.done : extract.done + 1])]))


def read(session: Session, endpoint: Endpoint, state: State) -> Iterator[Any]:
    """What happened since the newest that is known, less the overlap; the first time, all of it."""
    kinds = types_of(session)
    (table,) = endpoint.tables
    known: dict[str, str] = state.setdefault("known", {})
    if "until" in state:
        floor = datetime.fromisoformat(state["until"]) - session.overlap
        newest = datetime.fromisoformat(state["until"])
    else:
        start = session.start()
        found = spans(session, start)
        with session.exports("activities") as exports:
            filters = [{"filter": {"createdAt": range_of(*span), "activityTypeIds": kinds}} for span in found]
            extract = exports.run(filters)
            latest = session.newest(extract.files, table, "activity_date")
            floor = handover(session, extract, found, latest, start)

            def old(texts: dict[str, pa.Array], place: int) -> pa.Array:
                begin, end = found[place]
                texts["attributes"] = _objects(texts["attributes"])
                return pc.and_(within(texts["activity_date"], begin, end), before(texts["activity_date"], floor))

            yield from session.kept(extract, table, "bulk", old)
        newest = floor
    dated: dict[str, datetime] = {}
    intake = session.intake(endpoint, known)
    for at in range(0, len(kinds), _MOST_TYPES):
        wanted = ",".join(map(str, kinds[at : at + _MOST_TYPES]))
        for reply, rows in wire.log(session.api, PATH, {"activityTypeIds": wanted}, floor):
            yield from intake.take(reply, rows)
            for entry in (msgspec.json.decode(row, type=_Entry) for row in rows):
                dated[entry.guid] = entry.at
    yield from intake.finish()
    newest = max([newest, *dated.values()])
    state["until"] = newest.isoformat()
    state["known"] = recent(dated, known, newest - session.overlap)


def _objects(texts: pa.Array) -> pa.Array:
    """The details of activities as JSON objects; some instances write the list of names and values that REST has."""
    if not pc.any(pc.starts_with(texts, "["), min_count=0).as_py():
        return texts
    return pa.array([_object(text) for text in texts.to_pylist()], pa.string())


def _object(text: str | None) -> str | None:
    try:
        listed = msgspec.json.decode(text or "", type=list[records.Attribute])
    except msgspec.DecodeError:
        return text
    return msgspec.json.encode({each.name: each.value for each in listed}).decode()


class _Entry(Moment, rename="camel"):
    guid: str = msgspec.field(name="marketoGUID", default="")

"""Leads: bulk files by the month in which they were created, then those that the log says have changed; deleted and merged ones go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from dlt_sources.assembly import State
from dlt_sources.marketo import log, records, wire
from dlt_sources.marketo.session import Moment, Session, recent, within
from dlt_sources.records.intake import Endpoint, Intake

_MOST_IDS = 300  # that one call may name
_NEVER_ASKED = frozenset({"id"})


class _Rest(msgspec.Struct):
    name: str = ""


class _Field(msgspec.Struct):
    rest: _Rest | None = None


class _Id(msgspec.Struct):
    id: int


def fields_of(session: Session) -> Mapping[str, str]:
    """The fields to ask for, and what the record calls each; those that the instance lacks are left out and told."""
    rows = wire.get(session.api, "rest/v1/leads/describe.json")[1].rows
    there = {field.rest.name for field in (msgspec.json.decode(row, type=_Field) for row in rows) if field.rest}
    settings = session.settings
    theirs = {"mQLDate": settings.mql_field, "sQLDate": settings.sql_field}
    wanted = {theirs.get(info.encode_name, info.encode_name): info.encode_name for info in msgspec.structs.fields(records.Lead)}
    for name, ours in wanted.items():
        if name not in there and name != "id":
            session.missing.reasons[f"leads.{ours}"] = f"Marketo's leads have no field {name}; the column stays empty."
    return {name: ours for name, ours in wanted.items() if name in there or name == "id"}


def read(session: Session, endpoint: Endpoint, state: State) -> Iterator[Any]:
    """Leads that are new or changed since the newest moment that is known, less the overlap; the first time, all of them."""
    fields = fields_of(session)
    (table,) = endpoint.tables
    known: dict[str, str] = state.setdefault("known", {})
    first = "until" not in state
    if first:
        start = session.start()
        found = log.spans(session, start)
        with session.exports("leads") as exports:
            extract = exports.run([{"fields": list(fields), "filter": {"createdAt": log.range_of(*span)}} for span in found])
            floor = log.handover(session, extract, found, session.newest(extract.files, table, "updated_at"), start)
            told = _Told(session, fields, floor)
            changed = pa.array([str(key) for key in told.changed], pa.string())

            def untouched(texts: dict[str, pa.Array], place: int) -> pa.Array:
                return pc.and_(within(texts["created_at"], *found[place]), pc.invert(pc.is_in(texts["id"], value_set=changed)))

            yield from session.kept(extract, table, "bulk", untouched, fields)
        newest = floor
    else:
        newest = datetime.fromisoformat(state["until"])
        told = _Told(session, fields, newest - session.overlap)
    intake = session.intake(endpoint, known)
    there: set[int] = set()
    yield from _by_id(session, intake, fields, sorted(told.changed.keys() - told.gone.keys()), there)
    gone = told.gone | {key: at for key, at in told.changed.items() if key not in there}
    if not first:
        yield from intake.gone([(key,) for key in sorted(gone) if str(key) not in state.get("gone", {})])
    yield from intake.finish()
    newest = max([newest, *told.changed.values(), *told.gone.values()])
    state["until"] = newest.isoformat()
    floor = newest - session.overlap
    state["known"] = recent({str(key): at for key, at in told.changed.items()}, known, floor, {str(key) for key in there})
    state["gone"] = {str(key): at.isoformat() for key, at in gone.items() if at >= floor}


class _Told:
    """What the log tells of leads since a moment: who is new or changed, and who is deleted or merged away; id -> when last."""

    def __init__(self, session: Session, fields: Mapping[str, str], since: datetime) -> None:
        self.changed: dict[int, datetime] = {}
        self.gone: dict[int, datetime] = {}
        watched = {"fields": ",".join(name for name in fields if name not in _NEVER_ASKED)}
        for entry in _entries(session, "rest/v1/activities/leadchanges.json", watched, since):
            _note(self.changed, entry.lead_id, entry.at)
        for entry in _entries(session, log.PATH, {"activityTypeIds": str(log.MERGED)}, since):
            _note(self.changed, entry.lead_id, entry.at)
            for loser in entry.losers():
                _note(self.gone, loser, entry.at)
        for entry in _entries(session, "rest/v1/activities/deletedleads.json", {}, since):
            _note(self.gone, entry.lead_id, entry.at)


class _Merge(Moment, rename="camel"):
    attributes: list[records.Attribute] = []

    def losers(self) -> list[int]:
        """Who was merged into this lead: a list within text."""
        found = next((each.value for each in self.attributes if each.name == "Merge IDs"), None)
        text = "" if found is None else bytes(found).decode("utf-8", "replace")
        return [int(part) for part in "".join(letter if letter.isdigit() else " " for letter in text).split()]


def _entries(session: Session, path: str, params: Mapping[str, str], since: datetime) -> Iterator[_Merge]:
    for _, rows in wire.log(session.api, path, params, since):
        for row in rows:
            yield msgspec.json.decode(row, type=_Merge)


def _note(told: dict[int, datetime], key: int, at: datetime) -> None:
    told[key] = max(at, told.get(key, at))


def _by_id(session: Session, intake: Intake, fields: Mapping[str, str], ids: list[int], there: set[int]) -> Iterator[Any]:
    """Read leads by their ids; those that are there are added to ``there``."""
    for at in range(0, len(ids), _MOST_IDS):
        values = ",".join(map(str, ids[at : at + _MOST_IDS]))
        params = {"filterType": "id", "filterValues": values, "fields": ",".join(fields), "batchSize": str(wire.BATCH)}
        for reply, rows in wire.tokened(session.api, "rest/v1/leads.json", params):
            yield from intake.take(reply, list(_named(rows, fields)))
            there.update(msgspec.json.decode(row, type=_Id).id for row in rows)


def _named(rows: Iterable[msgspec.Raw], fields: Mapping[str, str]) -> Iterator[msgspec.Raw]:
    """Rows with the record's names, where the instance names a field otherwise."""
    if all(name == ours for name, ours in fields.items()):
        yield from rows
        return
    for row in rows:
        body = msgspec.json.decode(row, type=dict[str, msgspec.Raw])
        yield msgspec.Raw(msgspec.json.encode({fields.get(name, name): value for name, value in body.items()}))

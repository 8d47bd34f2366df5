"""Members of programs: bulk files of ten programs each, then the members of programs in which the log says that a status changed."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from dlt_sources.assembly import State
from dlt_sources.http import NotFound
from dlt_sources.marketo import log, records, wire
from dlt_sources.marketo.session import Moment, Session, before, moment_of, recent
from dlt_sources.records.intake import Endpoint, Intake

_PROGRAMS = 10  # that one job may name
_WEEK = timedelta(days=7)  # the longest span of one call
_LEAST = ("leadId", "programId", "reachedSuccess", "acquiredBy", "membershipDate")


class _Name(msgspec.Struct):
    name: str


class _Described(msgspec.Struct):
    fields: list[_Name] = []


class _Program(msgspec.Struct):
    id: int


class _Dated(msgspec.Struct, rename="camel"):
    lead_id: int
    updated_at: str | None = None
    membership_date: str | None = None


def _fields(session: Session) -> list[str]:
    """The fields to ask for: those that the instance has, or the few that every one has."""
    try:
        rows = wire.get(session.api, "rest/v1/programs/members/describe.json")[1].rows
    except (NotFound, wire.Refused):
        return list(_LEAST)
    there = {each.name for row in rows for each in msgspec.json.decode(row, type=_Described).fields}
    return [info.encode_name for info in msgspec.structs.fields(records.Member) if info.encode_name in {*there, *_LEAST}]


def read(session: Session, endpoint: Endpoint, state: State) -> Iterator[Any]:
    """Memberships that are new or changed since the newest moment that is known, less the overlap; the first time, all of them."""
    fields = _fields(session)
    known: dict[str, str] = state.setdefault("known", {})
    if "until" in state:
        newest = datetime.fromisoformat(state["until"])
        floor = newest - session.overlap
    else:
        floor = yield from _first(session, endpoint, fields)
        newest = floor
    dated: dict[str, datetime] = {}
    intake = session.intake(endpoint, known)
    for program, moments in sorted(_changed(session, floor).items()):
        newest = max(newest, moments[-1])
        for start, end in _weeks(moments):
            yield from _members(session, intake, program, fields, {"startAt": wire.stamp(start), "endAt": wire.stamp(end)}, dated)
    yield from intake.finish()
    state["until"] = newest.isoformat()
    state["known"] = recent(dated, known, newest - session.overlap)


def _first(session: Session, endpoint: Endpoint, fields: list[str]) -> Generator[Any, None, datetime]:
    """All members by bulk files, as dlt items; gives the moment from which on the log is to be read."""
    (table,) = endpoint.tables
    start = session.start()
    pages = wire.offset(session.api, "rest/asset/v1/programs.json") if session.settings.bulk else ()
    programs = [msgspec.json.decode(row, type=_Program).id for _, rows in pages for row in rows]
    several = [programs[at : at + _PROGRAMS] for at in range(0, len(programs), _PROGRAMS)]
    with session.exports("program/members") as exports:
        extract = exports.run([{"fields": fields, "filter": {"programIds": each}} for each in several])
        if extract.refusal is not None:  # in part would not do: what is missing is known by program, and the log by time
            return start
        column = "updated_at" if "updatedAt" in fields else "membership_date"
        floor = log.handover(session, extract, [], session.newest(extract.files, table, column), start)

        def old(texts: dict[str, pa.Array], _place: int) -> pa.Array:
            return before(texts[column], floor) if column in texts else pc.is_valid(texts["lead_id"])

        yield from session.kept(extract, table, "bulk", old)
    return floor


def _changed(session: Session, since: datetime) -> dict[int, list[datetime]]:
    """The programs in which somebody's status changed, and when, in order."""
    found: dict[int, set[datetime]] = {}
    for _, rows in wire.log(session.api, log.PATH, {"activityTypeIds": str(log.STATUS)}, since):
        for entry in (msgspec.json.decode(row, type=Moment) for row in rows):
            if entry.primary_attribute_value_id is not None:
                found.setdefault(entry.primary_attribute_value_id, set()).add(entry.at)
    return {program: sorted(moments) for program, moments in found.items()}


def _weeks(moments: list[datetime]) -> Iterator[tuple[datetime, datetime]]:
    """Spans that a call may have and that cover all moments."""
    start = moments[0]
    for moment, following in zip(moments, [*moments[1:], None], strict=True):
        if following is None or following - start > _WEEK - timedelta(minutes=1):
            yield start, moment + timedelta(seconds=1)
            start = following or start


def _members(
    session: Session, intake: Intake, program: int, fields: list[str], span: dict[str, str], dated: dict[str, datetime]
) -> Iterator[Any]:
    path = f"rest/v1/programs/{program}/members.json"
    params = {"filterType": "updatedAt", **span, "fields": ",".join(fields), "batchSize": str(wire.BATCH)}
    try:
        for reply, rows in wire.tokened(session.api, path, params):
            # The row's place on its page is no part of it: it would look changed.
            plain = [_without_place(row) for row in rows]
            yield from intake.take(reply, plain)
            for one in (msgspec.json.decode(row, type=_Dated) for row in plain):
                dated[f"{program}|{one.lead_id}"] = moment_of(one.updated_at or one.membership_date)
    except (NotFound, wire.Refused) as refusal:
        if isinstance(refusal, wire.Refused) and refusal.code != _GONE:
            raise


_GONE = "1013"  # a program that was deleted after the log told of it


def _without_place(row: msgspec.Raw) -> msgspec.Raw:
    body = msgspec.json.decode(row, type=dict[str, msgspec.Raw])
    body.pop("seq", None)
    return msgspec.Raw(msgspec.json.encode(body))

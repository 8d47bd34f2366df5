"""What QuickBooks answers: envelopes and faults, in capitals and in lower case, in JSON and in XML."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from dlt_sources.http import ApiClient, BadRequest, ErrorReply, MalformedReply, PermissionMissing, Reply, Request, trace
from dlt_sources.records.convert import read_instant

T = TypeVar("T")
TRACE_HEADER = "intuit_tid"
MINOR_VERSION = "75"  # since August 2025 lower ones are ignored
_PASSING = frozenset({"3001", "003001", "10000"})  # throttled, or the vendor's own trouble
_WRONG_COMPANY = re.compile(r'"3100"|errorCode=003100')
_NOT_HERE = re.compile(r'"code"\s*:\s*"(5\d\d|50[23]\d|6\d{3})"')  # the operation, or the feature, is not for this company


class Head(msgspec.Struct):
    """What is looked at of an object before it is decoded."""

    key: Any = msgspec.field(name="Id", default=None)
    status: Any = msgspec.field(name="status", default=None)
    meta: Any = msgspec.field(name="MetaData", default=None)

    @property
    def id(self) -> str:
        """The id as text; empty where there is none."""
        return "" if self.key is None else str(self.key)

    @property
    def changed(self) -> str:
        """The moment of change as the vendor writes it; empty where there is none."""
        return str(self.meta.get("LastUpdatedTime") or "") if isinstance(self.meta, dict) else ""

    @property
    def moment(self) -> datetime | None:
        """The moment of change in UTC, without zone; None where there is none or it cannot be read."""
        try:
            return read_instant(self.changed)
        except ValueError:
            return None  # the object itself will be set aside, with this value as its reason


class _Envelope(msgspec.Struct):
    query: dict[str, msgspec.Raw] | None = msgspec.field(name="QueryResponse", default=None)
    changes: list[dict[str, msgspec.Raw]] | None = msgspec.field(name="CDCResponse", default=None)
    fault: Any = msgspec.field(name="Fault", default=None)
    platform_fault: Any = msgspec.field(name="fault", default=None)
    time: Any = None


@dataclass(frozen=True)
class Answer:
    """The objects of one entity in an answer; ``at`` is the vendor's clock in UTC, ``total`` what it counted."""

    reply: Reply
    rows: list[msgspec.Raw]
    heads: list[Head]
    at: datetime
    total: int | None = None


def query(api: ApiClient, realm_id: str, entity: str, statement: str) -> Answer:
    """Ask a statement about one entity.

    Raises :class:`PermissionMissing` where the company does not have such a thing.
    """
    request = Request("GET", f"v3/company/{realm_id}/query", {"query": statement, "minorversion": MINOR_VERSION})

    def parse(reply: Reply) -> Answer:
        envelope = _opened(api, reply)
        if envelope.query is None:
            raise MalformedReply(f"Connection '{api.name}': {reply.request} answered without 'QueryResponse'; check base_url.")
        total = envelope.query.get("totalCount")
        rows, heads = _objects(envelope.query, entity)  # no key: nothing found
        return Answer(reply, rows, heads, _at(envelope, reply), msgspec.json.decode(total, type=int) if total else None)

    return _sent(api, request, parse)


def changed(api: ApiClient, realm_id: str, entities: Sequence[str], since: datetime) -> dict[str, Answer]:
    """What changed since a moment (UTC), by entity, deleted objects as stubs with a status; every entity asked for is there."""
    params = {"entities": ",".join(entities), "changedSince": f"{since:%Y-%m-%dT%H:%M:%S}Z", "minorversion": MINOR_VERSION}

    def parse(reply: Reply) -> dict[str, Answer]:
        envelope = _opened(api, reply)
        if envelope.changes is None:
            raise MalformedReply(f"Connection '{api.name}': {reply.request} answered without 'CDCResponse'; check base_url.")
        for part in envelope.changes:
            if "Fault" in part:
                raise _fault(api, reply, msgspec.json.decode(part["Fault"]))
        responses = [
            response
            for part in envelope.changes
            for response in msgspec.json.decode(part.get("QueryResponse", b"[]"), type=list[dict[str, msgspec.Raw]])
        ]
        found = {}
        for entity in entities:
            rows: list[msgspec.Raw] = []
            heads: list[Head] = []
            for response in responses:
                more = _objects(response, entity)
                rows += more[0]
                heads += more[1]
            found[entity] = Answer(reply, rows, heads, _at(envelope, reply))
        return found

    return _sent(api, Request("GET", f"v3/company/{realm_id}/cdc", params), parse)


def _sent(api: ApiClient, request: Request, parse: Callable[[Reply], T]) -> T:
    try:
        return api.send(request, parse)
    except PermissionMissing as refusal:
        if _WRONG_COMPANY.search(str(refusal)):
            raise PermissionMissing(
                f"{refusal} The token is for another company or environment: check realm_id and base_url."
            ) from None
        raise
    except BadRequest as refusal:
        if _NOT_HERE.search(str(refusal)):
            raise PermissionMissing(f"{refusal} The company's plan or settings may lack this.") from None
        raise


def _opened(api: ApiClient, reply: Reply) -> _Envelope:
    try:
        envelope = msgspec.json.decode(reply.body, type=_Envelope)
    except msgspec.DecodeError:
        code = re.search(rb'<Error[^>]*code="(\d+)"', reply.body)
        if code:  # a fault in XML, whatever was asked for
            told = " ".join(re.sub(rb"<[^>]+>", b" ", reply.body).decode("utf-8", "replace").split())[:300]
            raise _fault(api, reply, {"Error": [{"Message": told, "code": code[1].decode()}]}) from None
        raise MalformedReply(
            f"Connection '{api.name}': {reply.request} did not answer with JSON{trace(reply, TRACE_HEADER)}; check base_url."
        ) from None
    if envelope.fault is not None or envelope.platform_fault is not None:
        raise _fault(api, reply, envelope.fault if envelope.fault is not None else envelope.platform_fault)
    return envelope


def _fault(api: ApiClient, reply: Reply, fault: Any) -> ErrorReply:
    """A fault in the body of a successful answer."""
    errors = [_lowered(error) for error in (_lowered(fault).get("error") or [])] if isinstance(fault, dict) else []
    told = "; ".join(" ".join(str(error[name]) for name in ("code", "message", "detail") if error.get(name)) for error in errors)
    codes = {str(error.get("code")) for error in errors}
    return ErrorReply(
        f"Connection '{api.name}': {reply.request} answered with a fault: {told or fault}{trace(reply, TRACE_HEADER)}.",
        retryable=bool(codes & _PASSING),
    )


def _lowered(members: Any) -> dict[str, Any]:
    return {str(name).lower(): value for name, value in members.items()} if isinstance(members, dict) else {}


def _objects(response: dict[str, msgspec.Raw], entity: str) -> tuple[list[msgspec.Raw], list[Head]]:
    """The objects of an entity: under its name, or under that with Txn behind it."""
    wanted = {entity.lower(), f"{entity.lower()}txn"}
    found: Iterable[msgspec.Raw] = (value for name, value in response.items() if name.lower() in wanted)
    raw = next(iter(found), None)
    if raw is None:
        return [], []
    return msgspec.json.decode(raw, type=list[msgspec.Raw]), msgspec.json.decode(raw, type=list[Head])


def _at(envelope: _Envelope, reply: Reply) -> datetime:
    """The vendor's clock, in UTC without zone; ours where it tells none."""
    try:
        told = read_instant(envelope.time) if isinstance(envelope.time, str) else None
    except ValueError:
        told = None
    return told or reply.received_at.astimezone(UTC).replace(tzinfo=None)

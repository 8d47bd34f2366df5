"""The lead database: leads with their fields, lead partitions, and members of programs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.vendors.marketo import replies
from sandbox.vendors.marketo.replies import Refusal
from sandbox.vendors.marketo.store import MarketoStore

# name, label, type, length, whether only the vendor writes it
_FIELDS = (
    ("id", "Id", "integer", None, True),
    ("createdAt", "Created At", "datetime", None, True),
    ("updatedAt", "Updated At", "datetime", None, True),
    ("firstName", "First Name", "string", 255, False),
    ("lastName", "Last Name", "string", 255, False),
    ("email", "Email Address", "email", 255, False),
    ("phone", "Phone Number", "phone", 255, False),
    ("title", "Job Title", "string", 255, False),
    ("company", "Company Name", "string", 255, False),
    ("industry", "Industry", "string", 255, False),
    ("website", "Website", "url", 255, False),
    ("billingStreet", "Billing Address", "text", 2000, False),
    ("billingCity", "Billing City", "string", 255, False),
    ("billingPostalCode", "Billing Postal Code", "string", 255, False),
    ("billingCountry", "Billing Country", "string", 255, False),
    ("mainPhone", "Main Phone", "phone", 255, False),
    ("numberOfEmployees", "Num Employees", "integer", None, False),
    ("leadPartitionId", "Lead Partition Id", "integer", None, False),
    ("leadRole", "Role", "string", 50, False),
    ("leadStatus", "Lead Status", "string", 255, False),
    ("leadSource", "Lead Source", "string", 255, False),
    ("originalSourceType", "Original Source Type", "string", 255, True),
    ("acquisitionProgramId", "Acquisition Program Id", "integer", None, False),
    ("unsubscribed", "Unsubscribed", "boolean", None, False),
    ("mQLDate", "MQL Date", "datetime", None, False),
    ("sQLDate", "SQL Date", "datetime", None, False),
    ("sfdcType", "SFDC Type", "string", 255, True),
    ("sfdcLeadId", "SFDC Lead Id", "string", 18, True),
    ("sfdcContactId", "SFDC Contact Id", "string", 18, True),
    ("sfdcAccountId", "SFDC Account Id", "string", 18, True),
)
LEAD_FIELDS = tuple(name for name, *_ in _FIELDS)
_IDS = {"mQLDate": 101, "sQLDate": 102, "leadStatus": 103, "sfdcContactId": 104, "sfdcAccountId": 105, "unsubscribed": 106}
_DEFAULTS = ("id", "email", "updatedAt", "createdAt", "lastName", "firstName")
_SEARCHABLE = {
    "id": "id",
    "email": "lower(email)",
    "sfdcLeadId": '"sfdcLeadId"',
    "sfdcContactId": '"sfdcContactId"',
    "sfdcAccountId": '"sfdcAccountId"',
    "leadPartitionId": '"leadPartitionId"',
}
MEMBER_FIELDS = (
    *("acquiredBy", "createdAt", "leadId", "membershipDate", "program", "programId", "reachedSuccess", "reachedSuccessDate"),
    *("statusName", "updatedAt"),
)
_MEMBER_DEFAULTS = ("reachedSuccess", "programId", "acquiredBy", "membershipDate")
_MEMBER_SEARCHABLE = {"leadId": '"leadId"::varchar', "reachedSuccess": '"reachedSuccess"::varchar', "statusName": '"statusName"'}
_MEMBER_DAYS = 7


def columns(names: Iterable[str]) -> str:
    """Names of fields as columns of SQL; only known names come here."""
    return ", ".join(f'"{name}"' for name in names)


def known_fields(names: Iterable[str], known: tuple[str, ...]) -> list[str]:
    """The fields that a call asks for, in its order, each once."""
    wanted = list(dict.fromkeys(names))
    for name in wanted:
        if name not in known:
            raise Refusal("1006", f"Field '{name}' not found")
    return wanted


@dataclass(frozen=True)
class LeadsApi:
    """``/rest/v1/leads...`` and ``/rest/v1/programs/.../members.json``."""

    store: MarketoStore

    def routes(self) -> list[BaseRoute]:
        """What it answers."""
        return [
            Route("/rest/v1/leads.json", self._leads),
            Route("/rest/v1/lead/{id}.json", self._lead),
            Route("/rest/v1/leads/describe.json", self._describe),
            Route("/rest/v1/leads/describe2.json", self._describe2),
            Route("/rest/v1/leads/partitions.json", self._partitions),
            Route("/rest/v1/programs/members/describe.json", self._describe_members),
            Route("/rest/v1/programs/{id}/members.json", self._members),
        ]

    def _leads(self, request: Request) -> Response:
        kind = replies.needed(request, "filterType")
        if kind not in _SEARCHABLE:
            raise Refusal("1003", f"Invalid filterType '{kind}'")
        values: list[object] = list(replies.values_of(request, "filterValues"))
        if kind in {"id", "leadPartitionId"}:
            values = [replies.whole_number(str(value), "filterValues") for value in values]
        elif kind == "email":
            values = [str(value).lower() for value in values]
        fields = known_fields(_split(request.query_params.get("fields")) or _DEFAULTS, LEAD_FIELDS)
        size, after = replies.batch_of(request), 0
        if request.query_params.get("nextPageToken"):
            after = replies.whole_number(replies.text_of(request.query_params["nextPageToken"]), "nextPageToken")
        where = f"{_SEARCHABLE[kind]} in ({', '.join('?' * len(values))}) and id > ?"
        sql = f"select {columns(dict.fromkeys(['id', *fields]))} from leads where {where} order by id limit ?"
        found = self.store.records(sql, [*values, after, size + 1])
        more = {"nextPageToken": replies.token_of(str(found[size - 1]["id"]))} if len(found) > size else {}
        return replies.rows(found[:size], **more)

    def _lead(self, request: Request) -> Response:
        id_ = replies.whole_number(request.path_params["id"], "id")
        fields = known_fields(_split(request.query_params.get("fields")) or _DEFAULTS, LEAD_FIELDS)
        found = self.store.records(f"select {columns(dict.fromkeys(['id', *fields]))} from leads where id = ?", [id_])
        if not found:
            raise Refusal("1004", f"Lead '{id_}' not found")
        return replies.rows(found)

    def _describe(self, _request: Request) -> Response:
        return replies.rows([_described(place, *field) for place, field in enumerate(_FIELDS, 1)])

    def _describe2(self, _request: Request) -> Response:
        fields = [
            {"name": name, "displayName": label, "dataType": kind, "updateable": not fixed, "crmManaged": name.startswith("sfdc")}
            for name, label, kind, _, fixed in _FIELDS
        ]
        about = {"name": "API Lead", "searchableFields": [[name] for name in _SEARCHABLE], "fields": fields}
        return replies.rows([about])

    def _partitions(self, _request: Request) -> Response:
        found = self.store.records("select id, name from workspace order by id")
        return replies.rows([{**row, "description": f"People of {row['name']}"} for row in found])

    def _describe_members(self, _request: Request) -> Response:
        fields = [{"name": name, "displayName": name, "updateable": False, "crmManaged": False} for name in MEMBER_FIELDS]
        searchable = [[name] for name in _MEMBER_SEARCHABLE]
        about = {"name": "API Program Membership", "dedupeFields": ["leadId", "programId"], "searchableFields": searchable}
        return replies.rows([{**about, "fields": fields}])

    def _members(self, request: Request) -> Response:
        """Members of a program, by a field or by a span of a week in which they were last changed."""
        program = replies.whole_number(request.path_params["id"], "programId")
        if not self.store.records("select id from programs where id = ?", [program]):
            raise Refusal("1013", f"Program with id {program} not found")
        kind, values = replies.needed(request, "filterType"), list[object]()
        if kind == "updatedAt":
            query = request.query_params
            values += replies.span_of(query.get("startAt", ""), query.get("endAt", ""), _MEMBER_DAYS)
            where = "updated_at between ? and ?"
        elif kind in _MEMBER_SEARCHABLE:
            values += replies.values_of(request, "filterValues")
            where = f"{_MEMBER_SEARCHABLE[kind]} in ({', '.join('?' * len(values))})"
        else:
            raise Refusal("1003", f"Invalid filterType '{kind}'")
        fields = known_fields(_split(request.query_params.get("fields")) or _MEMBER_DEFAULTS, MEMBER_FIELDS)
        size, after = replies.batch_of(request), 0
        if request.query_params.get("nextPageToken"):
            after = replies.whole_number(replies.text_of(request.query_params["nextPageToken"]), "nextPageToken")
        sql = (
            f'select {columns(dict.fromkeys(["leadId", *fields]))} from members where "programId" = ? and {where} and "leadId" > ?'
        )
        found = self.store.records(f'{sql} order by "leadId" limit ?', [program, *values, after, size + 1])
        more: dict[str, object] = {"moreResult": len(found) > size}
        if len(found) > size:
            more["nextPageToken"] = replies.token_of(str(found[size - 1]["leadId"]))
        return replies.rows([{"seq": place, **row} for place, row in enumerate(found[:size])], **more)


def _split(text: str | None) -> list[str]:
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def _described(place: int, name: str, label: str, kind: str, length: int | None, fixed: bool) -> dict[str, object]:
    about = {"id": _IDS.get(name, place), "displayName": label, "dataType": kind}
    sized = {"length": length} if length else {}
    return {**about, **sized, "rest": {"name": name, "readOnly": fixed}}

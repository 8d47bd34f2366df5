"""The log of activities: types, paging tokens, the log itself, changes of leads, deleted leads.

A call looks at a stretch of the log and gives what it finds there of the wanted types, which may be nothing: there is more as long as
``moreResult`` says so. The first call after a new token only finds the place.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.vendors.marketo import replies
from sandbox.vendors.marketo.leads import LEAD_FIELDS, known_fields
from sandbox.vendors.marketo.replies import Refusal
from sandbox.vendors.marketo.store import MarketoStore

_STRETCH = 20_000  # entries of the log that one call looks at
_MOST_TYPES, _MOST_LEADS = 10, 30
_TYPES: dict[int, tuple[str, str | None, dict[str, str]]] = {
    1: (
        "Visit Webpage",
        "Webpage ID",
        {
            "Client IP Address": "string",
            "Query Parameters": "string",
            "Referrer URL": "string",
            "User Agent": "string",
            "Webpage URL": "string",
        },
    ),
    2: (
        "Fill Out Form",
        "Webform ID",
        {
            "Form Fields": "text",
            "Query Parameters": "string",
            "Referrer URL": "string",
            "Webpage ID": "integer",
            "Webpage URL": "string",
        },
    ),
    6: ("Send Email", "Mailing ID", {"Campaign Run ID": "integer", "Choice Number": "integer"}),
    7: ("Email Delivered", "Mailing ID", {"Campaign Run ID": "integer", "Choice Number": "integer"}),
    8: ("Email Bounced", "Mailing ID", {"Campaign Run ID": "integer", "Category": "string", "Details": "string"}),
    9: ("Unsubscribe Email", "Mailing ID", {"Campaign Run ID": "integer", "Client IP Address": "string"}),
    10: (
        "Open Email",
        "Mailing ID",
        {
            "Campaign Run ID": "integer",
            "Device": "string",
            "Is Mobile Device": "boolean",
            "Platform": "string",
            "User Agent": "string",
        },
    ),
    11: (
        "Click Email",
        "Mailing ID",
        {"Campaign Run ID": "integer", "Device": "string", "Is Mobile Device": "boolean", "Link": "string"},
    ),
    12: ("New Lead", None, {"Created Date": "date", "Lead Source": "string", "Source Type": "string"}),
    13: (
        "Change Data Value",
        "Attribute Name",
        {"New Value": "string", "Old Value": "string", "Reason": "string", "Source": "string"},
    ),
    32: ("Merge Leads", "Lead ID", {"Master Updated": "boolean", "Merge IDs": "string", "Merge Source": "string"}),
    37: ("Delete Lead", None, {}),
    104: (
        "Change Status in Progression",
        "Program ID",
        {
            "Acquired By": "boolean",
            "New Status": "string",
            "New Status ID": "integer",
            "Old Status": "string",
            "Old Status ID": "integer",
            "Program Member ID": "integer",
            "Success": "boolean",
        },
    ),
}


_COLUMNS = "id, type_id, lead_id, happened_at, campaign_id, primary_id, primary_value, attributes, key, seq"


@dataclass(frozen=True)
class ActivitiesApi:
    """``/rest/v1/activities...``."""

    store: MarketoStore

    def routes(self) -> list[BaseRoute]:
        """What it answers."""
        return [
            Route("/rest/v1/activities.json", self._activities),
            Route("/rest/v1/activities/types.json", self._types),
            Route("/rest/v1/activities/pagingtoken.json", self._token),
            Route("/rest/v1/activities/leadchanges.json", self._changes),
            Route("/rest/v1/activities/deletedleads.json", self._deleted),
        ]

    def _types(self, _request: Request) -> Response:
        return replies.rows([_described(number, *kind) for number, kind in _TYPES.items()])

    def _token(self, request: Request) -> Response:
        since = replies.moment_of(replies.needed(request, "sinceDatetime"), "sinceDatetime")
        return replies.reply(
            {"requestId": replies.request_id(), "success": True, "nextPageToken": replies.token_of(f"{since.isoformat()},")}
        )

    def _activities(self, request: Request) -> Response:
        types = [
            replies.whole_number(each, "activityTypeIds") for each in replies.values_of(request, "activityTypeIds", _MOST_TYPES)
        ]
        if unknown := [each for each in types if each not in _TYPES]:
            raise Refusal("1003", f"Invalid activity type id {unknown[0]}")
        where, values = f"type_id in ({', '.join('?' * len(types))})", list(types)
        if request.query_params.get("leadIds"):
            leads = [replies.whole_number(each, "leadIds") for each in replies.values_of(request, "leadIds", _MOST_LEADS)]
            where, values = f"{where} and lead_id in ({', '.join('?' * len(leads))})", [*values, *leads]
        if request.query_params.get("assetIds"):
            ids = [replies.whole_number(each, "assetIds") for each in replies.values_of(request, "assetIds")]
            where, values = f"{where} and primary_id in ({', '.join('?' * len(ids))})", [*values, *ids]
        found, token, more = self._stretch(request, where, values)
        return replies.page([_entry(row) for row in found], token, more=more)

    def _changes(self, request: Request) -> Response:
        """Changes of the wanted fields, and new leads."""
        fields = known_fields(replies.values_of(request, "fields"), LEAD_FIELDS)
        marks = ", ".join("?" * len(fields))
        found, token, more = self._stretch(request, f"(type_id = 12 or type_id = 13 and key in ({marks}))", list(fields))
        return replies.page([_change(row) for row in found], token, more=more)

    def _deleted(self, request: Request) -> Response:
        found, token, more = self._stretch(request, "type_id = 37", [])
        return replies.page([_entry(row) for row in found], token, more=more)

    def _stretch(self, request: Request, where: str, values: list[Any]) -> tuple[list[dict[str, Any]], str, bool]:
        """The entries of the next stretch, the token that goes on behind it, and whether there is more of the log."""
        since, _, place = replies.text_of(replies.needed(request, "nextPageToken")).partition(",")
        whole: int = self.store.one("from log_end")["whole"]
        if not place:
            start = replies.moment_of(since, "nextPageToken")
            before = self.store.one("select count(*) as entries from activity where happened_at < ? and seq <= ?", [start, whole])[
                "entries"
            ]
            return [], replies.token_of(f"{since},{before}"), before < whole
        after, size = replies.whole_number(place, "nextPageToken"), replies.batch_of(request)
        last = min(after + _STRETCH, whole)
        sql = f"select {_COLUMNS} from activity where seq > ? and seq <= ? and {where} order by seq limit ?"
        rows = self.store.records(sql, [after, last, *values, size + 1])
        if len(rows) > size:
            return rows[:size], replies.token_of(f"{since},{rows[size - 1]['seq']}"), True
        return rows, replies.token_of(f"{since},{max(after, last)}"), last < whole


def _entry(row: dict[str, Any]) -> dict[str, Any]:
    body = {
        "id": row["id"],
        "marketoGUID": str(row["id"]),
        "leadId": row["lead_id"],
        "activityDate": replies.instant(row["happened_at"]),
        "activityTypeId": row["type_id"],
        "campaignId": row["campaign_id"],
        "primaryAttributeValueId": row["primary_id"],
        "primaryAttributeValue": row["primary_value"],
        "attributes": [{"name": name, "value": value} for name, value in json.loads(row["attributes"]).items()],
    }
    return {name: value for name, value in body.items() if value is not None}


def _change(row: dict[str, Any]) -> dict[str, Any]:
    body = _entry(row)
    told = {each["name"]: each["value"] for each in body["attributes"]}
    for name in ("primaryAttributeValueId", "primaryAttributeValue", "campaignId"):
        body.pop(name, None)
    if row["type_id"] == 13:
        change = {"id": row["primary_id"], "name": row["key"], "newValue": told.get("New Value"), "oldValue": told.get("Old Value")}
        body["fields"] = [change]
        body["attributes"] = [each for each in body["attributes"] if each["name"] in {"Reason", "Source"}]
    return body


def _described(number: int, name: str, primary: str | None, attributes: dict[str, str]) -> dict[str, object]:
    about: dict[str, object] = {"id": number, "name": name, "apiName": name.replace(" ", ""), "description": name}
    if primary:
        about["primaryAttribute"] = {"name": primary, "dataType": "integer", "apiName": primary.replace(" ", "")}
    return {
        **about,
        "attributes": [{"name": each, "dataType": kind, "apiName": each.replace(" ", "")} for each, kind in attributes.items()],
    }

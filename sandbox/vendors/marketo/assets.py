"""Assets: programs with their costs, channels, e-mails; and smart campaigns, which belong to the lead database's API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.vendors.marketo import replies
from sandbox.vendors.marketo.replies import Refusal
from sandbox.vendors.marketo.store import MarketoStore

_ASSETS_PAGE = 200
_SET_UP = "2022-01-10T09:00:00Z+0000"


@dataclass(frozen=True)
class AssetsApi:
    """``/rest/asset/v1/...`` and ``/rest/v1/campaigns...``."""

    store: MarketoStore

    def routes(self) -> list[BaseRoute]:
        """What it answers."""
        return [
            Route("/rest/asset/v1/programs.json", self._programs),
            Route("/rest/asset/v1/program/byName.json", self._program_by_name),
            Route("/rest/asset/v1/program/{id}.json", self._program),
            Route("/rest/asset/v1/channels.json", self._channels),
            Route("/rest/asset/v1/emails.json", self._emails),
            Route("/rest/asset/v1/email/{id}.json", self._email),
            Route("/rest/v1/campaigns.json", self._campaigns),
            Route("/rest/v1/campaigns/{id}.json", self._campaign),
        ]

    def _programs(self, request: Request) -> Response:
        """Programs without tags and costs."""
        where, values = "true", list[object]()
        for name, condition in (("earliestUpdatedAt", "updated_at >= ?"), ("latestUpdatedAt", "updated_at <= ?")):
            if request.query_params.get(name):
                where, values = f"{where} and {condition}", [*values, replies.moment_of(request.query_params[name], name)]
        offset, size = _span(request)
        found = self.store.records(f"from programs where {where} order by id limit ? offset ?", [*values, size, offset])
        return replies.assets([_program(request, row) for row in found])

    def _program(self, request: Request) -> Response:
        id_ = replies.whole_number(request.path_params["id"], "id")
        found = self.store.records("from programs where id = ?", [id_])
        return replies.assets([self._whole(request, row, costs=True) for row in found])

    def _program_by_name(self, request: Request) -> Response:
        found = self.store.records("from programs where name = ?", [replies.needed(request, "name")])
        costs = request.query_params.get("includeCosts") == "true"
        return replies.assets([self._whole(request, row, costs=costs) for row in found])

    def _whole(self, request: Request, row: dict[str, Any], *, costs: bool) -> dict[str, object]:
        """A program with its tags, and with its costs where they were asked for."""
        spent = (
            self.store.records("select month, cost from costs where program_id = ? order by month", [row["id"]]) if costs else []
        )
        tags = [{"tagType": "UTM Campaign", "tagValue": row["utm_campaign"]}, {"tagType": "Region", "tagValue": row["workspace"]}]
        body = {**_program(request, row), "tags": tags}
        if costs:
            body["costs"] = [{"startDate": each["month"].isoformat(), "cost": each["cost"]} for each in spent] or None
        return body

    def _channels(self, request: Request) -> Response:
        offset, size = _span(request)
        found = self.store.records("from channel order by id limit ? offset ?", [size, offset])
        return replies.assets([_channel(row) for row in found])

    def _emails(self, request: Request) -> Response:
        offset, size = _span(request)
        found = self.store.records("from emails order by id limit ? offset ?", [size, offset])
        return replies.assets([_email(request, row) for row in found])

    def _email(self, request: Request) -> Response:
        found = self.store.records("from emails where id = ?", [replies.whole_number(request.path_params["id"], "id")])
        return replies.assets([_email(request, row) for row in found])

    def _campaigns(self, request: Request) -> Response:
        size, after = replies.batch_of(request), 0
        if request.query_params.get("nextPageToken"):
            after = replies.whole_number(replies.text_of(request.query_params["nextPageToken"]), "nextPageToken")
        found = self.store.records(
            "from programs where smart_campaign_id > ? order by smart_campaign_id limit ?", [after, size + 1]
        )
        more = {"nextPageToken": replies.token_of(str(found[size - 1]["smart_campaign_id"]))} if len(found) > size else {}
        return replies.rows([_campaign(row) for row in found[:size]], **more)

    def _campaign(self, request: Request) -> Response:
        found = self.store.records(
            "from programs where smart_campaign_id = ?", [replies.whole_number(request.path_params["id"], "id")]
        )
        if not found:
            raise Refusal("1013", "Campaign not found")
        return replies.rows([_campaign(row) for row in found])


def _span(request: Request) -> tuple[int, int]:
    offset = replies.whole_number(request.query_params.get("offset") or "0", "offset")
    size = replies.whole_number(request.query_params.get("maxReturn") or "20", "maxReturn")
    if offset < 0 or not 0 < size <= _ASSETS_PAGE:
        raise Refusal("1003", f"maxReturn must be between 1 and {_ASSETS_PAGE}, offset not below 0")
    return offset, size


def _link(request: Request, mark: str, id_: int) -> str:
    return f"{str(request.base_url).rstrip('/')}/#{mark}{id_}A1"


def _program(request: Request, row: dict[str, Any]) -> dict[str, object]:
    body: dict[str, object] = {
        "id": row["id"],
        "name": row["name"],
        "description": "",
        "createdAt": replies.asset_instant(row["created_at"]),
        "updatedAt": replies.asset_instant(row["updated_at"]),
        "url": _link(request, "PG", row["id"]),
        "type": row["type"],
        "channel": row["channel_name"],
        "folder": {"type": "Folder", "value": 40 + row["workspace_id"], "folderName": "Active Marketing Programs"},
        "status": "unlocked" if row["is_dated"] else "",
        "workspace": row["workspace"],
        "headStart": False,
        "sfdcId": row["sfdc_id"],
        "sfdcName": row["name"],
    }
    if row["is_dated"]:
        body |= {"startDate": f"{row['start_date']}T00:00:00Z+0000", "endDate": f"{row['end_date']}T00:00:00Z+0000"}
    return body


def _channel(row: dict[str, Any]) -> dict[str, object]:
    steps = [
        {
            "name": name,
            "description": "",
            "hidden": False,
            "type": "system" if place == 1 else "custom",
            "step": 10 * (place - 1),
            "success": place >= row["success_at"],
        }
        for place, name in enumerate(row["statuses"], 1)
    ]
    about = {"id": row["id"], "name": row["name"], "applicableProgramType": row["type"]}
    return {**about, "createdAt": _SET_UP, "updatedAt": _SET_UP, "progressionStatuses": steps}


def _email(request: Request, row: dict[str, Any]) -> dict[str, object]:
    stamp = replies.asset_instant(row["published_at"])
    return {
        "id": row["id"],
        "name": row["name"],
        "description": "",
        "createdAt": stamp,
        "updatedAt": stamp,
        "url": _link(request, "EM", row["id"]),
        "subject": {"type": "Text", "value": row["subject"]},
        "fromName": {"type": "Text", "value": row["workspace"]},
        "fromEmail": {"type": "Text", "value": "news@meridian.example"},
        "folder": {"type": "Program", "value": row["program_id"], "folderName": row["program"]},
        "status": "approved",
        "operational": False,
        "workspace": row["workspace"],
    }


def _campaign(row: dict[str, Any]) -> dict[str, object]:
    return {
        "id": row["smart_campaign_id"],
        "name": f"{row['name']}.01 Status changes",
        "description": "",
        "type": "trigger",
        "programName": row["name"],
        "programId": row["id"],
        "workspaceName": row["workspace"],
        "createdAt": replies.instant(row["created_at"]),
        "updatedAt": replies.instant(row["updated_at"]),
        "active": True,
    }

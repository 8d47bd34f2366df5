"""What an account is set up with: its owners, its pipelines, the properties of its objects, and itself."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.vendors.hubspot import replies
from sandbox.vendors.hubspot.objects import STAGES, Property, instant, required_type
from sandbox.vendors.hubspot.replies import Refusal
from sandbox.vendors.hubspot.store import HubSpotStore

_SET_UP = "2020-01-06T09:00:00.000Z"
_OWNER = f"""json_object(
    'id', id::varchar, 'email', email, 'type', 'PERSON', 'firstName', first_name, 'lastName', last_name,
    'userId', case when archived_at is null then user_id end, 'userIdIncludingInactive', user_id,
    'createdAt', {instant("created_at")}, 'updatedAt', {instant("updated_at")},
    'archived', archived_at is not null, 'teams', json_array()
)::varchar"""


@dataclass(frozen=True)
class AccountApi:
    """``/crm/v3/owners``, ``/crm/v3/pipelines``, ``/crm/v3/properties`` and ``/account-info/v3``."""

    store: HubSpotStore
    portal_id: int

    def routes(self) -> list[BaseRoute]:
        """What it answers."""
        pipelines, properties = "/crm/v3/pipelines/{type}", "/crm/v3/properties/{type}"
        return [
            Route("/crm/v3/owners", self._owners),
            Route("/crm/v3/owners/{id}", self._owner),
            Route(pipelines, self._pipelines),
            Route(pipelines + "/{pipeline}", self._pipeline),
            Route(pipelines + "/{pipeline}/stages", self._stages),
            Route(properties, self._properties),
            Route(properties + "/{name}", self._property),
            Route("/account-info/v3/details", self._details),
        ]

    def _owners(self, request: Request) -> Response:
        """People who own records; those who left the firm are archived."""
        limit = replies.limit_of(request, 100, 500)
        after = replies.whole_number(request.query_params.get("after") or 0, "after")
        where = f"archived_at is {'not ' if replies.flag_of(request, 'archived') else ''}null and id >= ?"
        values: list[object] = [after]
        if request.query_params.get("email"):
            where, values = where + " and lower(email) = lower(?)", [after, request.query_params["email"]]
        found = self.store.read(f"select id, {_OWNER} from owners where {where} order by id limit ?", [*values, limit + 1])
        return replies.page(request, [row[1] for row in found[:limit]], found[limit][0] if len(found) > limit else None)

    def _owner(self, request: Request) -> Response:
        id_ = replies.whole_number(request.path_params["id"], "ownerId")
        column = "user_id" if request.query_params.get("idProperty") == "userId" else "id"
        gone = f"archived_at is {'not ' if replies.flag_of(request, 'archived') else ''}null"
        found = self.store.read(f"select {_OWNER} from owners where {column} = ? and {gone}", [id_])
        if not found:
            raise Refusal(404, f"Owner with id {id_} does not exist", "OBJECT_NOT_FOUND")
        return replies.reply(found[0][0].encode())

    def _pipelines(self, request: Request) -> Response:
        has_pipelines = required_type(request.path_params["type"]).name == "deals"
        return replies.reply({"results": [_deal_pipeline()] if has_pipelines else []})

    def _pipeline(self, request: Request) -> Response:
        if required_type(request.path_params["type"]).name != "deals" or request.path_params["pipeline"] != "default":
            raise Refusal(404, "The pipeline does not exist", "OBJECT_NOT_FOUND")
        return replies.reply(_deal_pipeline())

    def _stages(self, request: Request) -> Response:
        self._pipeline(request)
        return replies.reply({"results": _deal_pipeline()["stages"]})

    def _properties(self, request: Request) -> Response:
        kind = required_type(request.path_params["type"])
        return replies.reply({"results": [_described(kind.singular, one) for one in kind.properties.values()]})

    def _property(self, request: Request) -> Response:
        kind, name = required_type(request.path_params["type"]), request.path_params["name"]
        if name not in kind.properties:
            raise Refusal(
                404, f"Property {name} does not exist", "OBJECT_NOT_FOUND", subCategory="PropertyValidation.PROPERTY_NOT_FOUND"
            )
        return replies.reply(_described(kind.singular, kind.properties[name]))

    def _details(self, _request: Request) -> Response:
        zone = {"timeZone": "Europe/London", "utcOffset": "+00:00", "utcOffsetMilliseconds": 0}
        place = {"uiDomain": "app.hubspot.com", "dataHostingLocation": "eu1"}
        money = {"companyCurrency": self.store.currency, "additionalCurrencies": []}
        return replies.reply({"portalId": self.portal_id, "accountType": "STANDARD", **zone, **money, **place})


def _deal_pipeline() -> dict[str, object]:
    about = {"createdAt": _SET_UP, "updatedAt": _SET_UP, "archived": False}
    stages = [
        {
            "id": stage,
            "label": label,
            "displayOrder": place,
            "metadata": {"isClosed": str(stage.startswith("closed")).lower(), "probability": probability},
            **about,
        }
        for place, (stage, (label, probability)) in enumerate(STAGES.items())
    ]
    return {"id": "default", "label": "Sales Pipeline", "displayOrder": 0, "stages": stages, **about}


def _described(kind: str, one: Property) -> dict[str, object]:
    options = [{"label": name, "value": name, "displayOrder": place, "hidden": False} for place, name in enumerate(one.options)]
    locked = {"archivable": False, "readOnlyDefinition": True, "readOnlyValue": one.name.startswith("hs_")}
    about = {"description": "", "groupName": f"{kind}information", "calculated": False, "externalOptions": False, "hidden": False}
    kinds = {"type": one.api_type, "fieldType": one.field_type, "hasUniqueValue": False, "hubspotDefined": True, "formField": False}
    return {
        "name": one.name,
        "label": one.name,
        **kinds,
        **about,
        "options": options,
        "modificationMetadata": locked,
        "archived": False,
    }

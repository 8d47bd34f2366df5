"""The tenant: its workspace, its models and whether they can be asked, and what the planning model is made of."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.vendors.anaplan import replies
from sandbox.vendors.anaplan.modules import (
    LINE_ITEMS,
    LIST_ID,
    LISTS,
    MODULES,
    TIME,
    VERSIONS,
    Module,
    dimension_id,
    module_of_view,
)
from sandbox.vendors.anaplan.replies import Refusal
from sandbox.vendors.anaplan.store import AnaplanStore

WORKSPACE_ID = hashlib.md5(b"workspace", usedforsecurity=False).hexdigest()
MODEL_ID, HIDDEN_ID, ARCHIVED_ID = (
    hashlib.md5(name, usedforsecurity=False).hexdigest().upper() for name in (b"plan", b"pay", b"former")
)
WORKSPACE, MODEL = "Meridian FP&A", "Group Plan"
_USER = "8a81b09d5e8c6f27015ece3402487d33"
_MOST_ITEMS = 1_000_000
_FORMATS: Mapping[str, Mapping[str, object]] = {
    "NUMBER": {
        "dataType": "NUMBER",
        "minimumSignificantDigits": 4,
        "decimalPlaces": -1,
        "negativeNumberNotation": "MINUS_SIGN",
        "unitsType": "NONE",
        "unitsDisplayType": "NONE",
        "zeroFormat": "ZERO",
        "comparisonIncrease": "GOOD",
        "groupingSeparator": "COMMA",
        "decimalSeparator": "FULL_STOP",
    },
    "TEXT": {"dataType": "TEXT", "textType": "GENERAL"},
    "DATE": {"dataType": "DATE"},
    "BOOLEAN": {"dataType": "BOOLEAN"},
}


@dataclass
class Tenant:
    """Answers about the tenant. ``opening`` is how long the model takes to open, in seconds."""

    store: AnaplanStore
    now: Callable[[], datetime]
    opening: float

    def __post_init__(self) -> None:
        self._opens_at: float | None = 0.0
        """When the model is open; None while it is closed and nobody asks for it."""
        self._lock = threading.Lock()

    def routes(self) -> list[BaseRoute]:
        """What it answers; metadata with or without the workspace in the path."""
        found: list[BaseRoute] = [
            Route("/2/0/users/me", self._me),
            Route("/2/0/workspaces", self._workspaces),
            Route("/2/0/workspaces/{workspace}", self._workspace),
            Route("/2/0/workspaces/{workspace}/models", self._models),
            Route("/2/0/models", self._models),
        ]
        for root in ("/2/0/models/{model}", "/2/0/workspaces/{workspace}/models/{model}"):
            found += [
                Route(root, self._model),
                Route(f"{root}/status", self._status),
                Route(f"{root}/open", self._open, methods=["POST"]),
                Route(f"{root}/close", self._close, methods=["POST"]),
                Route(f"{root}/versions", self._versions),
                Route(f"{root}/currentPeriod", self._current_period),
                Route(f"{root}/modelCalendar", self._calendar),
                Route(f"{root}/modelCalendar/fiscalYear", self._calendar),
                Route(f"{root}/modules", self._modules),
                Route(f"{root}/modules/{{module:int}}/lineItems", self._line_items),
                Route(f"{root}/modules/{{module:int}}/views", self._views),
                Route(f"{root}/lineItems", self._line_items),
                Route(f"{root}/lineItems/{{item:int}}/dimensions", self._line_item_dimensions),
                Route(f"{root}/views", self._views),
                Route(f"{root}/views/{{view:int}}", self._view),
                Route(f"{root}/views/{{view:int}}/dimensions/{{dimension:int}}/items", self._dimension_items),
                Route(f"{root}/lists", self._lists),
                Route(f"{root}/lists/{{list:int}}", self._list),
                Route(f"{root}/lists/{{list:int}}/items", self._list_items),
                Route(f"{root}/dimensions/{{dimension:int}}/items", self._dimension_items),
            ]
        return found

    def _stamp(self) -> float:
        return self.now().timestamp()

    def admit(self, request: Request) -> None:
        """Refuse what is asked of another model than the one that may be read, and of one that is not open.

        A call to a model that is closed opens it.
        """
        self._know(request)
        with self._lock:
            if self._opens_at is None:
                self._opens_at = self._stamp() + self.opening
            if self._stamp() < self._opens_at:
                raise Refusal(503, "The model is opening")

    def _know(self, request: Request) -> None:
        """A model without access is as one that does not exist, though it is listed."""
        parts = request.path_params
        if parts.get("workspace", WORKSPACE_ID) != WORKSPACE_ID or parts.get("model", MODEL_ID) not in {MODEL_ID, ARCHIVED_ID}:
            raise Refusal(404, "Not Found")
        if parts.get("model") == ARCHIVED_ID and not str(request.scope["path"]).endswith((ARCHIVED_ID, "/status")):
            raise Refusal(422, "The model is archived")

    def _me(self, request: Request) -> Response:
        user = {
            "id": _USER,
            "active": True,
            "email": "hub@meridian.example",
            "emailOptIn": False,
            "firstName": "Finance",
            "lastName": "Hub",
            "customerId": "8a81b09d5e8c6f27015ece3402487d32",
            "lastLoginDate": "2026-01-05T10:11:12.000+0000",
        }
        return replies.whole(request, "user", "user", user)

    def _workspace_row(self, request: Request) -> dict[str, Any]:
        size = {"currentSize": 873741824} if request.query_params.get("tenantDetails") == "true" else {}
        return {"id": WORKSPACE_ID, "name": WORKSPACE, "active": True, "sizeAllowance": 1073741824, **({"currentSize": 0} | size)}

    def _workspaces(self, request: Request) -> Response:
        return replies.listing(request, "workspace", "workspaces", [self._workspace_row(request)])

    def _workspace(self, request: Request) -> Response:
        self._know(request)
        return replies.whole(request, "workspace", "workspace", self._workspace_row(request))

    def rows(self, request: Request) -> list[dict[str, Any]]:
        """The models, with every field; memory usage is told where it is asked for, and otherwise nought."""
        serial, saved_at, _ = self.store.saved()
        detailed = request.query_params.get("modelDetails") == "true"
        former = datetime(2023, 1, 9, 8, 30, tzinfo=UTC)
        return [
            _model_row(MODEL_ID, MODEL, "PRODUCTION", serial, saved_at, 52_428_800 if detailed else 0),
            _model_row(HIDDEN_ID, "Compensation Planning", "UNLOCKED", 4711, former, 10_485_760 if detailed else 0),
            _model_row(ARCHIVED_ID, "Group Plan 2019-2022", "ARCHIVED", 98, former, 0),
        ]

    def _models(self, request: Request) -> Response:
        if request.path_params.get("workspace", WORKSPACE_ID) != WORKSPACE_ID:
            raise Refusal(404, "Not Found")
        return replies.listing(request, "model", "models", self.rows(request))

    def _model(self, request: Request) -> Response:
        self._know(request)
        (row,) = (row for row in self.rows(request) if row["id"] == request.path_params["model"])
        return replies.whole(request, "model", "model", row)

    def _status(self, request: Request) -> Response:
        """The state of the model; this answer has no envelope."""
        self._know(request)
        left = None if self._opens_at is None else self._opens_at - self._stamp()
        step, progress = ("Closed", -1.0) if left is None else ("Open", -1.0)
        if left is not None and left > 0:
            step, progress = "Opening", max(0.0, 1 - left / max(self.opening, 0.001))
        if request.path_params["model"] == ARCHIVED_ID:
            step, progress = "Archived", -1.0
        status = {
            "peakMemoryUsageEstimate": None,
            "peakMemoryUsageTime": None,
            "progress": progress,
            "currentStep": step,
            "tooltip": None,
            "taskId": None,
            "creationTime": int(1000 * self._stamp()),
            "exportTaskType": None,
        }
        return replies.json({"requestStatus": status})

    def _open(self, request: Request) -> Response:
        self._know(request)
        with self._lock:
            if self._opens_at is None:
                self._opens_at = self._stamp() + self.opening
        return Response(status_code=202)

    def _close(self, request: Request) -> Response:
        self._know(request)
        self._opens_at = None
        return Response(status_code=204)

    def _versions(self, request: Request) -> Response:
        self.admit(request)
        found = []
        for row in self.store.records("from shown_version"):
            edit_from, edit_to = _period(row["first_month"], "Start of Timescale", date(1900, 1, 1)), None
            edit_to = _period(row["last_month"], "End of Timescale", date(2399, 12, 31))
            found.append(
                {
                    "id": str(row["id"]),
                    "name": row["name"],
                    "isCurrent": row["is_current"],
                    "isActual": row["is_actual"],
                    "switchover": _period(row["first_month"], "", None),
                    "editFrom": edit_from,
                    "editTo": edit_to,
                    "formula": "",
                    "notes": "Locked" if row["is_locked"] else "",
                }
            )
        return replies.listing(request, "version", "versionMetadata", found)

    def _current_period(self, request: Request) -> Response:
        self.admit(request)
        return replies.whole(request, "currentPeriod", "currentPeriod", self._now())

    def _now(self) -> dict[str, str]:
        today = self.store.saved()[2]
        (row,) = self.store.records("select last_day(?::date)::varchar as day", [today])
        return {"periodText": f"{today:%b %y}", "lastDay": row["day"], "calendarType": "Calendar Months/Quarters/Years"}

    def _calendar(self, request: Request) -> Response:
        self.admit(request)
        today = self.store.saved()[2]
        (span,) = self.store.records("select year(min(month)) as first, year(max(month)) as last from months")
        year = {"year": f"FY{today.year % 100:02}", "startDate": f"{today.year}-01-01", "endDate": f"{today.year}-12-31"}
        if request.url.path.endswith("/fiscalYear"):
            return replies.whole(request, "modelCalendar", "modelCalendar", {"fiscalYear": year})
        totals = {"quarterTotals": False, "halfYearTotals": False, "yearToDateSummary": False, "yearToGoSummary": False}
        calendar = {
            "calendarType": "Calendar Months/Quarters/Years",
            "currentPeriod": self._now(),
            "fiscalYear": year,
            "pastYearsCount": today.year - span["first"],
            "futureYearsCount": max(0, span["last"] - today.year),
            "totalsSelection": {**totals, "totalOfAllPeriods": False},
        }
        return replies.whole(request, "modelCalendar", "modelCalendar", calendar)

    def _modules(self, request: Request) -> Response:
        self.admit(request)
        rows = [{"id": str(module.id), "name": module.name, "code": ""} for module in MODULES]
        return replies.listing(request, "module", "modules", rows)

    def _line_items(self, request: Request) -> Response:
        self.admit(request)
        wanted = _modules_of(request)
        everything = request.query_params.get("includeAll") == "true"
        rows = [
            _line_item_row(module, at, self.store, everything=everything)
            for module in wanted
            for at in range(len(module.line_items))
        ]
        return replies.listing(request, "lineItem", "items", rows)

    def _line_item_dimensions(self, request: Request) -> Response:
        self.admit(request)
        module = module_of_view(request.path_params["item"])
        if module is None:
            raise Refusal(404, "Not Found")
        return replies.listing(request, "dimension", "dimensions", [_dimension(name) for name in module.dimensions])

    def _views(self, request: Request) -> Response:
        self.admit(request)
        rows = []
        for module in _modules_of(request):
            saved = module.saved_view if "module" in request.path_params else f"{module.name}.{module.saved_view}"
            default = "default" if "module" in request.path_params else module.name
            rows += [
                {"code": "", "id": str(module.id), "name": default, "moduleId": str(module.id)},
                {"code": "", "id": str(module.view_id), "name": saved, "moduleId": str(module.id)},
            ]
        return replies.listing(request, "view", "views", rows)

    def _view(self, request: Request) -> Response:
        self.admit(request)
        module = module_of_view(request.path_params["view"])
        if module is None:
            raise Refusal(404, "Not Found")
        pages, rows = axes(module)
        meta = {"schema": f"{replies.base(request)}/objects/view"}
        view_id = request.path_params["view"]
        body: dict[str, object] = {
            "meta": meta,
            "status": {"code": 200, "message": "Success"},
            "viewId": str(view_id),
            "viewName": module.saved_view if view_id == module.view_id else module.name,
            "columns": [_dimension("Line Items")],
        }
        for axis, names in (("rows", rows), ("pages", pages)):  # an axis without dimensions is left out
            if names:
                body[axis] = [_dimension(name) for name in names]
        return replies.json(body)

    def _lists(self, request: Request) -> Response:
        self.admit(request)
        rows = [{"id": str(LIST_ID + number), "name": name, "code": ""} for number, name in LISTS.items()]
        return replies.listing(request, "list", "lists", rows)

    def _items(self, number: int) -> list[dict[str, Any]]:
        return self.store.records(
            """
            select item.id, item.name, item.code, item.parent, item.properties, rolled.id as parent_id from item
            left join item rolled on rolled.list = item.list and rolled.name = item.parent where item.list = ? order by item.id
            """,
            [number],
        )

    def _list(self, request: Request) -> Response:
        self.admit(request)
        number = _list_of(request.path_params["list"])
        items = self._items(number)
        properties = sorted({name for item in items for name in msgspec.json.decode(item["properties"])})
        metadata = {
            "id": str(LIST_ID + number),
            "name": LISTS[number],
            "properties": [{"name": name, "format": "TEXT", "notes": "", "referencedBy": "", "formula": ""} for name in properties],
            "subsets": [],
            "hasSelectiveAccess": False,
            "managedBy": "",
            "numberedList": False,
            "useTopLevelAsPageDefault": False,
            "itemCount": len(items),
            "nextItemIndex": len(items) + 1,
            "workflowEnabled": False,
            "productionData": False,
            "permittedItems": len(items),
            "category": "",
            "dataTags": [],
        }
        return replies.whole(request, "list", "metadata", metadata)

    def _list_items(self, request: Request) -> Response:
        self.admit(request)
        number = _list_of(request.path_params["list"])
        rows = []
        for item in self._items(number):
            row: dict[str, Any] = {"id": str(item["id"]), "name": item["name"], "code": item["code"]}
            if item["parent_id"] is not None:
                row |= {"parent": item["parent"], "parentId": str(item["parent_id"])}
                row |= {"listId": str(LIST_ID + number), "listName": LISTS[number]}
            if request.query_params.get("includeAll") == "true":
                row |= {"subsets": {}, "properties": msgspec.json.decode(item["properties"])}
            rows.append(row)
        return replies.listing(request, "list", "listItems", rows)

    def _dimension_items(self, request: Request) -> Response:
        """All items of a dimension at once; the vendor gives at most a million and has no pages of them."""
        self.admit(request)
        dimension = request.path_params["dimension"]
        if dimension == TIME:
            rows = [
                {"id": str(170000000000 + n), "name": f"{each:%b %y}"} for n, (each,) in enumerate(self.store.read("from months"))
            ]
        elif dimension == VERSIONS:
            rows = [{"id": str(number), "name": name} for number, name in self.store.read("select id, name from shown_version")]
        elif dimension == LINE_ITEMS:
            rows = [
                {"id": str(module.line_item_id(at)), "name": name}
                for module in MODULES
                for at, (name, _) in enumerate(module.line_items)
            ]
        else:
            items = self._items(_list_of(dimension))
            rows = [{"id": str(item["id"]), "name": item["name"], "code": item["code"]} for item in items]
        if len(rows) > _MOST_ITEMS:
            raise Refusal(400, "The dimension has more than 1000000 items")
        return replies.whole(request, "dimension", "items", rows)


def axes(module: Module) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """How views lay a module out: the dimensions on pages, and those on rows; line items are the columns."""
    pages = tuple(name for name in module.dimensions if name == "Versions")
    return pages, tuple(name for name in module.dimensions if name not in pages)


def _dimension(name: str) -> dict[str, str]:
    return {"id": str(dimension_id(name)), "name": name}


def _list_of(dimension: int) -> int:
    number = dimension - LIST_ID
    if number not in LISTS:
        raise Refusal(404, "Not Found")
    return number


def _modules_of(request: Request) -> tuple[Module, ...]:
    if "module" not in request.path_params:
        return MODULES
    found = tuple(module for module in MODULES if module.id == request.path_params["module"])
    if not found:
        raise Refusal(404, "Not Found")
    return found


def _period(month: date | None, otherwise: str, day: date | None) -> Mapping[str, str]:
    if month is not None and otherwise:
        return {"periodText": f"{month:%b %y}", "date": month.isoformat()}
    return {"periodText": otherwise, "date": day.isoformat() if day else ""}


def _model_row(number: str, name: str, state: str, serial: int, saved_at: datetime, memory: int) -> dict[str, Any]:
    return {
        "id": number,
        "activeState": state,
        "name": name,
        "currentWorkspaceId": WORKSPACE_ID,
        "currentWorkspaceName": WORKSPACE,
        "modelUrl": f"https://us1a.app.anaplan.com/anaplan/framework.jsp?selectedWorkspaceId={WORKSPACE_ID}&selectedModelId={number}",
        "categoryValues": [],
        "isoCreationDate": "2022-11-28T09:00:00.000+0000",
        "lastModified": f"{saved_at:%Y-%m-%dT%H:%M:%S}.000+0000",
        "lastModifiedByUserGuid": _USER,
        "lastSavedSerialNumber": str(serial),
        "memoryUsage": memory,
        "modelTransactionRunning": False,
    }


def _line_item_row(module: Module, at: int, store: AnaplanStore, *, everything: bool) -> dict[str, Any]:
    name, kind = module.line_items[at]
    row: dict[str, Any] = {"moduleId": str(module.id), "moduleName": module.name, "id": str(module.line_item_id(at)), "name": name}
    if not everything:
        return row
    has_time = "Time" in module.dimensions
    (cells,) = store.records(f"select count(*) as found from {module.table}")
    return row | {
        "formulaScope": "All Versions",
        "useSwitchover": False,
        "breakback": False,
        "broughtForward": False,
        "startOfSection": False,
        "isSummary": False,
        "timeScale": "Month" if has_time else "Not Applicable",
        "timeRange": "Model Calendar" if has_time else "Not Applicable",
        "version": {"name": "All" if "Versions" in module.dimensions else "Not Applicable", "id": "20000000020"},
        "style": "Normal",
        "cellCount": cells["found"],
        "notes": "",
        "code": "",
        "parent": None,
        "readAccessDriver": None,
        "writeAccessDriver": None,
        "formula": "",
        "format": kind,
        "formatMetadata": _FORMATS[kind],
        "summary": "Sum" if kind == "NUMBER" else "None",
        "appliesTo": [_dimension(each) for each in module.dimensions if each not in {"Time", "Versions"}],
        "dataTags": [],
        "referencedBy": [],
    }

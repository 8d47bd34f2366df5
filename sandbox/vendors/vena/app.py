"""Vena's public API as one application: models, intersections page by page, the hierarchy, jobs, and the older login."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Scope

from sandbox.vendors.tables import ShownTables
from sandbox.vendors.vena.filters import members_of, wanted
from sandbox.vendors.vena.jobs import Jobs
from sandbox.vendors.vena.replies import API, Refusal, chosen, error, json, root
from sandbox.vendors.wire import CallLimit, Gate, VirtualClock

MODEL_ID, HIDDEN_ID = "1071203395427336192", "1071203395427336193"
MODEL, HIDDEN = "UK Planning", "Board Scenarios"
API_USER, API_KEY = "1071203395427336192.1180021000000000001", "sandbox-application-token-key"
USERNAME, PASSWORD = "hub@meridian.example", "sandbox-password"
"""Of the person that logs in by the older flow."""

DIMENSIONS = (
    *("Account", "Entity", "Scenario", "Year", "Period"),
    *("Department", "Product", "Channel", "Seller", "Currency", "Measure"),
)
HEADERS = ("Value", *DIMENSIONS)
DEFAULT_PAGE, LARGEST_PAGE = 5000, 100_000
CALLS, WITHIN = 300, 300.0


@dataclass
class VenaApi:
    """The emulator's state beside the model. ``limits`` False counts no calls; ``work`` is how many seconds of the clock a job runs."""

    tables: ShownTables
    clock: VirtualClock
    limits: bool = True
    work: float = 0.0

    def __post_init__(self) -> None:
        self._rate = CallLimit(CALLS, WITHIN, self.clock.now)
        self._jobs = Jobs(self.clock.now, self.work, HEADERS, (MODEL_ID, MODEL))

    def app(self) -> ASGIApp:
        """The application to mount."""
        inner = Starlette(
            routes=[
                Route("/login", self._login, methods=["POST"]),
                Route(f"{API}/models", self._models),
                Route(f"{API}/models/{{model}}/intersections", self._intersections),
                Route(f"{API}/models/{{model}}/hierarchy", self._hierarchy),
                *self._jobs.routes(),
            ],
            exception_handlers={Refusal: _refused, HTTPException: _no_such_path},
        )
        return Gate(self._admit, inner)

    def error(self, kind: str) -> Response:
        """Vena's own errors; nobody tells how long to wait."""
        told = {
            "throttle": (429, "Too Many Requests"),
            "day_limit": (429, "Too Many Requests"),
            "unauthorized": (401, "Unauthorized"),
            "forbidden": (403, _denied(MODEL)),
            "server_error": (500, "Internal Server Error"),
        }
        if kind == "error_200":
            return json({"status": 500, "message": "Internal Server Error"})
        return error(*told[kind])

    def _admit(self, scope: Scope) -> tuple[Response | None, Mapping[str, str]]:
        known = (USERNAME, PASSWORD) if str(scope["path"]).endswith("/login") else (API_USER, API_KEY)
        if _presented(Headers(scope=scope).get("authorization", "")) != known:
            return error(401, "Unauthorized"), {}
        if self.limits and self._rate.take()[0] < 0:
            return error(429, "Too Many Requests"), {}
        return None, {}

    def _login(self, request: Request) -> Response:
        """The older flow: a person's name and password for a token, and the place of the hub."""
        return json({"apiUser": API_USER, "apiKey": API_KEY, "location": root(request)})

    def _models(self, request: Request) -> Response:
        chosen(request, "application/json")
        return json([{"id": MODEL_ID, "name": MODEL}, {"id": HIDDEN_ID, "name": HIDDEN}])

    def _hierarchy(self, request: Request) -> Response:
        chosen(request, "application/json")
        _check_model(request)
        rows = self._members()
        return json({"data": rows, "metadata": {"recordsReturned": len(rows)}})

    def _members(self) -> list[dict[str, Any]]:
        return self.tables.rows(
            "select dimension, name, alias, parent, operator from member order by place // 10, place, length(name), name"
        )

    def _intersections(self, request: Request) -> Response:
        kind = chosen(request, "application/json", "text/csv", "text/plain")
        _check_model(request)
        query = request.query_params
        size = _page_size(query.get("pageSize", str(DEFAULT_PAGE)))
        conditions: list[str] = ["true"]
        values: list[object] = []
        for dimension, members in wanted(query, members_of(self._members())).items():
            conditions.append(f'"{dimension}" in (select unnest(?))')
            values.append(sorted(members))
        if "afterKey" in query:
            conditions.append("key > ?")
            values.append(_key_of(query["afterKey"]))
        columns = ", ".join(f'"{name}"' for name in HEADERS)
        where = " and ".join(conditions)
        with self.tables.cursor() as cursor:
            found = cursor.execute(
                f"select {columns}, key from cell where {where} order by key limit {size + 1}", values
            ).fetchall()
        rows = [row[:-1] for row in found[:size]]
        following = _page_after(request, found[size - 1][-1]) if size and len(found) > size else None
        if kind == "application/json":
            metadata: dict[str, object] = {"headers": HEADERS, "recordsReturned": len(rows)}
            if following:
                metadata["nextPage"] = following
            return json({"metadata": metadata, "data": [HEADERS, *rows]})
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([HEADERS, *rows])
        links = {"Link": f'<{following}>; rel="next"'} if following else {}
        return Response(text.getvalue(), headers=links, media_type=kind)


def connection(tables: ShownTables) -> Mapping[str, str]:
    """Settings of a connection to it; ``{url}`` stands for the sandbox's own address."""
    return {
        "system": "vena",
        "entity": tables.entity_name,
        "api_user": API_USER,
        "api_key": API_KEY,
        "model_id": MODEL_ID,
        "fiscal_year_end_month": str(tables.value("ending()")),
        "base_url": f"{{url}}/vena{API}",
    }


def _presented(authorization: str) -> tuple[str, str] | None:
    scheme, _, proof = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, key = base64.b64decode(proof, validate=True).decode().partition(":")
    except ValueError:
        return None
    return user, key


def _check_model(request: Request) -> None:
    model = request.path_params["model"]
    if model == HIDDEN_ID:
        raise Refusal(403, _denied(HIDDEN))
    if model != MODEL_ID:
        raise Refusal(404, f"Model {model} not found")


def _denied(model: str) -> str:
    return f'Access denied. Access requires permission read model "{model}". Please contact your administrator.'


def _page_size(text: str) -> int:
    if not text.isdigit() or int(text) > LARGEST_PAGE:
        raise Refusal(400, f"The pageSize '{text}' is invalid. It must be between 0 and {LARGEST_PAGE}.")
    return int(text)


def _page_after(request: Request, key: str) -> str:
    sent = dict(parse_qsl(request.url.query, keep_blank_values=True))
    sent["afterKey"] = base64.urlsafe_b64encode(key.encode()).decode()
    return f"{root(request)}{API}/models/{MODEL_ID}/intersections?{urlencode(sent)}"


def _key_of(after: str) -> str:
    try:
        return base64.b64decode(after, altchars=b"-_", validate=True).decode()
    except ValueError:
        raise Refusal(400, f"The afterKey '{after}' is invalid.") from None


def _refused(_request: Request, refusal: Exception) -> Response:
    return error(refusal.status, refusal.message) if isinstance(refusal, Refusal) else error(500, "Internal Server Error")


def _no_such_path(_request: Request, trouble: Exception) -> Response:
    status = trouble.status_code if isinstance(trouble, HTTPException) else 404
    return error(status, "Method Not Allowed" if status == 405 else "Not Found")

"""SAP Gateway over the company's books: services of OData v2, one of v4, sign-in, limits and errors as on the wire."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import parse_qsl, unquote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.vendors.sap.filters import QueryError, key_values
from sandbox.vendors.sap.model import EntitySet, Service, edmx, services
from sandbox.vendors.sap.odata4 import failure4, root4, rows4
from sandbox.vendors.sap.query import Books, Dialect, Query, next_link
from sandbox.vendors.sap.replies import VERSION, address, entry, failure, feed, throttled, unauthorized, wants_json
from sandbox.vendors.tokens import TokenServer
from sandbox.vendors.wire import CallLimit, VirtualClock

NAME = "sap"
USERNAME, PASSWORD = "SANDBOX_USER", "sandbox-secret"
API_KEY = "sandbox-api-key"
CLIENT = "100"
CALLS_PER_MINUTE = 600
_SERVICES = "/sap/opu/odata/sap"
_BASIC = "Basic " + base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
_JSON = "application/json;charset=utf-8"
_SEGMENT = re.compile(r"^(\w+)(?:\((.*)\))?$")
_NOT_FOUND = "/IWBEP/CM_MGW_RT/020"


@dataclass
class SapGateway:
    """The emulator's state beside the books: tokens and a call counter. ``limits`` False counts nothing."""

    books: Books
    clock: VirtualClock
    limits: bool = True

    def __post_init__(self) -> None:
        self.tokens = TokenServer(self.clock.now, _token_answer, access_seconds=3600, rotates=False)
        self._minute = CallLimit(CALLS_PER_MINUTE, 60.0, self.clock.now)

    def app(self) -> Starlette:
        """The application to mount."""
        methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "MERGE", "DELETE"]
        return Starlette(
            routes=[
                Route("/oauth/token", self.tokens.token, methods=["POST"]),
                Route("/sap/bc/sec/oauth2/token", self._abap_token, methods=["POST"]),
                Route("/sap/opu/odata4/sap/{name}/srvd_a2x/sap/{again}/0001/{path:path}", self._version4, methods=methods),
                Route(_SERVICES + "/{service}", self._version2, methods=methods),
                Route(_SERVICES + "/{service}/{path:path}", self._version2, methods=methods),
            ],
        )

    def error(self, kind: str) -> Response:
        """SAP's own error bodies."""
        now = self.clock.now()
        if kind == "throttle":
            return throttled(1)
        if kind == "day_limit":
            return JSONResponse({"fault": {"faultstring": "Quota violation"}}, 429, {"Retry-After": "36000"})
        if kind == "unauthorized":
            return unauthorized()
        if kind == "forbidden":
            return failure(None, "API_GLACCOUNTLINEITEM", 403, *_no_service("API_GLACCOUNTLINEITEM"), now)
        code, text = "SY/530", "An exception was raised"
        reply = failure(None, "API_GLACCOUNTLINEITEM", 500, code, text, now)
        if kind == "error_200":
            reply.status_code = 200
        return reply

    async def _abap_token(self, request: Request) -> Response:
        """The token endpoint of the application server: no client credentials there; an assertion, or a refresh token."""
        form = dict(parse_qsl((await request.body()).decode()))
        if form.get("grant_type") == "urn:ietf:params:oauth:grant-type:saml2-bearer" and form.get("assertion"):
            request._body = b"grant_type=client_credentials"  # noqa: SLF001 - the assertion stands for the user
            return await self.tokens.token(request)
        if form.get("grant_type") == "client_credentials":
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        return await self.tokens.token(request)

    def _refused(self, request: Request) -> Response | None:
        """What stops a call before the gateway looks at it: sign-in, client, limits, writing."""
        authorization = request.headers.get("authorization")
        signed_in = authorization == _BASIC or self.tokens.is_valid(authorization) or request.headers.get("apikey") == API_KEY
        client = request.query_params.get("sap-client") or request.headers.get("sap-client") or CLIENT
        if not signed_in or client != CLIENT:
            return unauthorized()
        if self.limits:
            remaining, wait = self._minute.take()
            if remaining < 0:
                return throttled(int(wait) + 1)
        if request.method not in {"GET", "HEAD"}:
            return Response("CSRF token validation failed", 403, {"x-csrf-token": "Required"}, media_type="text/plain")
        return None

    def _version2(self, request: Request) -> Response:
        name, path = request.path_params["service"].partition(";")[0], request.path_params.get("path", "")
        if refusal := self._refused(request):
            return refusal
        service = services().get(name)
        if service is None:
            return failure(request, name, 403, *_no_service(name), self.clock.now())
        root = f"{address(request)}{_SERVICES}/{name}"
        try:
            reply = self._answer(request, service, path, root)
        except QueryError as trouble:
            reply = failure(request, name, trouble.status, trouble.code, trouble.text, self.clock.now())
        if request.headers.get("x-csrf-token", "").lower() == "fetch":
            reply.headers["x-csrf-token"] = "c2FuZGJveA=="
        return reply

    def _answer(self, request: Request, service: Service, path: str, root: str) -> Response:
        segments = [unquote(part) for part in path.split("/") if part]
        if segments == ["$metadata"]:
            return Response(edmx(service, root), 200, VERSION, media_type="application/xml")
        if not segments:
            return _service_document(request, service, root)
        counts = segments[-1] == "$count"
        entity, within, single = self._address(service, segments[:-1] if counts else segments)
        options = {name: value for name, value in request.query_params.items() if name.startswith("$")}
        query = Query(self.books, service, entity, options, Dialect(root, _language(request)), within)
        if counts:
            return Response(str(query.count()), 200, VERSION, media_type="text/plain;charset=utf-8")
        page = query.page()
        if single:
            if not page.rows:
                raise QueryError(f"Resource not found for the segment '{entity.name}'", status=404, code=_NOT_FOUND)
            return _one(request, service, entity, page.rows[0])
        following = next_link(f"{root}/{path}", list(request.query_params.items()), page.token) if page.token else None
        if not wants_json(request):
            return feed(service, entity, page.rows, root, following, page.total)
        head = f'"__count":"{page.total}",' if page.total is not None else ""
        tail = f',"__next":{json.dumps(following)}' if following else ""
        return Response(f'{{"d":{{{head}"results":[{",".join(page.rows)}]{tail}}}}}', 200, VERSION, media_type=_JSON)

    def _address(self, service: Service, segments: list[str]) -> tuple[EntitySet, dict[str, object], bool]:
        """What a path leads to: the set, the values that its rows must have, whether it is one row."""
        entity: EntitySet | None = None
        within: dict[str, object] = {}
        single = False
        for number, segment in enumerate(segments):
            match = _SEGMENT.match(segment)
            name, key = (match[1], match[2]) if match else (segment, None)
            if number == 0 and name in service.sets:
                entity = service.sets[name]
            elif number and entity is not None and single and name in entity.navigations:
                way = entity.navigations[name]
                row = Query(self.books, service, entity, {"$select": ",".join(way.on)}, Dialect(""), within).page().rows
                if not row:
                    raise QueryError(f"Resource not found for the segment '{segments[number - 1]}'", status=404, code=_NOT_FOUND)
                within = _joined(entity, way.on, row[0])
                entity = service.sets[way.target]
                single = way.multiplicity != "*"
                continue
            else:
                raise QueryError(f"Resource not found for the segment '{name}'", status=404, code=_NOT_FOUND)
            within = key_values(entity, key) if key is not None else {}
            single = key is not None
        if entity is None or (entity.aggregate and single):
            raise QueryError(f"Resource not found for the segment '{'/'.join(segments)}'", status=404, code=_NOT_FOUND)
        return entity, within, single

    def _version4(self, request: Request) -> Response:
        if refusal := self._refused(request):
            return refusal
        try:
            return rows4(self.books, request, root4(request))
        except QueryError as trouble:
            return failure4(trouble)


def _one(request: Request, service: Service, entity: EntitySet, row: str) -> Response:
    if wants_json(request):
        return Response(f'{{"d":{row}}}', 200, VERSION, media_type=_JSON)
    xml = entry(service, entity, json.loads(row))
    spaces = (
        '<entry xmlns="http://www.w3.org/2005/Atom" xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata" '
        'xmlns:d="http://schemas.microsoft.com/ado/2007/08/dataservices">'
    )
    return Response(xml.replace("<entry>", spaces, 1), 200, VERSION, media_type="application/atom+xml;type=entry;charset=utf-8")


def _joined(entity: EntitySet, on: tuple[str, ...], row: str) -> dict[str, object]:
    """The values by which an entity's row is tied to others, as the database knows them."""
    found = json.loads(row)
    values: dict[str, object] = {}
    for name in on:
        value = found[name]
        if entity.properties[name].kind == "DT":
            days = int(re.sub(r"[^-\d]", "", value)) // 86_400_000
            values[name] = date(1970, 1, 1) + timedelta(days=days)
        else:
            values[name] = value
    return values


def _service_document(request: Request, service: Service, root: str) -> Response:
    if wants_json(request):
        return JSONResponse({"d": {"EntitySets": list(service.sets)}}, 200, VERSION)
    sets = "".join(f'<collection href="{name}"><atom:title>{name}</atom:title></collection>' for name in service.sets)
    xml = (
        f'<?xml version="1.0" encoding="utf-8"?><service xml:base="{root}/" xmlns="http://www.w3.org/2007/app" '
        f'xmlns:atom="http://www.w3.org/2005/Atom"><workspace><atom:title>Data</atom:title>{sets}</workspace></service>'
    )
    return Response(xml, 200, VERSION, media_type="application/atomsvc+xml;charset=utf-8")


def _language(request: Request) -> str:
    """Texts come in the language of the call: ``sap-language``, else the first of ``Accept-Language``."""
    asked = (
        request.query_params.get("sap-language")
        or request.headers.get("sap-language")
        or request.headers.get("accept-language", "")
    )
    return asked[:2].upper()


def _no_service(name: str) -> tuple[str, str]:
    return "/IWFND/MED/170", f"No service found for namespace '', name '{name}', version '0001'"


def _token_answer(access: str, refresh: str | None, seconds: int) -> Mapping[str, object]:
    answer: dict[str, object] = {"access_token": access, "token_type": "Bearer", "expires_in": seconds, "scope": "API_FINANCE_READ"}
    return answer | ({"refresh_token": refresh} if refresh else {})

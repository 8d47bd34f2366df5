"""QuickBooks Online's Accounting API v3 over the books of its companies: query, change data capture, batch, reports, single reads.

Two environments as the vendor has them: production, with the company itself, and the sandbox, with the sample company; keys and
tokens of one are refused by the other.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.vendors.quickbooks.fields import ENTITIES, JSON_NAMES, NOT_CAPTURED
from sandbox.vendors.quickbooks.query import QueryError, pacific, parse, read_moment
from sandbox.vendors.quickbooks.reports import UnknownReportError, report
from sandbox.vendors.quickbooks.store import Books
from sandbox.vendors.quickbooks.tokens import IntuitTokens, discovery
from sandbox.vendors.tables import Row
from sandbox.vendors.wire import CallLimit, VirtualClock

LOOK_BACK = timedelta(days=30)
MOST_CAPTURED = 1000
MOST_BATCHED = 30
_MULTI_CURRENCY = frozenset({"ExchangeRate"})
_COUNTS = frozenset({"startPosition", "maxResults", "totalCount"})


class Refused(Exception):
    """A call that is answered with a fault."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


@dataclass
class Environment:
    """Production or sandbox: its own keys, its own company, its own limits."""

    prefix: str
    books: Books
    tokens: IntuitTokens
    minute: CallLimit
    second: CallLimit
    batches: CallLimit


class QuickBooksApi:
    """The emulator's calls. ``limits`` False counts nothing."""

    def __init__(self, production: Books, sandbox: Books, clock: VirtualClock, *, limits: bool) -> None:
        self._clock = clock
        self._limits = limits
        self._environments = [self._environment("", production), self._environment("/sandbox", sandbox)]

    def _environment(self, prefix: str, books: Books) -> Environment:
        now = self._clock.now
        tokens = IntuitTokens(now, lambda *_: {}, realm_id=books.realm_id)
        return Environment(prefix, books, tokens, CallLimit(500, 60.0, now), CallLimit(10, 1.0, now), CallLimit(40, 60.0, now))

    def app(self) -> Starlette:
        """The application to mount."""
        routes = []
        for environment in self._environments:
            routes += self._routes(environment)
        for name in ("openid_configuration", "openid_sandbox_configuration"):
            prefix = "/sandbox" if "sandbox" in name else ""
            routes.append(Route(f"/.well-known/{name}/", self._discovery(prefix)))
            routes.append(Route(f"/.well-known/{name}", self._discovery(prefix)))
        return Starlette(routes=routes, exception_handlers={404: lambda *_: self._fault(404, "Not Found", "No such address.", "0")})

    def _discovery(self, prefix: str) -> Any:
        def answer(request: Request) -> Response:
            url = request.url
            return JSONResponse(discovery(f"{url.scheme}://{url.netloc}{request.scope.get('root_path', '')}{prefix}"))

        return answer

    def _routes(self, environment: Environment) -> list[Route]:
        prefix, company = environment.prefix, environment.prefix + "/v3/company/{realm}"

        def guarded(answer: Any, *, batch: bool = False) -> Any:
            async def call(request: Request) -> Response:
                try:
                    self._admit(environment, request, batch=batch)
                    body = await request.body()
                    reply: Response = answer(environment.books, request, body)
                except Refused as refusal:
                    reply = refusal.response
                reply.headers["intuit_tid"] = f"1-{uuid.uuid4()}"
                return reply

            return call

        return [
            Route(f"{prefix}/connect/oauth2", environment.tokens.authorize),
            Route(f"{prefix}/oauth2/v1/tokens/bearer", environment.tokens.token, methods=["POST"]),
            Route(f"{prefix}/v2/oauth2/tokens/revoke", environment.tokens.revoke, methods=["POST"]),
            Route(f"{company}/query", guarded(self._query), methods=["GET", "POST"]),
            Route(f"{company}/cdc", guarded(self._changes)),
            Route(f"{company}/batch", guarded(self._batch, batch=True), methods=["POST"]),
            Route(f"{company}/reports/{{name}}", guarded(self._report)),
            Route(f"{company}/exchangerate", guarded(self._rate)),
            Route(f"{company}/preferences", guarded(self._one)),
            Route(f"{company}/{{entity}}/{{id}}", guarded(self._one)),
        ]

    # What stops a call before it is looked at.

    def _admit(self, environment: Environment, request: Request, *, batch: bool) -> None:
        authorization = request.headers.get("authorization")
        if not environment.tokens.is_valid(authorization):
            stranger = any(other.tokens.is_valid(authorization) for other in self._environments)
            raise Refused(self.error("forbidden" if stranger else "unauthorized"))
        if request.path_params["realm"] != environment.books.realm_id:
            raise Refused(self.error("forbidden"))
        if not self._limits:
            return
        # Both forms are seen: the gateway's own in XML, whatever was asked for, and the service's in JSON.
        for limit, kind in (
            (environment.second, "throttle_xml"),
            (environment.batches if batch else environment.minute, "throttle"),
        ):
            if limit.take()[0] < 0:
                raise Refused(self.error(kind))

    def error(self, kind: str) -> Response:
        """QuickBooks' own error bodies; ``throttle_xml`` is the throttle in XML."""
        reply = self._error_reply(kind)
        reply.headers["intuit_tid"] = f"1-{uuid.uuid4()}"
        return reply

    def _error_reply(self, kind: str) -> Response:
        if kind in {"throttle", "day_limit"}:
            return self._platform(
                429, "ThrottleExceeded", "003001", "The request limit was reached.  Try again later", "3001", "SERVICE"
            )
        if kind == "throttle_xml":
            message = "<Message>message=ThrottleExceeded; errorCode=003001; statusCode=429</Message>"
            detail = "<Detail>The request limit was reached.  Try again later</Detail>"
            return _xml(f'<Fault type="SERVICE"><Error code="3001">{message}{detail}</Error></Fault>', self._time(), 429)
        if kind == "unauthorized":
            detail = "Token expired: AB01"
            return self._platform(401, "AuthenticationFailed", "003200", detail, "3200", "AUTHENTICATION")
        if kind == "forbidden":
            detail = "Wrong company or environment for these keys"
            return self._platform(403, "ApplicationAuthorizationFailed", "003100", detail, "3100", "AUTHORIZATION")
        if kind == "error_200":
            detail = "Subscription period has ended or cancelled or there was a billing problem"
            return self._fault(200, "Invalid Company Status", detail, "6190")
        detail = "System Failure Error: an unexpected error"
        return self._fault(500, "An application error has occurred while processing your request", detail, "10000", "SystemFault")

    def _platform(self, status: int, name: str, number: str, detail: str, code: str, kind: str) -> Response:
        """A fault of the platform before the service: its members are in lower case."""
        error = {
            "message": f"message={name}; errorCode={number}; statusCode={status}",
            "detail": detail,
            "code": code,
            "element": None,
        }
        body: dict[str, object] = {
            "warnings": None,
            "intuitObject": None,
            "fault": {"error": [error], "type": kind},
            "report": None,
        }
        body |= {
            "queryResponse": None,
            "batchItemResponse": [],
            "attachableResponse": [],
            "syncErrorResponse": None,
            "requestId": None,
        }
        body |= {"time": int(self._clock.now().timestamp() * 1000), "status": None, "cdcresponse": []}
        return JSONResponse(body, status)

    def _fault(self, status: int, message: str, detail: str, code: str, kind: str = "ValidationFault") -> Response:
        return JSONResponse({"Fault": self._error(message, detail, code, kind), "time": self._time()}, status)

    @staticmethod
    def _error(message: str, detail: str, code: str, kind: str) -> dict[str, object]:
        return {"Error": [{"Message": message, "Detail": detail, "code": code}], "type": kind}

    def _time(self) -> str:
        return pacific(self._clock.now()).isoformat(timespec="milliseconds")

    def _reply(self, request: Request, members: bytes) -> Response:
        """An answer in JSON, or in XML, which is what those get who do not ask for JSON."""
        body = b"{" + members + b',"time":"' + self._time().encode() + b'"}'
        if "json" in request.headers.get("accept", ""):
            return Response(body, 200, media_type="application/json;charset=UTF-8")
        content = msgspec.json.decode(b"{" + members + b"}", type=dict[str, Any])
        return _xml("".join(_element(name, value) for name, value in content.items()), self._time(), 200)

    # The calls.

    def _query(self, books: Books, request: Request, body: bytes) -> Response:
        if request.method == "POST":
            if "text" not in request.headers.get("content-type", ""):
                raise Refused(self._fault(415, "Unsupported Media Type", "Send the query as application/text", "0"))
            statement = body.decode()
        else:
            statement = request.query_params.get("query", "")
        return self._reply(request, b'"QueryResponse":' + self._answer(books, statement))

    def _answer(self, books: Books, text: str) -> bytes:
        """The query response of a statement."""
        try:
            statement = parse(text, self._clock.now())
        except QueryError as trouble:
            raise Refused(self._fault(400, trouble.message, trouble.detail, trouble.code)) from None
        if statement.entity in _MULTI_CURRENCY and not self._is_multi_currency(books):
            raise Refused(self._no_currencies())
        condition = f"entity = ? and not is_deleted and {statement.where}"
        values = [statement.entity, *statement.values]
        if statement.counts:
            return b'{"totalCount":%d}' % books.rows(f"select count(*) as n from object where {condition}", values)[0]["n"]
        sql = f"select body from object where {condition} order by {statement.order} limit ? offset ?"
        bodies = [row["body"].encode() for row in books.rows(sql, [*values, statement.most, statement.start - 1])]
        if not bodies:
            return b"{}"
        if statement.fields is not None:
            bodies = [_projected(each, statement.fields) for each in bodies]
        name = JSON_NAMES.get(statement.entity, statement.entity)
        members = [
            f'"{name}":['.encode() + b",".join(bodies) + b"]",
            f'"startPosition":{statement.start},"maxResults":{len(bodies)}'.encode(),
        ]
        if statement.start == 1 and len(bodies) < statement.most:
            members.append(b'"totalCount":%d' % len(bodies))
        return b"{" + b",".join(members) + b"}"

    @staticmethod
    def _is_multi_currency(books: Books) -> bool:
        return bool(books.rows("select 1 as one from object where entity = 'CompanyCurrency' limit 1"))

    def _no_currencies(self) -> Response:
        detail = "Business Validation Error: Multi Currency should be enabled to perform this operation."
        return self._fault(400, "A business validation error has occurred while processing your request", detail, "6000")

    def _changes(self, books: Books, request: Request, _body: bytes) -> Response:
        """What changed since a moment, in order of time within each entity, deleted ones last; at most a thousand objects in all."""
        wanted = [ENTITIES.get(name.strip().lower(), name.strip()) for name in request.query_params.get("entities", "").split(",")]
        for name in wanted:
            if name not in ENTITIES.values() or name in NOT_CAPTURED:
                raise Refused(
                    self._fault(400, "Invalid Enumeration", f"Unsupported entity for change data capture: {name}", "2030")
                )
        raw = request.query_params.get("changedSince", "")
        try:
            since = read_moment(raw)
        except ValueError:
            raise Refused(self._fault(400, "Invalid Date", f"changedSince '{raw}' is not a date", "2020")) from None
        if since < (self._clock.now() - LOOK_BACK).astimezone(UTC).replace(tzinfo=None):
            detail = f"Operation cdc with changedSince date {raw} which is older than fixed days is not supported."
            raise Refused(self._fault(400, "Unsupported Operation", detail, "500"))
        left, parts = MOST_CAPTURED, []
        for name in dict.fromkeys(wanted):
            sql = "select body from object where entity = ? and changed_at >= ? order by is_deleted, changed_at, number limit ?"
            bodies = [row["body"].encode() for row in books.rows(sql, [name, since, left])]
            left -= len(bodies)
            if not bodies:
                parts.append(b"{}")
                continue
            listed = f'"{JSON_NAMES.get(name, name)}":['.encode() + b",".join(bodies) + b"]"
            parts.append(b"{" + listed + f',"startPosition":1,"maxResults":{len(bodies)},"totalCount":{len(bodies)}}}'.encode())
        return self._reply(request, b'"CDCResponse":[{"QueryResponse":[' + b",".join(parts) + b"]}]")

    def _batch(self, books: Books, request: Request, body: bytes) -> Response:
        try:
            items = msgspec.json.decode(body, type=dict[str, list[dict[str, Any]]])["BatchItemRequest"]
        except (msgspec.DecodeError, KeyError):
            raise Refused(
                self._fault(400, "Request has invalid or unsupported property", "BatchItemRequest is expected", "2010")
            ) from None
        if len(items) > MOST_BATCHED:
            raise Refused(self._fault(400, "Batch limit exceeded", f"A batch holds at most {MOST_BATCHED} items", "1040"))
        answers = []
        for item in items:
            key = msgspec.json.encode(item.get("bId", ""))
            try:
                answers.append(b'{"bId":' + key + b',"QueryResponse":' + self._answer(books, str(item.get("Query", ""))) + b"}")
            except Refused as refusal:
                fault = msgspec.json.decode(bytes(refusal.response.body), type=dict[str, msgspec.Raw])["Fault"]
                answers.append(b'{"bId":' + key + b',"Fault":' + bytes(fault) + b"}")
        return self._reply(request, b'"BatchItemResponse":[' + b",".join(answers) + b"]")

    def _report(self, books: Books, request: Request, _body: bytes) -> Response:
        try:
            content = report(books, request.path_params["name"], request.query_params, self._clock.now())
        except UnknownReportError as trouble:
            raise Refused(self._fault(400, "Invalid Report Request", str(trouble), "2020")) from None
        return Response(msgspec.json.encode(content), 200, media_type="application/json;charset=UTF-8")

    def _rate(self, books: Books, request: Request, _body: bytes) -> Response:
        if not self._is_multi_currency(books):
            raise Refused(self._no_currencies())
        query = request.query_params
        sql = "select body from object where entity = 'ExchangeRate' and (body->>'SourceCurrencyCode') = ? and (body->>'AsOfDate') <= ? order by (body->>'AsOfDate') desc"
        rows = books.rows(
            sql, [query.get("sourcecurrencycode", "").upper(), query.get("asofdate", f"{pacific(self._clock.now()):%Y-%m-%d}")]
        )
        return self._object(request, "ExchangeRate", rows)

    def _one(self, books: Books, request: Request, _body: bytes) -> Response:
        entity = ENTITIES.get(request.path_params.get("entity", "preferences").lower())
        if entity is None:
            raise Refused(self._fault(400, "Unsupported Operation", "Operation is not supported.", "500"))
        key = request.path_params.get("id", "1")
        if entity == "CompanyInfo" and key == books.realm_id:
            key = "1"
        return self._object(
            request, entity, books.rows("select body from object where entity = ? and id = ? and not is_deleted", [entity, key])
        )

    def _object(self, request: Request, entity: str, rows: Sequence[Row]) -> Response:
        if not rows:
            detail = "Object Not Found : Something you're trying to use has been made inactive. Check the fields with accounts, customers, items, vendors or employees."
            raise Refused(self._fault(400, "Object Not Found", detail, "610"))
        return self._reply(request, f'"{JSON_NAMES.get(entity, entity)}":{rows[0]["body"]}'.encode())


def _projected(body: bytes, fields: Sequence[str]) -> bytes:
    """An object with the fields asked for, marked as sparse."""
    whole = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    names = {field.partition(".")[0] for field in fields}
    kept = {name: value for name, value in whole.items() if name in names | {"domain", "Id"}}
    return msgspec.json.encode({**kept, "sparse": True})


def _xml(content: str, time: str, status: int) -> Response:
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    body = f'{head}<IntuitResponse xmlns="http://schema.intuit.com/finance/v3" time={quoteattr(time)}>{content}</IntuitResponse>'
    return Response(body, status, media_type="application/xml;charset=UTF-8")


def _element(name: str, value: Any) -> str:
    """A JSON member as XML: lists repeat their element, counts of a response are attributes."""
    if isinstance(value, list):
        return "".join(_element(name, each) for each in value)
    if isinstance(value, Mapping):
        counts = "".join(f" {key}={quoteattr(str(each))}" for key, each in value.items() if key in _COUNTS)
        return f"<{name}{counts}>{''.join(_element(key, each) for key, each in value.items() if key not in _COUNTS)}</{name}>"
    text = {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)
    return f"<{name}>{escape(text)}</{name}>"

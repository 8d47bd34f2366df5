"""LinkedIn's marketing API as one application: versions, who may call, accounts and what is in them, analytics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import parse_qsl, unquote

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox.vendors.ads import AdStore
from sandbox.vendors.linkedin_ads import restli
from sandbox.vendors.linkedin_ads.restli import Malformed, Value
from sandbox.vendors.tokens import TokenServer
from sandbox.vendors.wire import CallLimit, VirtualClock

NAME = "linkedin_ads"
ACCESS_TOKEN = "sandbox-linkedin-token"
MONTHS_OF_A_VERSION = 12
NEWEST_VERSION = "202611"
ELEMENTS_AT_MOST = 15_000
CALLS_IN_A_DAY = 20_000
_DAY = "json_object('year', year({0}), 'month', month({0}), 'day', day({0}))"
_PIVOTS = {
    "ACCOUNT": "'urn:li:sponsoredAccount:' || account_id",
    "CAMPAIGN_GROUP": "'urn:li:sponsoredCampaignGroup:' || campaign_id",
    "CAMPAIGN": "'urn:li:sponsoredCampaign:' || ad_group_id",
    "CREATIVE": "'urn:li:sponsoredCreative:' || (ad_group_id + 900_000_000_000)",
}
_SPANS = {
    "DAILY": "day",
    "MONTHLY": "date_trunc('month', day)::date",
    "YEARLY": "date_trunc('year', day)::date",
    "ALL": "null::date",
}
_ENDS = {
    "DAILY": "day",
    "MONTHLY": "last_day(day)",
    "YEARLY": "(date_trunc('year', day) + interval 1 year - interval 1 day)::date",
    "ALL": "null::date",
}
_MONEY = "case when sum(amount) = sum(amount)::bigint then sum(amount)::bigint::varchar else rtrim(sum(amount)::varchar, '0') end"
_METRICS = {
    "costInLocalCurrency": _MONEY,
    "impressions": "sum(impressions)::bigint",
    "clicks": "sum(clicks)::bigint",
    "landingPageClicks": "sum(clicks)::bigint",
    "externalWebsiteConversions": "sum(conversions)::bigint",
    "oneClickLeads": "0",
}
_STAMP = "epoch_ms({})"
_ACCOUNT = """json_object('id', id::bigint, 'name', name, 'currency', currency, 'status', 'ACTIVE', 'type', 'BUSINESS', 'test', false,
    'reference', 'urn:li:organization:' || id)::varchar"""
_BUDGET = "rtrim(rtrim(budget_amount::varchar, '0'), '.')"
_GROUP = f"""json_object('id', id, 'account', 'urn:li:sponsoredAccount:' || account_id, 'name', name,
    'status', case when is_over then 'COMPLETED' else 'ACTIVE' end,
    'runSchedule', json_object('start', epoch_ms(start_date::timestamp), 'end', epoch_ms(end_date::timestamp + interval 86399 second)),
    'totalBudget', json_object('amount', {_BUDGET}, 'currencyCode', (select currency from accounts where accounts.id = account_id)),
    'changeAuditStamps', json_object('created', json_object('time', epoch_ms(created_at)),
        'lastModified', json_object('time', epoch_ms(updated_at))))::varchar"""
_CAMPAIGN = """json_object('id', id, 'account', 'urn:li:sponsoredAccount:' || account_id,
    'campaignGroup', 'urn:li:sponsoredCampaignGroup:' || campaign_id, 'name', name,
    'status', case when is_over then 'COMPLETED' else 'ACTIVE' end, 'type', 'SPONSORED_UPDATES', 'costType', 'CPC',
    'changeAuditStamps', json_object('created', json_object('time', epoch_ms(created_at)),
        'lastModified', json_object('time', epoch_ms(created_at))))::varchar"""


class Refusal(Exception):
    """A call that is answered with an error body."""

    def __init__(self, status: int, code: str, message: str, service: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = {
            "status": status,
            **({"serviceErrorCode": service} if service is not None else {}),
            "code": code,
            "message": message,
        }

    def reply(self) -> Response:
        """The answer on the wire."""
        return _reply(self.body, self.status)


@dataclass
class LinkedInAdsApi:
    """The emulator's state beside the accounts: tokens and call counters. ``limits`` False counts nothing."""

    store: AdStore
    clock: VirtualClock
    limits: bool = True
    elements_at_most: int = ELEMENTS_AT_MOST

    def __post_init__(self) -> None:
        self.tokens = TokenServer(self.clock.now, _token_answer, access_seconds=5_184_000, rotates=False)
        self._day = CallLimit(CALLS_IN_A_DAY, 86_400.0, self.clock.now)

    def app(self) -> ASGIApp:
        """The application to mount."""
        return Starlette(
            routes=[
                Route("/oauth/v2/authorization", self.tokens.authorize),
                Route("/oauth/v2/accessToken", self._token, methods=["POST"]),
                Route("/rest/adAnalytics", self._analytics),
                Route("/rest/adAccounts", self._accounts),
                Route("/rest/adAccounts/{account}", self._account),
                Route("/rest/adAccounts/{account}/{listing}", self._listing),
            ],
            exception_handlers={Refusal: _refused, HTTPException: _no_such_path},
        )

    def error(self, kind: str) -> Response:
        """LinkedIn's own error bodies."""
        throttled = "Resource level throttle limit for calls to this resource is reached."
        refusals = {
            "throttle": Refusal(429, "TOO_MANY_REQUESTS", throttled, 101),
            "day_limit": Refusal(
                429, "TOO_MANY_REQUESTS", "Resource level throttle DAY limit for calls to this resource is reached.", 101
            ),
            "unauthorized": _expired(),
            "forbidden": Refusal(
                403, "ACCESS_DENIED", "Not enough permissions to access: partnerApiAdAnalytics.FINDER-analytics", 100
            ),
        }
        failure = Refusal(500, "INTERNAL_SERVER_ERROR", "Internal Server Error")
        if kind == "error_200":
            return _reply(failure.body)
        return refusals.get(kind, failure).reply()

    async def _token(self, request: Request) -> Response:
        """The token endpoint: an access token lives for sixty days."""
        form = dict(parse_qsl((await request.body()).decode()))
        answer = await self.tokens.token(request)
        if answer.status_code != 200 or form.get("grant_type") == "client_credentials":
            told = "The token used in the request has been revoked or is not valid"
            return _reply({"error": "invalid_request", "error_description": told}, 400)
        return answer

    def _accounts(self, request: Request) -> Response:
        self._admit(request)
        self._finder(request, "search")
        return self._page(request, f"select id, {_ACCOUNT} from accounts where true", [])

    def _account(self, request: Request) -> Response:
        self._admit(request)
        found = self.store.read(f"select {_ACCOUNT} from accounts where id = ?", [request.path_params["account"]])
        if not found:
            raise Refusal(404, "NOT_FOUND", "Ad account does not exist or the member has no access to it", 404)
        return _reply(found[0][0].encode())

    def _listing(self, request: Request) -> Response:
        """Campaign groups and campaigns of an account, a page at a time."""
        self._admit(request)
        self._finder(request, "search")
        bodies = {"adCampaignGroups": (_GROUP, "campaigns"), "adCampaigns": (_CAMPAIGN, "ad_groups")}
        if request.path_params["listing"] not in bodies:
            raise Refusal(404, "RESOURCE_NOT_FOUND", f"No root resource defined for path {request.url.path}", 0)
        body, table = bodies[request.path_params["listing"]]
        return self._page(request, f"select id, {body} from {table} where account_id = ?", [request.path_params["account"]])

    def _page(self, request: Request, sql: str, values: list[object]) -> Response:
        size, token = request.query_params.get("pageSize", "100"), request.query_params.get("pageToken", "0")
        if not size.isdigit() or not 1 <= int(size) <= 1000:
            raise Refusal(400, "ILLEGAL_ARGUMENT", "Page size must be between 1 and 1000")
        if not token.isdigit():
            raise Refusal(400, "ILLEGAL_ARGUMENT", "The page token is not valid")
        found = self.store.read(f"{sql} and id::bigint > ? order by id::bigint limit ?", [*values, int(token), int(size) + 1])
        rows = found[: int(size)]
        more = {"nextPageToken": str(rows[-1][0])} if len(found) > len(rows) else {}
        return _reply(
            f'{{"metadata":{msgspec.json.encode(more).decode()},"elements":[{",".join(row[1] for row in rows)}]}}'.encode()
        )

    def _analytics(self, request: Request) -> Response:
        """What accounts or campaigns cost and brought: in one answer; what a caller may not see is simply not there."""
        self._admit(request)
        self._finder(request, "analytics")
        asked = restli.parameters(request.url.query)
        pivot, span = asked.get("pivot", ""), asked.get("timeGranularity", "")
        if pivot not in _PIVOTS:
            raise Refusal(400, "ILLEGAL_ARGUMENT", f"Invalid value for pivot: '{pivot}'")
        if span not in _SPANS:
            raise Refusal(400, "ILLEGAL_ARGUMENT", f"Invalid value for timeGranularity: '{span}'")
        first, last = _days(_value(asked, "dateRange"))
        fields = [unquote(name) for name in asked.get("fields", "impressions,clicks").replace("%2C", ",").split(",")]
        for name in fields:
            if name not in {*_METRICS, "dateRange", "pivotValues"}:
                raise Refusal(400, "ILLEGAL_ARGUMENT", f"Unknown field in projection: '{name}'")
        wheres, values = _facets(asked)
        start, end = (
            f"coalesce(min({expression}), {edge})" for expression, edge in ((_SPANS[span], "min(day)"), (_ENDS[span], "max(day)"))
        )
        bodies = {
            "dateRange": f"json_object('start', {_DAY.format(start)}, 'end', {_DAY.format(end)})",
            "pivotValues": f"json_array({_PIVOTS[pivot]})",
            **_METRICS,
        }
        members = ", ".join(f"'{name}', {bodies[name]}" for name in fields)
        keys = f"{_PIVOTS[pivot]}, {_SPANS[span]}"
        found = self.store.read(
            f"""select json_object({members})::varchar from report where day between ? and ? and {wheres}
            group by {keys} order by {_SPANS[span]}, {_PIVOTS[pivot]} limit {self.elements_at_most}""",
            [first, last, *values],
        )
        paging = b'{"start":0,"count":10,"links":[]}'
        return _reply(b'{"paging":' + paging + b',"elements":[' + ",".join(row[0] for row in found).encode() + b"]}")

    def _admit(self, request: Request) -> None:
        """Refuse a call without a version that lives, without a token, or beyond the day's number."""
        version = request.headers.get("linkedin-version", "")
        if not version:
            raise Refusal(
                400, "VERSION_MISSING", "A version must be present. Please specify a version by adding the LinkedIn-Version header."
            )
        if not _is_alive(version):
            raise Refusal(426, "NONEXISTENT_VERSION", f"Requested version {version} is not active")
        authorization = request.headers.get("authorization", "")
        if not authorization:
            raise Refusal(401, "EMPTY_ACCESS_TOKEN", "Empty oauth2 access token", 65604)
        if authorization != f"Bearer {ACCESS_TOKEN}" and not self.tokens.is_valid(authorization):
            known = authorization.removeprefix("Bearer ") in self.tokens.access
            raise _expired() if known else Refusal(401, "INVALID_ACCESS_TOKEN", "Invalid access token", 65600)
        if request.headers.get("x-restli-protocol-version") != "2.0.0":
            raise Refusal(400, "ILLEGAL_ARGUMENT", "Invalid query parameters: X-Restli-Protocol-Version 2.0.0 is expected", 0)
        if self.limits and self._day.take()[0] < 0:
            raise Refusal(
                429,
                "TOO_MANY_REQUESTS",
                "Resource level throttle APPLICATION DAY limit for calls to this resource is reached.",
                101,
            )

    @staticmethod
    def _finder(request: Request, name: str) -> None:
        if request.query_params.get("q") != name:
            raise Refusal(400, "MISSING_QUERY_PARAMETER", f"The finder '{name}' is expected in the query parameter q", 0)


def _is_alive(version: str) -> bool:
    """A version is a month, and lives for a year."""
    if len(version) != 6 or not version.isdigit():
        return False
    age = (int(NEWEST_VERSION[:4]) - int(version[:4])) * 12 + int(NEWEST_VERSION[4:]) - int(version[4:])
    return 1 <= int(version[4:]) <= 12 and 0 <= age < MONTHS_OF_A_VERSION


def _value(asked: Mapping[str, str], name: str) -> Value:
    if name not in asked:
        raise Refusal(400, "MISSING_QUERY_PARAMETER", f"Query parameter {name} is required", 0)
    try:
        return restli.read(asked[name])
    except Malformed:
        raise Refusal(
            400, "ILLEGAL_ARGUMENT", f"Invalid query parameters passed to request: '{name}' is not a value of Rest.li", 0
        ) from None


def _days(value: Value) -> tuple[date, date]:
    """First and last day of a range; without an end it reaches to the present."""
    try:
        days = {name: date(*(int(str(day[part])) for part in ("year", "month", "day"))) for name, day in dict(value).items()}  # type: ignore[arg-type,index,call-overload]
        return days["start"], days.get("end", date.max)
    except (KeyError, TypeError, ValueError):
        raise Refusal(
            400, "ILLEGAL_ARGUMENT", "dateRange must be (start:(year:Y,month:M,day:D),end:(year:Y,month:M,day:D))"
        ) from None


def _facets(asked: Mapping[str, str]) -> tuple[str, list[object]]:
    """Whose figures are wanted, as SQL: at least one of accounts, campaign groups and campaigns must be named."""
    columns = {"accounts": "account_id", "campaignGroups": "campaign_id", "campaigns": "ad_group_id"}
    wheres, values = [], list[object]()
    for name, column in columns.items():
        if name in asked:
            urns = _value(asked, name)
            if not isinstance(urns, list) or not all(isinstance(urn, str) and urn.startswith("urn:li:sponsored") for urn in urns):
                raise Refusal(400, "ILLEGAL_ARGUMENT", f"{name} must be a List of URNs", 0)
            ids = [str(urn).rpartition(":")[2] for urn in urns]
            wheres.append(f"{column}::varchar in ({', '.join('?' * len(ids)) or 'null'})")
            values += ids
    if not wheres:
        raise Refusal(400, "MISSING_QUERY_PARAMETER", "At least one of accounts, campaignGroups, campaigns must be given", 0)
    return " and ".join(wheres), values


def _expired() -> Refusal:
    return Refusal(401, "EXPIRED_ACCESS_TOKEN", "The token used in the request has expired", 65601)


def _reply(body: object, status: int = 200) -> Response:
    encoded = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return Response(encoded, status, media_type="application/json")


def _token_answer(access: str, refresh: str | None, seconds: int) -> dict[str, object]:
    whole = {"access_token": access, "expires_in": seconds, "scope": "r_ads,r_ads_reporting"}
    return {**whole, **({"refresh_token": refresh, "refresh_token_expires_in": 31_536_000} if refresh else {})}


def _refused(_request: Request, refusal: Exception) -> Response:
    return (
        refusal.reply() if isinstance(refusal, Refusal) else Refusal(500, "INTERNAL_SERVER_ERROR", "Internal Server Error").reply()
    )


def _no_such_path(request: Request, trouble: Exception) -> Response:
    status = trouble.status_code if isinstance(trouble, HTTPException) else 404
    return Refusal(status, "RESOURCE_NOT_FOUND", f"No root resource defined for path {request.url.path}", 0).reply()

"""Marketo's envelope: what its error codes mean, and the ways in which its listings go on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from dlt_sources.http import (
    ApiClient,
    AuthenticationRejected,
    BadRequest,
    ErrorReply,
    MalformedReply,
    NotFound,
    Page,
    PermissionMissing,
    QuotaExhausted,
    Reply,
    Request,
    walk,
)

BATCH, ASSETS_PAGE = 300, 200  # the most that Marketo gives
TOKEN_CODES = frozenset({"601", "602"})
_LATER = frozenset({"502", "604", "606", "608", "611", "614", "615", "713"})
_FORBIDDEN, _DAY_IS_OVER, _NOWHERE, _NO_DATA, _EXPORT = "603", "607", "610", "702", "1029"
_ZONE = ZoneInfo("America/Chicago")  # quotas begin anew at its midnight
_SHORT_BODY = 2_000

Pages = Iterator[tuple[Reply, list[msgspec.Raw]]]


class Refused(BadRequest):
    """The vendor understood the call and refuses it, with a code of its own."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (str(self), self.code))


class ExportQuota(QuotaExhausted):
    """No more bulk files today."""


class JobsWaiting(Refused):
    """As many bulk jobs wait as may."""


class _Failure(msgspec.Struct):
    code: str | int = ""
    message: str = ""


class Envelope(msgspec.Struct, rename="camel"):
    """What every answer has around it."""

    success: bool
    result: list[msgspec.Raw] | None = None
    errors: list[_Failure] | None = None
    next_page_token: str | None = None
    more_result: bool | None = None

    @property
    def rows(self) -> list[msgspec.Raw]:
        """The rows; a page may be without any."""
        return self.result or []


def refuses_token(reply: Reply) -> bool:
    """Whether the access token is no longer good, which is told within HTTP 200."""
    if len(reply.body) > _SHORT_BODY or b"errors" not in reply.body:
        return False
    try:
        envelope = msgspec.json.decode(reply.body, type=Envelope)
    except msgspec.DecodeError:
        return False
    return not envelope.success and any(str(each.code) in TOKEN_CODES for each in envelope.errors or ())


def answer(reply: Reply) -> Envelope:
    """The envelope of a good answer; raises what an error code means."""
    try:
        envelope = msgspec.json.decode(reply.body, type=Envelope)
    except msgspec.DecodeError:
        raise MalformedReply(f"{reply.request} answered without 'success'; check base_url.") from None
    if envelope.success:
        return envelope
    failure = envelope.errors[0] if envelope.errors else _Failure()
    code, told = str(failure.code), f"{reply.request} failed with code {failure.code}: {failure.message}"
    if code == _NO_DATA:
        return Envelope(success=True, result=[], more_result=False)
    if code in _LATER:
        raise ErrorReply(told, retryable=True)
    if code in TOKEN_CODES:
        raise AuthenticationRejected(f"The vendor does not accept the access token ({told}); check client_id and client_secret.")
    if code == _FORBIDDEN:
        raise PermissionMissing(f"The API user's role, or the list of allowed addresses, does not permit this ({told}).")
    if code == _NOWHERE:
        raise NotFound(f"Nothing is there ({told}); check base_url.")
    if code == _DAY_IS_OVER:
        raise QuotaExhausted(f"The day's quota of calls is used up ({told}); run again later.", _midnight(reply.received_at))
    if code == _EXPORT and "quota" in failure.message.lower():
        raise ExportQuota(f"The day's quota of bulk files is used up ({told}).", _midnight(reply.received_at))
    if code == _EXPORT and "too many" in failure.message.lower():
        raise JobsWaiting(told, code)
    raise Refused(told, code)


def _midnight(now: datetime) -> datetime:
    """When quotas begin anew."""
    tomorrow = now.astimezone(_ZONE).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), _ZONE).astimezone(UTC)


def get(api: ApiClient, path: str, params: Mapping[str, str] | None = None) -> tuple[Reply, Envelope]:
    """One answer."""
    return api.send(Request("GET", path, params), lambda reply: (reply, answer(reply)))


def post(api: ApiClient, path: str, body: object | None = None) -> Envelope:
    """The answer to an order."""
    return api.send(Request("POST", path, json=body if body is not None else {}), answer)


def tokened(api: ApiClient, path: str, params: Mapping[str, str]) -> Pages:
    """Every page of a listing that goes on by a token as long as there is one."""

    def page(request: Request) -> Page[list[msgspec.Raw]]:
        reply, envelope = get(api, request.url, request.params)
        onward = envelope.next_page_token if envelope.more_result is not False and envelope.rows else None
        following = Request("GET", path, {**params, "nextPageToken": onward}) if onward else None
        return Page(envelope.rows, reply, following, len(envelope.rows))

    for one in walk(Request("GET", path, params), page):
        yield one.reply, one.content


def offset(api: ApiClient, path: str) -> Pages:
    """Every page of assets: the last one is short, or has no rows at all."""

    def page(request: Request) -> Page[list[msgspec.Raw]]:
        reply, envelope = get(api, request.url, request.params)
        at, found = int((request.params or {})["offset"]), len(envelope.rows)
        more = found >= ASSETS_PAGE
        return Page(envelope.rows, reply, call(at + found) if more else None, found)

    def call(at: int) -> Request:
        return Request("GET", path, {"maxReturn": str(ASSETS_PAGE), "offset": str(at)})

    for one in walk(call(0), page):
        yield one.reply, one.content


def log(api: ApiClient, path: str, params: Mapping[str, str], since: datetime) -> Pages:
    """The log from a moment on. A page without rows is not the end of it: only the vendor's word is."""
    token = _token(api, since)

    def call(onward: str) -> Request:
        return Request("GET", path, {**params, "batchSize": str(BATCH), "nextPageToken": onward})

    def page(request: Request) -> Page[list[msgspec.Raw]]:
        def parse(reply: Reply) -> tuple[Reply, Envelope]:
            envelope = answer(reply)
            if envelope.more_result is None or (envelope.more_result and not envelope.next_page_token):
                raise MalformedReply(f"{reply.request} does not say whether there is more of the log.")
            return reply, envelope

        reply, envelope = api.send(request, parse)
        onward = call(envelope.next_page_token) if envelope.more_result and envelope.next_page_token else None
        return Page(envelope.rows, reply, onward, len(envelope.rows))

    for one in walk(call(token), page):
        yield one.reply, one.content


def _token(api: ApiClient, since: datetime) -> str:
    def parse(reply: Reply) -> str:
        token = answer(reply).next_page_token
        if not token:
            raise MalformedReply(f"{reply.request} answered without a paging token.")
        return token

    return api.send(Request("GET", "rest/v1/activities/pagingtoken.json", {"sinceDatetime": stamp(since)}), parse)


def stamp(moment: datetime) -> str:
    """A moment (UTC, without offset) as calls have it."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"

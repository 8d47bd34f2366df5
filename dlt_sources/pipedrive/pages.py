"""The pages of Pipedrive's two versions: listings with cursors, and lists with offsets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time, timedelta

import msgspec

from dlt_sources.http import ApiClient, ErrorReply, MalformedReply, Page, PermissionMissing, QuotaExhausted, Reply, Request, walk

SIZE = 500  # the most that a page holds
V1, V2 = "api/v1", "api/v2"
_DEAREST_CALL = 40  # tokens; with fewer left, the day is over
_TOO_MANY, _FORBIDDEN, _PAYMENT = 429, 403, 402

Pages = Iterator[tuple[Reply, list[msgspec.Raw]]]


class _Offsets(msgspec.Struct):
    more_items_in_collection: bool = False
    next_start: int | None = None


class _Additional(msgspec.Struct):
    """What a page says of the next one: a cursor, or offsets, which calls of version 1 give in a record of their own or flat."""

    next_cursor: str | None = None
    pagination: _Offsets | None = None
    more_items_in_collection: bool | None = None
    next_start: int | None = None


class _Envelope(msgspec.Struct):
    success: bool
    data: list[msgspec.Raw] | None = None
    additional_data: _Additional | None = None
    error: str | None = None


def fetch(api: ApiClient, request: Request) -> tuple[Reply, list[msgspec.Raw], _Additional]:
    """One page: the answer, its rows, and what it says of the next."""

    def parse(reply: Reply) -> tuple[Reply, list[msgspec.Raw], _Additional]:
        try:
            envelope = msgspec.json.decode(reply.body, type=_Envelope)
        except msgspec.DecodeError:
            raise MalformedReply(f"{reply.request} did not answer with 'success' and 'data'; check base_url.") from None
        if not envelope.success:
            raise ErrorReply(f"{reply.request} answered {reply.status}, and yet without success: {envelope.error}", retryable=True)
        return reply, envelope.data or [], envelope.additional_data or _Additional()

    return api.send(request, parse)


def listing(api: ApiClient, path: str, options: Mapping[str, str] | None = None) -> Pages:
    """Every page of a listing of version 2."""

    def page(request: Request) -> Page[list[msgspec.Raw]]:
        reply, rows, about = fetch(api, request)
        onward = Request("GET", request.url, {**(request.params or {}), "cursor": about.next_cursor}) if about.next_cursor else None
        return Page(rows, reply, onward, len(rows))

    for one in walk(Request("GET", f"{V2}/{path}", {"limit": str(SIZE), **(options or {})}), page):
        yield one.reply, one.content


def old_listing(api: ApiClient, path: str, options: Mapping[str, str] | None = None) -> Pages:
    """Every page of a list of version 1; one that says nothing of pages is whole."""

    def page(request: Request) -> Page[list[msgspec.Raw]]:
        reply, rows, about = fetch(api, request)
        params = request.params or {}
        following = about.pagination or _Offsets(bool(about.more_items_in_collection), about.next_start)
        start = following.next_start if following.next_start is not None else int(params["start"]) + len(rows)
        more = following.more_items_in_collection and bool(rows)
        return Page(rows, reply, Request("GET", request.url, {**params, "start": str(start)}) if more else None, len(rows))

    for one in walk(Request("GET", f"{V1}/{path}", {"start": "0", "limit": str(SIZE), **(options or {})}), page):
        yield one.reply, one.content


class Verdict:
    """What the vendor's refusals mean: a burst (wait), the day's budget (stop), its shield (wait longer), a plan without the feature."""

    def __init__(self, connection: str) -> None:
        self._connection = connection

    def __call__(self, reply: Reply) -> bool | None:
        """True: try again; None: what the status says."""
        if reply.status == _TOO_MANY and _day_is_over(reply):
            midnight = datetime.combine(reply.received_at.astimezone(UTC) + timedelta(days=1), time(), UTC)
            raise QuotaExhausted(
                f"Connection '{self._connection}': the account's tokens of the day are used up; run again after midnight of the vendor's server.",
                midnight,
            )
        if reply.status == _PAYMENT:
            raise PermissionMissing(f"Connection '{self._connection}': the account's plan does not include {reply.request}.")
        if reply.status == _FORBIDDEN and reply.body.lstrip()[:1] == b"<":
            return True  # a page of the shield before the API, for having called too often
        return None


def _day_is_over(reply: Reply) -> bool:
    headers = {name.lower(): value for name, value in reply.headers.items()}
    tokens, calls = headers.get("x-daily-ratelimit-token-remaining", ""), headers.get("x-daily-requests-left", "")
    return (tokens.isdigit() and int(tokens) < _DEAREST_CALL) or (calls.isdigit() and int(calls) == 0)

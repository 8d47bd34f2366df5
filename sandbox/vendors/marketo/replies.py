"""What Marketo's answers have in common: an envelope with status 200, errors in it too, and paging tokens."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec
from starlette.requests import Request
from starlette.responses import Response

BATCH, MOST_VALUES = 300, 300
NO_ASSETS = "No assets found for the given search criteria."


class Refusal(Exception):
    """A call that is answered with an error, within HTTP 200."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message

    def reply(self) -> Response:
        """The answer on the wire."""
        return error(self.code, self.message)


def reply(body: Mapping[str, object], status: int = 200) -> Response:
    """JSON as the vendor sends it."""
    return Response(msgspec.json.encode(body), status, media_type="application/json;charset=UTF-8")


def request_id() -> str:
    """What the vendor's support finds a call by: ``e42b#14272d07d78``."""
    return f"{secrets.token_hex(2)}#{secrets.token_hex(6)[:11]}"


def error(code: str, message: str) -> Response:
    """A failure; its code is text."""
    return reply({"requestId": request_id(), "success": False, "errors": [{"code": code, "message": message}]})


def rows(found: Sequence[object], **more: object) -> Response:
    """An answer of the lead database."""
    return reply({"requestId": request_id(), "success": True, "result": found, **more})


def page(found: Sequence[object], token: str, *, more: bool) -> Response:
    """A page of a log: it has no ``result`` where it is empty, and always a token."""
    body: dict[str, object] = {"requestId": request_id(), "success": True, "nextPageToken": token, "moreResult": more}
    return reply({**body, "result": found} if found else body)


def assets(found: Sequence[object]) -> Response:
    """An answer of the asset API: a search that finds nothing has a warning and no ``result``."""
    body: dict[str, object] = {"requestId": request_id(), "success": True, "errors": [], "warnings": []}
    return reply({**body, "result": found} if found else {**body, "warnings": [NO_ASSETS]})


def instant(moment: datetime) -> str:
    """A moment of the lead database."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def asset_instant(moment: datetime) -> str:
    """A moment of the asset API, which has both a Z and an offset."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ+0000}"


def token_of(text: str) -> str:
    """A paging token: opaque to callers."""
    return base64.b32encode(text.encode()).decode()


def text_of(token: str) -> str:
    """What a paging token holds."""
    try:
        return base64.b32decode(token.encode()).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise Refusal("1003", "Invalid nextPageToken") from None


def whole_number(text: str, name: str) -> int:
    """A number of a call."""
    try:
        return int(text)
    except ValueError:
        raise Refusal("1001", f"Invalid value '{text}'. Required of type 'Integer' for {name}") from None


def needed(request: Request, name: str) -> str:
    """A parameter that must be there."""
    value = request.query_params.get(name, "")
    if not value:
        raise Refusal("1002", f"Missing value for the required parameter '{name}'")
    return value


def values_of(request: Request, name: str, most: int = MOST_VALUES) -> list[str]:
    """A list with commas."""
    found = [value.strip() for value in needed(request, name).split(",") if value.strip()]
    if len(found) > most:
        raise Refusal("1003", f"Too many values in {name}: at most {most} are allowed")
    return found


def batch_of(request: Request, name: str = "batchSize", most: int = BATCH) -> int:
    """How many rows a page holds; a greater wish is cut to the most."""
    size = whole_number(request.query_params.get(name) or str(most), name)
    if size <= 0:
        raise Refusal("1003", f"Invalid {name}")
    return min(size, most)


def moment_of(text: str, name: str) -> datetime:
    """A moment of a call, as UTC without offset."""
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+") if text.count(":") > 2 else text)
    except ValueError:
        raise Refusal("1001", f"Invalid value '{text}'. Required of type 'DateTime' for {name}") from None
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def span_of(start: str, end: str, days: int) -> tuple[datetime, datetime]:
    """A span of time that a filter may have."""
    if "." in start or "." in end:
        raise Refusal("1003", "Datetimes must be without milliseconds")
    first, last = moment_of(start, "startAt"), moment_of(end, "endAt")
    if last < first or (last - first).total_seconds() > days * 86_400:
        raise Refusal("1003", f"The date range must be {days} days or fewer")
    return first, last

"""What Pipedrive's answers have in common: envelopes with cursors or offsets, and error bodies."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec
from starlette.requests import Request
from starlette.responses import Response

LARGEST, USUAL = 500, 100
WHERE_TO_LOOK = "Please check developers.pipedrive.com"


class Refusal(Exception):
    """A call that is answered with an error body."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message

    def reply(self) -> Response:
        """The answer on the wire."""
        return error(self.status, self.message)


class Cursor(msgspec.Struct):
    """Where a page ends: the value that it is sorted by, and the id."""

    sort: str
    value: str | int
    id: int


def reply(body: bytes | object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON as the vendor sends it; bytes are JSON already."""
    encoded = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return Response(encoded, status, headers, media_type="application/json; charset=utf-8")


def error(status: int, message: str, headers: Mapping[str, str] | None = None, **more: object) -> Response:
    """An error body."""
    return reply({"success": False, "error": message, "errorCode": status, "error_info": WHERE_TO_LOOK, **more}, status, headers)


def blocked() -> Response:
    """What stands before the vendor's servers answers a client that does not listen to 429."""
    page = "<!DOCTYPE html><html><head><title>Access denied | Cloudflare</title></head><body><h1>Error 1015</h1><p>You are being rate limited</p></body></html>"
    return Response(page, 403, {"Server": "cloudflare"}, media_type="text/html; charset=UTF-8")


def page(rows: Sequence[str], following: Cursor | None) -> Response:
    """A page of v2 of rows that are JSON already; without ``following`` it is the last."""
    cursor = None if following is None else base64.urlsafe_b64encode(msgspec.json.encode(following)).decode()
    tail = msgspec.json.encode({"next_cursor": cursor}).decode()
    return reply(f'{{"success":true,"data":[{",".join(rows)}],"additional_data":{tail}}}'.encode())


def offset_page(
    rows: Sequence[str], start: int, limit: int, *, more: bool, flat: bool = False, about: Mapping[str, object] | None = None
) -> Response:
    """A page of v1; ``flat`` has the paging beside ``additional_data``'s other keys, as the official client's types say of flows."""
    paging: dict[str, object] = {"start": start, "limit": limit, "more_items_in_collection": more}
    paging |= {"next_start": start + limit} if more else {}
    tail = msgspec.json.encode({**(about or {}), **(paging if flat else {"pagination": paging})}).decode()
    return reply(f'{{"success":true,"data":[{",".join(rows)}],"additional_data":{tail}}}'.encode())


def single(row: str) -> Response:
    """One object."""
    return reply(f'{{"success":true,"data":{row}}}'.encode())


def cursor_of(request: Request, sort: str) -> Cursor | None:
    """The place where a page of v2 begins; a cursor is good for the order that it was given for."""
    raw = request.query_params.get("cursor")
    if not raw:
        return None
    try:
        found = msgspec.json.decode(base64.urlsafe_b64decode(raw), type=Cursor)
    except (binascii.Error, ValueError):
        raise Refusal(400, "Validation failed: cursor: Invalid cursor") from None
    if found.sort != sort:
        raise Refusal(400, "Validation failed: cursor: The cursor belongs to another order")
    return found


def limit_of(request: Request) -> int:
    """The page size of v2: out of range is refused."""
    limit = whole_number(request, "limit", USUAL)
    if not 1 <= limit <= LARGEST:
        raise Refusal(400, f"Validation failed: limit: must be between 1 and {LARGEST}")
    return limit


def offset_of(request: Request) -> tuple[int, int]:
    """Start and page size of v1: a greater wish is cut to the most."""
    return max(whole_number(request, "start", 0), 0), min(max(whole_number(request, "limit", USUAL), 1), LARGEST)


def whole_number(request: Request, name: str, usual: int) -> int:
    """A number of a call."""
    raw = request.query_params.get(name, "")
    try:
        return int(raw) if raw else usual
    except ValueError:
        raise Refusal(400, f"Validation failed: {name}: Expected number, received '{raw}'") from None


def numbers_of(request: Request, name: str, most: int) -> list[int]:
    """A list of ids with commas."""
    parts = [part for part in request.query_params.get(name, "").split(",") if part.strip()]
    if len(parts) > most:
        raise Refusal(400, f"Validation failed: {name}: at most {most} ids are allowed")
    try:
        return [int(part) for part in parts]
    except ValueError:
        raise Refusal(400, f"Validation failed: {name}: Expected numbers") from None


def moment_of(request: Request, name: str) -> datetime | None:
    """A moment of a call (RFC 3339), as UTC without offset."""
    raw = request.query_params.get(name)
    if not raw:
        return None
    moment: datetime | None
    try:
        moment = datetime.fromisoformat(raw.replace(" ", "+") if "T" in raw else raw)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Refusal(400, f"Validation failed: {name}: Invalid datetime, RFC3339 is expected")
    return moment.astimezone(UTC).replace(tzinfo=None)

"""What HubSpot's answers have in common: pages with a link to the next one, batches, and error bodies."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec
from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import Response

T = TypeVar("T")


class Refusal(Exception):
    """A call that is answered with an error body; ``more`` are its keys beyond message, category and correlation id."""

    def __init__(self, status: int, message: str, category: str = "VALIDATION_ERROR", **more: object) -> None:
        super().__init__(message)
        self.status = status
        self.body: Mapping[str, object] = {"message": message, "category": category, **more}

    def reply(self) -> Response:
        """The answer on the wire."""
        return error(self.status, **self.body)


def reply(body: bytes | object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON as the vendor sends it; bytes are JSON already."""
    encoded = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return Response(encoded, status, headers, media_type="application/json;charset=utf-8")


def error(status: int, **body: object) -> Response:
    """An error body; its correlation id is also a header, as on every answer that fails."""
    correlation_id = str(uuid.uuid4())
    whole = {"status": "error", **body, "correlationId": correlation_id}
    return reply(whole, status, {"X-HubSpot-Correlation-Id": correlation_id})


def page(request: Request, rows: Sequence[str], after: object = None, total: int | None = None) -> Response:
    """A page of rows that are JSON already; ``after`` None: the last one. The link leads back to the address that was called."""
    parts = [] if total is None else [f'"total":{total}']
    parts.append(f'"results":[{",".join(rows)}]')
    if after is not None:
        following: dict[str, str] = {"after": str(after)}
        if request.method == "GET":
            following["link"] = str(URL(str(request.url)).include_query_params(after=after))
        parts.append(f'"paging":{{"next":{msgspec.json.encode(following).decode()}}}')
    return reply(f"{{{','.join(parts)}}}".encode())


def batch(rows: Sequence[str], errors: Sequence[object], now: datetime) -> Response:
    """The answer to a batch: 207 where some of its inputs failed."""
    stamp = instant_text(now)
    tail: dict[str, object] = {"startedAt": stamp, "completedAt": stamp}
    if errors:
        tail = {"numErrors": len(errors), "errors": errors, **tail}
    body = f'{{"status":"COMPLETE","results":[{",".join(rows)}],{msgspec.json.encode(tail).decode()[1:]}'
    return reply(body.encode(), 207 if errors else 200)


def instant_text(moment: datetime) -> str:
    """ISO with milliseconds, UTC."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def objects_address(request: Request) -> str:
    """Where the objects are, in the version that was called with the type in its path, for links."""
    called = request.url.path.partition(f"/{request.path_params['type']}")[0]
    return f"{request.url.scheme}://{request.url.netloc}{called.replace('/associations', '/objects')}"


def limit_of(request: Request, default: int, largest: int) -> int:
    """The page size that was asked for; above the largest it is refused, not cut."""
    return checked_limit(request.query_params.get("limit"), default, largest)


def checked_limit(raw: object, default: int, largest: int) -> int:
    """A page size from a query or a body."""
    if raw in {None, ""}:
        return default
    limit = whole_number(raw, "limit")
    if limit < 1 or limit > largest:
        side = f"less than or equal to {largest}" if limit > largest else "greater than 0"
        raise Refusal(
            400, f"Invalid input: limit must be {side}", errors=[{"message": f"limit {limit} is out of range", "in": "limit"}]
        )
    return limit


def whole_number(raw: object, name: str) -> int:
    """A number from a query or a body."""
    try:
        return int(str(raw))
    except ValueError:
        raise Refusal(
            400, f"Invalid input: {name} is not a valid number: '{raw}'", errors=[{"message": "not a number", "in": name}]
        ) from None


def flag_of(request: Request, name: str) -> bool:
    """A query parameter that is ``true`` or absent."""
    return request.query_params.get(name, "false").lower() == "true"


def names_of(request: Request, name: str) -> list[str]:
    """The names of a list that comes with commas, as a repeated parameter, or both."""
    parts = (part.strip() for value in request.query_params.getlist(name) for part in value.split(","))
    return [part for part in parts if part]


async def body_of(request: Request, shape: type[T]) -> T:
    """The JSON body in its shape, or a refusal that says what is wrong with it."""
    try:
        return msgspec.json.decode(await request.body(), type=shape)
    except msgspec.DecodeError as trouble:
        raise Refusal(400, f"Invalid input JSON on line 1, column 1: {trouble}") from None

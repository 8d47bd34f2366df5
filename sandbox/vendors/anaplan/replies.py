"""What Anaplan's answers have in common: an envelope with its paging, and errors that tell path and moment."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response

NAME = "anaplan"
MOST_ROWS = 5000


class Refusal(Exception):
    """A call that is answered with an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


def json(body: object, status: int = 200) -> Response:
    """JSON as the vendor sends it."""
    return Response(msgspec.json.encode(body), status, media_type="application/json")


def root(request: Request) -> str:
    """Where the vendor's services are, as the caller knows it."""
    return f"{str(request.base_url).rstrip('/').removesuffix(f'/{NAME}')}/{NAME}"


def base(request: Request) -> str:
    """The address of the API, up to ``/2/0``."""
    return f"{root(request)}/2/0"


def error(status: int, message: str, path: str, at: datetime) -> Response:
    """An error of the API."""
    moment = f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"
    return json({"status": {"code": status, "message": message}, "path": path, "timestamp": moment}, status)


def path_of(request: Request) -> str:
    """The path as errors tell it."""
    return "/2/0" + str(request.scope["path"]).partition("/2/0")[2]


def whole(request: Request, kind: str, key: str, value: object) -> Response:
    """An answer that is no listing."""
    meta = {"schema": f"{base(request)}/objects/{kind}"}
    return json({"meta": meta, "status": {"code": 200, "message": "Success"}, key: value})


def listing(request: Request, kind: str, key: str, found: Sequence[Mapping[str, Any]]) -> Response:
    """A page of a listing by ``limit`` and ``offset``.

    ``s`` finds names that hold it, with ``%`` for any characters and ``_`` for one; ``sort`` orders by a field.
    """
    query = request.query_params
    if wanted := query.get("s"):
        pattern = "".join({"%": ".*", "_": "."}.get(letter, re.escape(letter)) for letter in wanted)
        found = [row for row in found if re.search(pattern, str(row.get("name", "")), re.IGNORECASE)]
    for order in reversed([each for each in query.get("sort", "").replace(" ", "+").split(",") if each]):
        name = order.lstrip("+-")
        if found and name in found[0]:
            found = sorted(found, key=lambda row: str(row[name]), reverse=order.startswith("-"))
    limit, offset = min(_number(query, "limit", MOST_ROWS), MOST_ROWS), _number(query, "offset", 0)
    rows = found[offset : offset + limit]
    paging: dict[str, object] = {"currentPageSize": len(rows), "totalSize": len(found), "offset": offset}
    if rows and offset + len(rows) < len(found):
        paging["next"] = _page(request, limit, offset + len(rows))
    if offset > 0:
        paging["previous"] = _page(request, limit, max(0, offset - limit))
    meta = {"schema": f"{base(request)}/objects/{kind}", "paging": paging}
    return json({"meta": meta, "status": {"code": 200, "message": "Success"}, key: rows})


def _number(query: Mapping[str, str], name: str, otherwise: int) -> int:
    text = query.get(name, "")
    if not text:
        return otherwise
    if not text.isdigit() or (name == "limit" and int(text) == 0):
        raise Refusal(400, f"Invalid {name}: {text}")
    return int(text)


def _page(request: Request, limit: int, offset: int) -> str:
    sent = dict(parse_qsl(request.url.query, keep_blank_values=True)) | {"limit": str(limit), "offset": str(offset)}
    return f"{base(request)}{path_of(request).removeprefix('/2/0')}?{urlencode(sent)}"

"""What Meta's answers have in common: edges in pages with cursors, and errors, nearly all of them HTTP 400."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence

import msgspec
from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import Response


class Refusal(Exception):
    """A call that is answered with an error body: its code, and the HTTP status where it is not 400."""

    def __init__(
        self, code: int, message: str, *, subcode: int | None = None, kind: str = "OAuthException", status: int = 400
    ) -> None:
        super().__init__(message)
        self.code, self.subcode, self.kind, self.status = code, subcode, kind, status

    def reply(self) -> Response:
        """The answer on the wire."""
        error: dict[str, object] = {"message": str(self), "type": self.kind, "code": self.code}
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        return reply({"error": {**error, "fbtrace_id": f"A{secrets.token_urlsafe(16)}"}}, self.status)


def reply(body: object, status: int = 200) -> Response:
    """JSON as the vendor sends it; bytes are JSON already."""
    encoded = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return Response(encoded, status, media_type="application/json; charset=UTF-8")


def cursor(place: int) -> str:
    """An opaque place in a listing."""
    return base64.urlsafe_b64encode(f"QVFI{place:09d}".encode()).decode()


def place_of(request: Request) -> int:
    """Where a page begins: behind the cursor that was given."""
    after = request.query_params.get("after", "")
    if not after:
        return 0
    try:
        return int(base64.urlsafe_b64decode(after.encode()).decode().removeprefix("QVFI"))
    except ValueError:
        raise Refusal(100, "(#100) Invalid parameter: the cursor is not valid") from None


def limit_of(request: Request, largest: int) -> int:
    """The page size; beyond the largest, that one."""
    raw = request.query_params.get("limit", "25")
    if not raw.isdigit() or int(raw) < 1:
        raise Refusal(100, f"(#100) Param limit must be a positive integer, not '{raw[:20]}'")
    return min(int(raw), largest)


def page(request: Request, rows: Sequence[str], start: int, *, more: bool) -> Response:
    """A page of rows that are JSON already; the link leads back to the address that was called, its token included."""
    if not rows:
        return reply(b'{"data":[]}')
    paging: dict[str, object] = {"cursors": {"before": cursor(start), "after": cursor(start + len(rows))}}
    if more:
        paging["next"] = str(URL(str(request.url)).include_query_params(after=cursor(start + len(rows))))
    return reply(f'{{"data":[{",".join(rows)}],"paging":{msgspec.json.encode(paging).decode()}}}'.encode())


def listed(text: str) -> list[str]:
    """Names of a parameter that is a list: with commas between, or as JSON, as the vendor's own client sends it in a body.

    A field within braces is looked into no further.
    """
    try:
        return msgspec.json.decode(text, type=list[str])
    except msgspec.DecodeError:
        pass
    names, depth, name = [], 0, ""
    for letter in text + ",":
        if letter == "," and not depth:
            names.append(name.partition("{")[0].strip())
            name = ""
            continue
        depth += (letter == "{") - (letter == "}")
        name += letter
    return [name for name in names if name]

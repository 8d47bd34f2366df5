"""What Vena's answers have in common: JSON unless it is a table, and errors with their text."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

NAME = "vena"
API = "/api/public/v1"


class Refusal(Exception):
    """A call that is answered with an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


def json(body: object, status: int = 200) -> Response:
    """JSON as the vendor sends it."""
    return Response(msgspec.json.encode(body), status, media_type="application/json")


def error(status: int, message: str) -> Response:
    """An error with the vendor's text."""
    return json({"status": status, "message": message}, status)


def root(request: Request) -> str:
    """Where the hub is, as the caller knows it."""
    return f"{str(request.base_url).rstrip('/').removesuffix(f'/{NAME}')}/{NAME}"


def chosen(request: Request, *offered: str) -> str:
    """The first of the offered types that the caller accepts; a refusal with 406 where none is."""
    wanted = [each.partition(";")[0].strip().lower() for each in request.headers.get("accept", "*/*").split(",")]
    for each in wanted:
        for kind in offered:
            if each in {kind, "*/*", f"{kind.partition('/')[0]}/*"}:
                return kind
    raise Refusal(406, f"Not Acceptable: the Accept header must be one of {', '.join(offered)}")

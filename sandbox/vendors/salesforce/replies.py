"""What Salesforce's answers have in common: JSON, and errors that come as a list."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec
from starlette.responses import Response


class Refusal(Exception):
    """A call that is answered with an error: HTTP status, the vendor's code and its words."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code

    def reply(self) -> Response:
        """The answer on the wire."""
        return error(self.status, self.code, str(self))


def reply(body: bytes | object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON as the vendor sends it; bytes are JSON already."""
    encoded = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return Response(encoded, status, headers, media_type="application/json;charset=UTF-8")


def error(status: int, code: str, message: str) -> Response:
    """An error: a list, except at the token endpoint."""
    return reply([{"message": message, "errorCode": code}], status)


def moment_text(moment: datetime) -> str:
    """ISO with milliseconds and an offset without a colon."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000"


NOT_FOUND = ("NOT_FOUND", "The requested resource does not exist")

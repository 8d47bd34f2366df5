"""What Google's answers have in common: JSON, and errors that carry a failure of the Ads API."""

from __future__ import annotations

import uuid

import msgspec
from starlette.responses import Response

_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
}
_TOP = {
    401: "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.",
    403: "The caller does not have permission",
    429: "Resource has been exhausted (e.g. check quota).",
    500: "Internal error encountered.",
}


class Refusal(Exception):
    """A call that is answered with an error body: HTTP status, kind and name of the Ads API's own error code, its sentence."""

    def __init__(self, status: int, kind: str, name: str, message: str, **details: object) -> None:
        super().__init__(message)
        self.status = status
        self.failure = {"errorCode": {kind: name}, "message": message, **({"details": details} if details else {})}

    def reply(self, version: str = "v26") -> Response:
        """The answer on the wire."""
        request_id = uuid.uuid4().hex[:22]
        failure = {
            "@type": f"type.googleapis.com/google.ads.googleads.{version}.errors.GoogleAdsFailure",
            "errors": [self.failure],
            "requestId": request_id,
        }
        error = {
            "code": self.status,
            "message": _TOP.get(self.status, "Request contains an invalid argument."),
            "status": _STATUS[self.status],
            "details": [failure],
        }
        return reply({"error": error}, self.status, request_id)


def reply(body: object, status: int = 200, request_id: str = "") -> Response:
    """JSON as the vendor sends it; bytes are JSON already."""
    encoded = body if isinstance(body, bytes) else msgspec.json.encode(body)
    headers = {"request-id": request_id} if request_id else None
    return Response(encoded, status, headers, media_type="application/json; charset=UTF-8")

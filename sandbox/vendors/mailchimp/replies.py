"""What Mailchimp's answers have in common: problem documents, links, and the choice of fields."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

_ABOUT_ERRORS = "https://mailchimp.com/developer/marketing/docs/errors/"
_INVALID = "The resource submitted could not be validated. For field-specific details, see the 'errors' array."
_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER = msgspec.json.Encoder(decimal_format="number")
LARGEST_COUNT = 1000


class Refusal(Exception):
    """A call that is answered with a problem document."""

    def __init__(self, status: int, title: str, detail: str, **more: object) -> None:
        super().__init__(detail)
        self.status, self.title, self.detail, self.more = status, title, detail, more

    def reply(self) -> Response:
        """The answer on the wire."""
        return problem(self.status, self.title, self.detail, **self.more)


def problem(status: int, title: str, detail: str, **more: object) -> Response:
    """A problem document (RFC 7807), as every error is."""
    whole = {"type": _ABOUT_ERRORS, "title": title, "status": status, "detail": detail, "instance": str(uuid.uuid4()), **more}
    return Response(msgspec.json.encode(whole), status, media_type="application/problem+json; charset=utf-8")


def invalid(field: str, message: str) -> Refusal:
    """The refusal of one parameter."""
    return Refusal(400, "Invalid Resource", _INVALID, errors=[{"field": field, "message": message}])


def absent() -> Refusal:
    """The refusal of what does not exist."""
    return Refusal(404, "Resource Not Found", "The requested resource could not be found.")


def base_of(request: Request) -> str:
    """The address of the API's root as it was called, for links."""
    return f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}/3.0"


def link(rel: str, href: str) -> dict[str, str]:
    """A link to another resource."""
    return {"rel": rel, "href": href, "method": "GET"}


def reply(request: Request, body: str) -> Response:
    """JSON, with the fields that the caller wants of it."""
    wanted, unwanted = _paths(request, "fields"), _paths(request, "exclude_fields")
    encoded = body.encode()
    if wanted or unwanted:
        document = _DECODER.decode(encoded)
        if wanted:
            document = _kept(document, wanted)
        encoded = _ENCODER.encode(_dropped(document, unwanted))
    return Response(encoded, media_type="application/json; charset=utf-8")


def _paths(request: Request, name: str) -> list[list[str]]:
    return [part.strip().split(".") for part in request.query_params.get(name, "").split(",") if part.strip()]


def _kept(value: object, paths: Sequence[Sequence[str]]) -> object:
    """A value reduced to some paths; what stands in a list is reduced one by one."""
    if isinstance(value, list):
        return [_kept(one, paths) for one in value]
    if not isinstance(value, dict):
        return value
    whole = {path[0] for path in paths if len(path) == 1}
    return {
        name: part if name in whole else _kept(part, [path[1:] for path in paths if path[0] == name and len(path) > 1])
        for name, part in value.items()
        if any(path[0] == name for path in paths)
    }


def _dropped(value: object, paths: Sequence[Sequence[str]]) -> object:
    """A value without some paths."""
    if not paths:
        return value
    if isinstance(value, list):
        return [_dropped(one, paths) for one in value]
    if not isinstance(value, dict):
        return value
    gone = {path[0] for path in paths if len(path) == 1}
    return {
        name: _dropped(part, [path[1:] for path in paths if path[0] == name and len(path) > 1])
        for name, part in value.items()
        if name not in gone
    }


def whole_number(query: Mapping[str, str], name: str, default: int, largest: int | None = None) -> int:
    """A number of the query; above the largest it is refused, not cut."""
    raw = query.get(name, "")
    if not raw:
        return default
    if not raw.isdigit():
        raise invalid(name, "Schema describes integer, string found instead")
    if largest is not None and int(raw) > largest:
        raise invalid(name, f"Value must be less than or equal to {largest}")
    return int(raw)


def moment(query: Mapping[str, str], name: str) -> datetime:
    """A moment of the query, ISO 8601; in UTC without offset, since a plus sign in an address may have become a blank."""
    text = query[name].replace(" 00:00", "+00:00") if query[name].endswith(" 00:00") and "T" in query[name] else query[name]
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise invalid(name, f"'{query[name]}' is not a valid date and time (ISO 8601)") from None
    return (found.astimezone(UTC) if found.tzinfo else found).replace(tzinfo=None)

"""What Meta's errors mean: nearly all are HTTP 400, and a code tells throttling from a dead token from a wrong question."""

from __future__ import annotations

import msgspec

from dlt_sources.http import AuthenticationRejected, BadRequest, PermissionMissing, Reply, retry_after

THROTTLED = frozenset({4, 17, 32, 341, 613, *range(80000, 80015)})
_TRANSIENT = frozenset({1, 2})
_TOKEN = frozenset({102, 190, 467})
_PERMISSION = frozenset({3, 10, *range(200, 300)})
_TIMED_OUT, _TOO_EARLY = 1504018, 3018
_TOO_MANY = frozenset({1504022, 1504039})


class TooMuchAtOnce(BadRequest):
    """An answer that Meta would take too long to make while the caller waits: it must be ordered as a report."""


class TooEarly(BadRequest):
    """Meta keeps insights for 37 months: an earlier first day is refused."""


class Error(msgspec.Struct):
    """An error of the Graph API."""

    code: int = 0
    error_subcode: int | None = None
    message: str = ""
    is_transient: bool = False


class _Body(msgspec.Struct):
    error: Error


class _Business(msgspec.Struct):
    estimated_time_to_regain_access: float = 0


def error_of(reply: Reply) -> Error | None:
    """The error in an answer, whatever its status; None where there is none."""
    try:
        return msgspec.json.decode(reply.body, type=_Body).error
    except msgspec.DecodeError:
        return None


def is_retryable(error: Error) -> bool:
    """Whether the same call may succeed later."""
    return error.is_transient or error.code in THROTTLED or error.code in _TRANSIENT or error.error_subcode in _TOO_MANY


def classify(reply: Reply) -> bool | None:
    """Retry or not; raises what the code tells and the status does not: a dead token, a missing permission, a span that is too long."""
    error = error_of(reply)
    if error is None:
        return None
    if error.code in _TOKEN:
        raise AuthenticationRejected(
            f"{reply.request}: Meta does not accept the access token ({error.message}); set a new access_token."
        )
    if error.code in _PERMISSION:
        raise PermissionMissing(
            f"{reply.request}: the access token may not read this ({error.message}); give the system user ads_read and the ad account."
        )
    if error.error_subcode == _TIMED_OUT:
        raise TooMuchAtOnce(f"{reply.request}: Meta cannot answer this at once ({error.message}).")
    if error.code == _TOO_EARLY:
        raise TooEarly(f"{reply.request}: Meta does not keep days as early as the first one ({error.message}); set first_day.")
    return is_retryable(error)


def pause(reply: Reply) -> float | None:
    """How long Meta wants to be left alone: minutes, in the header on the business's use."""
    raw = next((value for name, value in reply.headers.items() if name.lower() == "x-business-use-case-usage"), "")
    try:
        uses = msgspec.json.decode(raw or "{}", type=dict[str, list[_Business]])
    except msgspec.DecodeError:
        return retry_after(reply.headers, reply.received_at)
    minutes = max((one.estimated_time_to_regain_access for found in uses.values() for one in found), default=0)
    return minutes * 60 if minutes > 0 else retry_after(reply.headers, reply.received_at)

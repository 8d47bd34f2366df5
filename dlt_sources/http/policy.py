"""How patient to be with a vendor, and what its answers mean."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from dlt_sources.http.limits import RateLimit


@dataclass(frozen=True)
class Request:
    """One call. ``url`` is absolute, or a path below the client's ``base_url``; the body is ``json``, a ``form``, or ``text``."""

    method: str
    url: str
    params: Mapping[str, str] | None = None
    headers: Mapping[str, str] | None = None
    json: object | None = None
    form: Mapping[str, str] | None = None
    text: str | None = None


@dataclass(frozen=True)
class Reply:
    """One whole answer: the decoded body, and ``request`` as it may be shown (credentials masked)."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    request: str
    received_at: datetime


@dataclass(frozen=True)
class Policy:
    """Patience and limits for one vendor. Times are seconds.

    ``classify`` sees each answer outside 2xx first and may return True (retry) or False (final); None leaves it to the status.
    ``throttle_pause`` is waited after a 429 that names no time; ``trace_header`` is the header by which the vendor's support finds a
    call: errors tell it.
    ``refuses_token`` tells an answer that refuses the access token: it is renewed once and the call is made again. Some vendors say so
    within a good status.
    ``pause`` is how long the vendor asks to wait before a call is repeated, None where it does not say; by default its ``Retry-After``.
    ``told`` are statuses whose answers the parser reads like good ones: vendors that explain there what to ask otherwise.
    """

    retries: int = 3
    base_delay: float = 1.0
    max_delay: float = 120.0
    deadline: float = 600.0
    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    max_body_bytes: int = 256 * 1024 * 1024
    limits: tuple[RateLimit, ...] = ()
    throttle_pause: float | None = None
    trace_header: str = ""
    retry_statuses: frozenset[int] = frozenset({408, 423, 425, 429, 477, 500, 502, 503, 504, 520, 521, 522, 523, 524})
    classify: Callable[[Reply], bool | None] = field(default=lambda _reply: None)
    pause: Callable[[Reply], float | None] = field(default=lambda reply: retry_after(reply.headers, reply.received_at))
    told: frozenset[int] = frozenset()
    refuses_token: Callable[[Reply], bool] = field(default=lambda reply: reply.status == HTTPStatus.UNAUTHORIZED)

    def backoff(self, attempt: int) -> float:
        """Exponential delay, half of it random, before retry number ``attempt`` (1-based)."""
        ceiling: float = min(self.max_delay, self.base_delay * 2 ** (attempt - 1))
        return ceiling * random.uniform(0.5, 1.0)  # noqa: S311 - spreads retries, protects nothing


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds that a ``Retry-After`` header asks for: delta-seconds, decimals, or an HTTP date.

    A negative or past value means at once (0.0); an absurdly long number means "not in this run" (infinity);
    an unreadable one means nothing (None).
    """
    raw = next((value.strip() for name, value in headers.items() if name.lower() == "retry-after"), "")
    if not raw:
        return None
    longest_number = 12
    if raw.isdigit() and len(raw) > longest_number:
        return float("inf")
    try:
        seconds = float(raw)
    except ValueError:
        try:
            moment = parsedate_to_datetime(raw)
        except ValueError:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = (moment - (now or datetime.now(UTC))).total_seconds()
    return max(0.0, seconds) if seconds == seconds else None

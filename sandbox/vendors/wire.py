"""What every emulator is made of: a clock that can be moved, a log of calls, and the vendor's place in the sandbox."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class VirtualClock:
    """The sandbox's time, in UTC.

    ``now`` runs on and is what tokens expire by; ``horizon`` stands still until time is let pass, and is what records appear by, so
    that two reads in a row see the same books.
    """

    def __init__(self, start: datetime) -> None:
        self._start = start.astimezone(UTC)
        self._born = time.monotonic()
        self._advanced = timedelta()

    def now(self) -> datetime:
        """The running time."""
        return self.horizon + timedelta(seconds=time.monotonic() - self._born)

    @property
    def horizon(self) -> datetime:
        """The moment up to which records are visible."""
        return self._start + self._advanced

    def advance(self, seconds: float) -> datetime:
        """Let time pass; returns the new horizon."""
        self._advanced += timedelta(seconds=seconds)
        return self.horizon


@dataclass(frozen=True)
class Vendor:
    """One emulator: its application, mounted at ``/<name>``; how it moves its books to a new horizon; its own error bodies."""

    name: str
    app: ASGIApp
    advance: Callable[[datetime], None]
    error: Callable[[str], Response]
    """Vendor-shaped answer for the kinds throttle, day_limit, unauthorized, forbidden, server_error, error_200."""
    connections: Mapping[str, Mapping[str, str]]
    """Settings of connections to it, by name; ``{url}`` stands for the sandbox's own address."""
    at_root: tuple[str, ...] = ()
    """Paths under which it answers at the host's root too: its links are paths from there, and its own clients know no other place."""


@dataclass
class RequestLog:
    """The latest calls of all vendors: never bodies, never credentials."""

    calls: deque[dict[str, object]] = field(default_factory=lambda: deque(maxlen=100_000))

    def add(self, vendor: str, method: str, path: str, query: str, status: int, at: datetime) -> None:
        """Note one call."""
        self.calls.append(
            {"vendor": vendor, "method": method, "path": path, "query": query, "status": status, "at": at.isoformat()}
        )


class CallLimit:
    """Counts calls in windows of the running time that begin with a call; ``take`` returns seconds to wait when it is exceeded."""

    def __init__(self, calls: int, per_seconds: float, now: Callable[[], datetime]) -> None:
        self.calls = calls
        self.per_seconds = per_seconds
        self._now = now
        self._began = 0.0
        self._used = 0
        self._lock = threading.Lock()

    def take(self) -> tuple[int, float]:
        """Count a call: (calls remaining, or -1 when over; seconds until the window ends)."""
        with self._lock:
            stamp = self._now().timestamp()
            if stamp >= self._began + self.per_seconds:
                self._began, self._used = stamp, 0
            self._used += 1
            return self.calls - self._used if self._used <= self.calls else -1, self._began + self.per_seconds - stamp


@dataclass(frozen=True)
class Gate:
    """Stands before an application: token and limits first; a path counts with and without its last slash.

    ``admit`` says what stops a call before it is looked at, if anything, and which headers its answer carries anyhow.
    """

    admit: Callable[[Scope], tuple[Response | None, Mapping[str, str]]]
    inner: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        if scope["type"] != "http":
            return
        scope = {**scope, "path": str(scope["path"]).rstrip("/") or "/"}
        refusal, headers = self.admit(scope)

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers)
            await send(message)

        await (self.inner if refusal is None else refusal)(scope, receive, marked)

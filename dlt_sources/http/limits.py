"""Staying within a vendor's call limits, before the vendor has to say so."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class RateLimit:
    """At most ``calls`` calls in any window of ``per_seconds``."""

    calls: int
    per_seconds: float


class Pacer:
    """Delays calls so that every limit holds, over sliding windows, for all threads that share it.

    ``clock`` counts seconds and never runs backwards; ``sleep`` waits.
    """

    def __init__(
        self,
        limits: Sequence[RateLimit],
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._windows = [(limit, deque[float](maxlen=limit.calls)) for limit in limits]
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()

    def wait(self) -> float:
        """Block until a call may start; book it and return the seconds waited."""
        with self._lock:
            now = self._clock()
            start = now
            for limit, calls in self._windows:
                if len(calls) == limit.calls:
                    start = max(start, calls[0] + limit.per_seconds)
            for _, calls in self._windows:
                calls.append(start)
        if start > now:
            self._sleep(start - now)
        return start - now

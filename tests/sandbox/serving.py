"""One emulator by itself, in this process: it starts sooner than the whole sandbox, and at any day of the company's history."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import uvicorn

from sandbox.server import application
from sandbox.vendors.wire import VirtualClock

AS_OF = datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC)


@contextmanager
def serving(vendor: ModuleType, company: Path, *, at: datetime = AS_OF, limits: bool = False) -> Iterator[tuple[str, VirtualClock]]:
    """Its address, with the sandbox's own controls, and its clock."""
    clock = VirtualClock(at)
    app = application([vendor.vendor(company, clock, limits=limits)], clock)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", clock
    server.should_exit = True
    thread.join(timeout=10)

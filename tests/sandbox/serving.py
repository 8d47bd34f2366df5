"""One emulator by itself, in this process: it starts sooner than the whole sandbox, and at any day of the company's history; and a server
between an emulator and its source that changes what is answered.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
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


@contextmanager
def between(target: str, change: Callable[[str, bytes], bytes], sent: list[bytes] | None = None) -> Iterator[str]:
    """A server that passes calls on, and answers with what ``change`` makes of the body; links keep leading to it.

    The bodies of calls that have one are added to ``sent``.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kept = {name: value for name, value in self.headers.items() if name.lower() not in {"connection", "accept-encoding"}}
            given = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if sent is not None and given:
                sent.append(given)
            answer = httpx.request(self.command, f"{target}{self.path}", headers=kept, content=given, timeout=60)
            body = change(self.path, answer.content)
            self.send_response(answer.status_code)
            self.send_header("Content-Type", answer.headers.get("content-type", ""))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_DELETE = do_GET  # noqa: N815 - names of the library

        def log_message(self, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()

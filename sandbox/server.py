"""The sandbox's server: every emulator under one address on this machine, with the controls that no vendor has."""

from __future__ import annotations

import multiprocessing
import socket
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from sandbox.vendors import xero
from sandbox.vendors.faults import Faults, Misbehaving
from sandbox.vendors.tokens import CLIENT_ID, CLIENT_SECRET, FIRST_REFRESH_TOKEN
from sandbox.vendors.wire import RequestLog, Vendor, VirtualClock

_START_SECONDS = 60.0


def build(books: Path, *, limits: bool = True) -> Starlette:
    """The application that serves a folder of real books as Xero.

    ``limits`` False lifts the vendors' call limits, for tests that are not about them.
    """
    vendor, clock, tenant_id = xero.vendor_of_books(books, limits=limits)
    return _application([vendor], clock, {"books": _xero_connection(tenant_id)})


def _xero_connection(tenant_id: str) -> dict[str, str]:
    return {
        "system": "xero",
        "entity": "Real Books",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "refresh_token": FIRST_REFRESH_TOKEN,
        "tenant_id": tenant_id,
        "base_url": "{url}/xero/api.xro/2.0",
        "token_url": "{url}/xero/connect/token",
    }


def _application(vendors: list[Vendor], clock: VirtualClock, connections: dict[str, dict[str, str]]) -> Starlette:
    faults, log = Faults(), RequestLog()

    async def add_fault(request: Request) -> Response:
        try:
            faults.add(msgspec.json.decode(await request.body(), type=dict[str, Any]))
        except (ValueError, msgspec.DecodeError) as trouble:
            return JSONResponse({"error": str(trouble)}, 400)
        return JSONResponse({"waiting": len(faults.scripts)})

    def clear_faults(_request: Request) -> Response:
        faults.scripts.clear()
        return JSONResponse({"waiting": 0})

    async def advance(request: Request) -> Response:
        order = msgspec.json.decode(await request.body(), type=dict[str, float])
        clock.advance(order.get("days", 0) * 86400 + order.get("seconds", 0))
        for vendor in vendors:
            vendor.advance(clock.horizon)
        return JSONResponse({"now": clock.now().isoformat(), "horizon": clock.horizon.isoformat()})

    def calls(request: Request) -> Response:
        wanted = request.query_params.get("vendor")
        return JSONResponse([call for call in log.calls if wanted in {None, call["vendor"]}])

    def forget(_request: Request) -> Response:
        log.calls.clear()
        return JSONResponse([])

    def settings(request: Request) -> Response:
        url = str(request.base_url).rstrip("/")
        return JSONResponse(
            {name: {key: value.replace("{url}", url) for key, value in keys.items()} for name, keys in connections.items()}
        )

    routes: list[BaseRoute] = [
        Route("/_sandbox/faults", add_fault, methods=["POST"]),
        Route("/_sandbox/faults", clear_faults, methods=["DELETE"]),
        Route("/_sandbox/advance", advance, methods=["POST"]),
        Route("/_sandbox/log", calls, methods=["GET"]),
        Route("/_sandbox/log", forget, methods=["DELETE"]),
        Route("/_sandbox/connections", settings),
        *(Mount(f"/{vendor.name}", app=Misbehaving(vendor, faults, log, clock)) for vendor in vendors),
    ]
    return Starlette(routes=routes)


def serve(books: Path, *, port: int = 0, limits: bool = True) -> None:
    """Serve on loopback until interrupted."""
    uvicorn.run(build(books, limits=limits), host="127.0.0.1", port=port, log_level="warning")


class RunningSandbox:
    """A sandbox in a child process, on a free port of the loopback address; ends with the ``with`` block or with its parent.

    ``url`` is its address, ``connections()`` the settings that point a hub at it.
    """

    def __init__(self, books: Path, *, limits: bool = False) -> None:
        self._arguments = (books, limits)
        self.url = ""

    def __enter__(self) -> Self:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        self._process = context.Process(target=_child, args=(theirs, *self._arguments), daemon=True)
        self._process.start()
        self._lifeline = ours
        theirs.close()
        deadline = time.monotonic() + _START_SECONDS
        while not ours.poll(0.1):
            if not self._process.is_alive() or time.monotonic() > deadline:
                self._process.kill()
                raise RuntimeError("The sandbox did not start; its own output says why.")
        self.url = f"http://127.0.0.1:{ours.recv()}"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._lifeline.close()
        self._process.join(timeout=10)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def _child(pipe: Connection, books: Path, limits: bool) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(build(books, limits=limits), log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
    )

    def watch() -> None:
        """The parent's end of the pipe closes when it is done, or dead."""
        try:
            pipe.recv()
        except (EOFError, OSError):
            server.should_exit = True

    threading.Thread(target=watch, daemon=True).start()
    pipe.send(listener.getsockname()[1])
    server.run(sockets=[listener])

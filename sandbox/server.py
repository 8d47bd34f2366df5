"""The sandbox's server: every emulator under one address on this machine, with the controls that no vendor has."""

from __future__ import annotations

import multiprocessing
import socket
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from datetime import time as time_of_day
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
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.database import in_memory
from sandbox.vendors import (
    adaptive,
    anaplan,
    ecb,
    google_ads,
    hubspot,
    linkedin_ads,
    mailchimp,
    marketo,
    meta_ads,
    netsuite,
    oracle_fusion,
    pipedrive,
    planguru,
    quickbooks,
    salesforce,
    sap,
    vena,
    web_events,
    xero,
)
from sandbox.vendors.faults import Faults, Misbehaving
from sandbox.vendors.wire import RequestLog, Vendor, VirtualClock

_START_SECONDS = 600.0  # the books of a company of scale 100 take minutes; a sandbox that has died is noticed at once
_BOOKS = (xero, netsuite, sap, oracle_fusion, quickbooks)
_PLANS = (adaptive, anaplan, planguru, vena)
_ADS_AND_SITES = (google_ads, meta_ads, linkedin_ads, web_events)
"""Every entity advertises and has a site."""


@dataclass(frozen=True)
class Shown:
    """What a sandbox shows: the simulated company (a file of ``sandbox.company``), or a folder of real books as Xero.

    ``limits`` False lifts the vendors' call limits, for tests that are not about them. ``only`` names the emulators wanted, all of
    them if empty; ``at`` is where the clock starts, by default the end of the company's history.
    """

    company: Path | None = None
    books: Path | None = None
    limits: bool = True
    only: frozenset[str] = frozenset()
    at: datetime | None = None


def build(shown: Shown) -> Starlette:
    """The application with every emulator that has something to show."""
    if shown.books is not None:
        vendor, clock = xero.vendor_of_books(shown.books, limits=shown.limits)
        return application([vendor], clock)
    if shown.company is None:
        raise ValueError("A sandbox shows either a company or a folder of books.")
    clock = VirtualClock(shown.at or _end_of_history(shown.company))
    used = _systems_in_use(shown.company)
    several = (*_BOOKS, salesforce, pipedrive, marketo, mailchimp, *_PLANS)
    modules = [*(module for module in several if module.NAME in used), hubspot, ecb, *_ADS_AND_SITES]
    wanted = [module for module in modules if not shown.only or module.NAME in shown.only]
    return application([module.vendor(shown.company, clock, limits=shown.limits) for module in wanted], clock)


def _systems_in_use(company: Path) -> set[str]:
    with in_memory() as db:
        db.execute(f"attach '{company}' as meridian (read_only)")
        found = db.execute("select distinct unnest([books, plans, crm, marketing]) from meridian.company.entity").fetchall()
        return {name for (name,) in found}


def _end_of_history(company: Path) -> datetime:
    with in_memory() as db:
        db.execute(f"attach '{company}' as meridian (read_only)")
        row = db.execute("select as_of_date from meridian.company.parameter").fetchone()
    if row is None:
        raise ValueError(f"{company.name} is not a simulated company.")
    return datetime.combine(row[0], time_of_day(23, 59, 59), UTC)


def application(vendors: list[Vendor], clock: VirtualClock) -> Starlette:
    """Some vendors, each under its name, with the controls."""
    faults, log = Faults(), RequestLog()
    connections = {name: keys for vendor in vendors for name, keys in vendor.connections.items()}

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
        *(
            Mount(path, app=_with_whole_path(Misbehaving(vendor, faults, log, clock)))
            for vendor in vendors
            for path in vendor.at_root
        ),
    ]
    return Starlette(routes=routes)


def _with_whole_path(app: ASGIApp) -> ASGIApp:
    """An application that sees the path it was called by, and not only what follows where it is mounted."""

    async def whole(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "root_path": ""}, receive, send)

    return whole


def serve(shown: Shown, *, port: int = 0) -> None:
    """Serve on loopback until interrupted."""
    uvicorn.run(build(shown), host="127.0.0.1", port=port, log_level="warning")


class RunningSandbox:
    """A sandbox in a child process, on a free port of the loopback address; ends with the ``with`` block or with its parent.

    ``url`` is its address; ``<url>/_sandbox/connections`` gives the settings that point a hub at it.
    """

    def __init__(self, shown: Shown) -> None:
        self._shown = shown
        self.url = ""

    def __enter__(self) -> Self:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        self._process = context.Process(target=_child, args=(theirs, self._shown), daemon=True)
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


def _child(pipe: Connection, shown: Shown) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(build(shown), log_level="critical", lifespan="off", timeout_graceful_shutdown=1))

    def watch() -> None:
        """The parent's end of the pipe closes when it is done, or dead."""
        try:
            pipe.recv()
        except (EOFError, OSError):
            server.should_exit = True

    threading.Thread(target=watch, daemon=True).start()
    pipe.send(listener.getsockname()[1])
    server.run(sockets=[listener])

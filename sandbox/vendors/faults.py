"""Misbehaviour on demand: scripted faults between the vendors and their callers.

``POST /_sandbox/faults`` with ``{"vendor": "xero", "path": "*/Journals*", "kind": "throttle", "after": 0, "times": 1}`` lets the
``times`` calls after the first ``after`` matching ones fail in that way. ``query`` is a pattern that the query string must match, such
as ``*totalResults=true*``. Options depend on the kind, see :data:`KINDS`.
"""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.vendors.wire import RequestLog, Vendor, VirtualClock

KINDS: Mapping[str, str] = {
    "throttle": "429; retry_after: seconds, 'date', or absent",
    "day_limit": "429 of the daily quota, with hours to wait",
    "server_error": "500",
    "unavailable": "503",
    "gateway_html": "502 with an HTML page",
    "reset": "the connection ends after a few bytes of the head",
    "truncate": "half of the body, in chunks, then the connection ends",
    "short_length": "half of the body under the Content-Length of the whole",
    "truncated_gzip": "a compressed body without its end",
    "bad_json": "half of the body as if it were whole",
    "html_200": "an HTML page with status 200",
    "empty_200": "nothing with status 200",
    "error_200": "a vendor-shaped error with status 200",
    "slow_body": "the body drips; seconds: pause before each of ten pieces",
    "silent": "no answer for `seconds`",
    "unauthorized": "401: the presented token is refused",
    "forbidden": "403: the scope is missing",
    "redirect": "302 to another origin; location",
    "rewrite": "the vendor sees other parameters than were sent; set: {name: value}",
}


@dataclass
class _Script:
    vendor: str
    path: str
    kind: str
    method: str
    after: int
    times: int
    query: str
    options: Mapping[str, Any]

    def fires(self, vendor: str, method: str, path: str, query: str) -> bool:
        """Count a matching call; True while it is this script's turn."""
        if vendor != self.vendor or self.method not in {"*", method} or not fnmatchcase(path, self.path):
            return False
        if not fnmatchcase(query, self.query):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        if self.times <= 0:
            return False
        self.times -= 1
        return True


class _Cut(Exception):
    """Raised after part of an answer has been sent."""


@dataclass
class Faults:
    """The scripts that wait for their calls."""

    scripts: list[_Script] = field(default_factory=list)

    def add(self, order: Mapping[str, Any]) -> None:
        """Take a script; raises ValueError that names what is wrong."""
        kind = order.get("kind")
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {kind!r}")
        own = {"vendor", "path", "kind", "method", "after", "times", "query"}
        options = {key: value for key, value in order.items() if key not in own}
        self.scripts.append(
            _Script(
                str(order.get("vendor", "")),
                str(order.get("path", "*")),
                str(kind),
                str(order.get("method", "*")),
                int(order.get("after", 0)),
                int(order.get("times", 1)),
                str(order.get("query", "*")),
                options,
            )
        )

    def take(self, vendor: str, method: str, path: str, query: str) -> _Script | None:
        """The script for this call, if any."""
        return next((script for script in self.scripts if script.fires(vendor, method, path, query)), None)


class Misbehaving:
    """Stands before a vendor's application, plays the scripts and keeps the log."""

    def __init__(self, vendor: Vendor, faults: Faults, log: RequestLog, clock: VirtualClock) -> None:
        self._vendor = vendor
        self._faults = faults
        self._log = log
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call, properly or as scripted."""
        if scope["type"] != "http":
            return
        path = str(scope["path"])
        status = 0

        async def noting(message: Any) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        query = unquote_plus(scope["query_string"].decode("latin-1"))
        script = self._faults.take(self._vendor.name, scope["method"], path, query)
        try:
            if script is None:
                await self._vendor.app(scope, receive, noting)
            else:
                await self._play(script, scope, receive, noting)
        finally:
            sent = scope["query_string"].decode("latin-1")
            self._log.add(self._vendor.name, scope["method"], path, sent, status, self._clock.now())

    async def _play(self, script: _Script, scope: Scope, receive: Receive, send: Send) -> None:
        kind, options = script.kind, script.options
        if kind == "rewrite":
            query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)) | options.get("set", {})
            await self._vendor.app({**scope, "query_string": urlencode(query).encode()}, receive, send)
            return
        if kind == "silent":
            await asyncio.sleep(float(options.get("seconds", 5)))
        if kind in {"truncate", "short_length", "truncated_gzip", "bad_json", "slow_body"}:
            await _spoil(kind, options, await _whole_body(self._vendor.app, scope, receive), send)
            return
        if kind in {"reset", "silent"}:
            raise _Cut
        await self._reply(kind, options)(scope, receive, send)

    def _reply(self, kind: str, options: Mapping[str, Any]) -> Response:
        if kind in {"throttle", "day_limit", "server_error", "error_200", "unauthorized", "forbidden"}:
            reply = self._vendor.error(kind)
            wanted = options.get("retry_after", "keep")
            if wanted == "date":
                reply.headers["Retry-After"] = format_datetime(self._clock.now() + timedelta(seconds=2), usegmt=True)
            elif wanted is None:
                del reply.headers["Retry-After"]
            elif wanted != "keep":
                reply.headers["Retry-After"] = str(wanted)
            return reply
        page = "<html><body><h1>Temporarily down</h1></body></html>"
        simple = {
            "unavailable": Response("", 503),
            "gateway_html": Response(page, 502, media_type="text/html"),
            "html_200": Response(page, 200, media_type="text/html"),
            "empty_200": Response("", 200, media_type="application/json"),
            "redirect": Response("", 302, {"Location": str(options.get("location", "https://stranger.example/"))}),
        }
        return simple[kind]


async def _whole_body(app: ASGIApp, scope: Scope, receive: Receive) -> bytes:
    parts: list[bytes] = []

    async def keep(message: Any) -> None:
        parts.append(message.get("body", b""))

    await app(scope, receive, keep)
    return b"".join(parts)


async def _spoil(kind: str, options: Mapping[str, Any], body: bytes, send: Send) -> None:
    half = body[: max(1, len(body) // 2)]
    headers = [(b"content-type", b"application/json")]
    if kind == "bad_json":
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": half})
        return
    if kind == "slow_body":
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        step = max(1, len(body) // 10)
        for at in range(0, len(body), step):
            await asyncio.sleep(float(options.get("seconds", 0.5)))
            await send({"type": "http.response.body", "body": body[at : at + step], "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        return
    if kind == "truncated_gzip":
        packed = gzip.compress(body)[:-10]
        await send({"type": "http.response.start", "status": 200, "headers": [*headers, (b"content-encoding", b"gzip")]})
        await send({"type": "http.response.body", "body": packed})
        return
    if kind == "short_length":
        headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": half, "more_body": True})
    raise _Cut

"""The one HTTP client of all sources.

It adds to a plain client what moving money facts needs: credentials that go to the vendor's own origins and nowhere else,
retries with a total deadline, call limits kept before they are hit, and parsing inside the retry loop, so that half a body or an
error page counts as a failure and is asked for again.
"""

from __future__ import annotations

import ipaddress
import ssl
import time
import zlib
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Self, TypeVar
from urllib.parse import quote, urlencode, urljoin, urlsplit

import httpx

from dlt_sources.http import redaction
from dlt_sources.http.auth import Auth
from dlt_sources.http.errors import (
    AuthenticationRejected,
    BadRequest,
    DeadlineExceeded,
    ErrorReply,
    MalformedReply,
    NotFound,
    OffOrigin,
    PermissionMissing,
    QuotaExhausted,
    SourceError,
    TransientFailure,
)
from dlt_sources.http.limits import Pacer
from dlt_sources.http.policy import Policy, Reply, Request

T = TypeVar("T")
_SHOWN_BODY = 300
_NOT_MODIFIED, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _TOO_MANY = 304, 401, 403, 404, 429


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates that are trusted: reading them takes as long as many calls, and a source has a client for each table."""
    return httpx.create_ssl_context(trust_env=False)


def origin(url: str) -> str:
    """Return ``scheme://host:port`` of a URL, the unit of trust.

    Raises :class:`OffOrigin` for anything but https, or http to a loopback address, and for user names inside the URL.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.username or parts.password:
        raise OffOrigin("A URL with a user name in it is not accepted: credentials travel in headers only.")
    if parts.scheme == "http" and not _is_loopback(host):
        raise OffOrigin(f"Plain http is accepted for loopback addresses only, not for '{host}': use https.")
    if parts.scheme not in {"http", "https"} or not host:
        raise OffOrigin(f"'{redaction.redact(url)[:200]}' is not an http(s) address.")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{host.lower()}:{port}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class ApiClient:
    """Calls one vendor on behalf of one connection; clients that share a ``pacer`` keep the limits together.

    ``send`` returns what ``parse`` makes of the answer. Use it as a context manager: it holds a connection pool.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        auth: Auth,
        policy: Policy,
        *,
        extra_origins: Iterable[str] = (),
        pacer: Pacer | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        redaction.install()
        self.name = name
        self.base_url = base_url.rstrip("/") + "/"
        self._origins = {origin(self.base_url), *(origin(url) for url in extra_origins)}
        self._auth = auth
        self._policy = policy
        self._clock = clock
        self._sleep = sleep
        self._pacer = pacer or Pacer(policy.limits, clock=clock, sleep=sleep)
        timeout = httpx.Timeout(policy.read_timeout, connect=policy.connect_timeout)
        self._http = httpx.Client(timeout=timeout, follow_redirects=False, trust_env=False, verify=_trusted())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection pool."""
        self._http.close()

    def send(self, request: Request, parse: Callable[[Reply], T]) -> T:
        """Make the call until ``parse`` accepts the answer, or raise one of the errors of this package."""
        url = self._absolute(request.url)
        if request.params:  # one text for the call and its signature; a blank is %20, since not every vendor reads +
            url += ("&" if "?" in url else "?") + urlencode(request.params, quote_via=quote)
        shown = redaction.redact(f"{request.method} {url}")
        give_up_at = self._clock() + self._policy.deadline
        refreshed = False
        attempt = 0
        while True:
            try:
                reply = self._exchange(request, url, shown, give_up_at)
                if not refreshed and self._policy.refuses_token(reply):
                    refreshed = True
                    if self._auth.rejected():
                        continue
                self._judge(reply)
                return parse(reply)
            except _Again as again:
                failure, wanted = again.error, again.after
            except MalformedReply as malformed:
                failure, wanted = malformed, None
            except ErrorReply as error:
                if not error.retryable:
                    raise
                failure, wanted = error, None
            attempt += 1
            if attempt > self._policy.retries:
                raise failure
            self._pause(attempt, wanted, shown, give_up_at)

    def _absolute(self, url: str) -> str:
        absolute = url if urlsplit(url).scheme else urljoin(self.base_url, url.lstrip("/"))
        if origin(absolute) not in self._origins:
            raise OffOrigin(
                f"Connection '{self.name}': an address at {origin(absolute)} was asked for, outside "
                f"{', '.join(sorted(self._origins))}; nothing was sent."
            )
        return absolute

    def _exchange(self, request: Request, url: str, shown: str, give_up_at: float) -> Reply:
        self._pacer.wait()
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip", **(request.headers or {})}
        headers |= self._auth.headers(request.method, url)
        try:
            with self._http.stream(
                request.method, url, headers=headers, json=request.json, data=request.form, content=request.text
            ) as response:
                body = self._read(response, shown, give_up_at)
                return Reply(response.status_code, dict(response.headers), body, shown, datetime.now(UTC))
        except (httpx.TransportError, httpx.DecodingError, httpx.InvalidURL) as trouble:
            # The library's texts can hold URLs and header values, so only its class is told and the chain is cut.
            kind = type(trouble).__name__
            raise _Again(TransientFailure(f"Connection '{self.name}': no whole answer to {shown} ({kind}).")) from None

    def _read(self, response: httpx.Response, shown: str, give_up_at: float) -> bytes:
        """Read the whole body, watching size and time, and unpack it.

        Unpacking is done here because the library accepts a compressed body whose end is missing.
        """
        unpack = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32) if response.headers.get("content-encoding") == "gzip" else None
        chunks, size = [], 0
        for raw in response.iter_raw():
            try:
                chunk = unpack.decompress(raw) if unpack else raw
            except zlib.error:
                raise _Again(TransientFailure(f"Connection '{self.name}': the compressed answer to {shown} is damaged.")) from None
            size += len(chunk)
            if size > self._policy.max_body_bytes:
                raise BadRequest(f"Connection '{self.name}': the answer to {shown} exceeds {self._policy.max_body_bytes} bytes.")
            if self._clock() > give_up_at:
                raise DeadlineExceeded(f"Connection '{self.name}': {shown} took longer than {self._policy.deadline:.0f} s.")
            chunks.append(chunk)
        if unpack and size and not unpack.eof:
            raise _Again(TransientFailure(f"Connection '{self.name}': the compressed answer to {shown} ends too early."))
        return b"".join(chunks)

    def _judge(self, reply: Reply) -> None:
        """Raise what the status means; return for an answer worth parsing."""
        if httpx.codes.is_success(reply.status) or reply.status == _NOT_MODIFIED or reply.status in self._policy.told:
            return
        if httpx.codes.is_redirect(reply.status):
            raise OffOrigin(
                f"Connection '{self.name}': {reply.request} answered with a redirect, which is not followed; correct base_url."
            )
        told = f"{reply.request} answered {reply.status}: {_summary(reply)}{trace(reply, self._policy.trace_header)}"
        verdict = self._policy.classify(reply)
        if verdict or (verdict is None and reply.status in self._policy.retry_statuses):
            error: SourceError = TransientFailure(f"Connection '{self.name}': {told}")
            wanted = self._policy.pause(reply)
            if wanted is None and reply.status == _TOO_MANY:
                wanted = self._policy.throttle_pause
            if wanted is not None and wanted > self._policy.max_delay:
                raise QuotaExhausted(
                    f"Connection '{self.name}': the vendor's quota is used up ({told}); run again later.",
                    _moment(reply.received_at, wanted),
                )
            raise _Again(error, wanted)
        if reply.status == _UNAUTHORIZED:
            raise AuthenticationRejected(f"Connection '{self.name}': the vendor does not accept the credentials ({told}).")
        if reply.status == _FORBIDDEN:
            raise PermissionMissing(
                f"Connection '{self.name}': the credentials may not read this ({told}); grant the scope or the role."
            )
        if reply.status == _NOT_FOUND:
            raise NotFound(f"Connection '{self.name}': nothing is there ({told}); check base_url.")
        raise BadRequest(f"Connection '{self.name}': {told}")

    def _pause(self, attempt: int, wanted: float | None, shown: str, give_up_at: float) -> None:
        delay = self._policy.backoff(attempt) if wanted is None else wanted
        if self._clock() + delay > give_up_at:
            raise DeadlineExceeded(
                f"Connection '{self.name}': {shown} would take longer than {self._policy.deadline:.0f} s with retries."
            )
        self._sleep(delay)


class _Again(Exception):
    """The exchange failed in a way worth another try, after ``after`` seconds if the vendor said so."""

    def __init__(self, error: SourceError, after: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.after = after


def trace(reply: Reply, header: str) -> str:
    """The id under which the vendor's support finds the call, ready to follow a sentence; empty where there is none."""
    found = next((value for name, value in reply.headers.items() if name.lower() == header.lower()), "") if header else ""
    return redaction.redact(f" [{header} {found}]") if found else ""


def _summary(reply: Reply) -> str:
    text = " ".join(reply.body.decode("utf-8", "replace").split())
    return redaction.redact(text[:_SHOWN_BODY]) or "(no body)"


def _moment(now: datetime, seconds: float) -> datetime | None:
    longest = 366 * 86400.0
    return now + timedelta(seconds=seconds) if seconds <= longest else None

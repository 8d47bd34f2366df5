"""Walking the pages of a listing without losing, repeating or chasing any."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from dlt_sources.http.errors import IncompleteRead, PagingLoop
from dlt_sources.http.policy import Reply, Request

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """One parsed page.

    ``next`` is the call for the following page (None: this was the last), ``count`` its rows, ``total`` what the vendor says the
    whole listing holds (None: it does not say).
    """

    content: T
    reply: Reply
    next: Request | None
    count: int
    total: int | None = None


def walk(first: Request, fetch: Callable[[Request], Page[T]], *, max_pages: int = 100_000) -> Iterator[Page[T]]:
    """Yield every page.

    Raises :class:`PagingLoop` when a call or a non-empty body repeats or there is no end, and :class:`IncompleteRead` when the
    rows of all pages are not as many as the last page announced.
    """
    asked: set[bytes] = set()
    seen: set[bytes] = set()
    rows = 0
    request: Request | None = first
    while request is not None:
        call = hashlib.sha256(
            msgspec.json.encode([request.method, request.url, request.params, request.headers, request.json, request.text])
        ).digest()
        if call in asked or len(asked) >= max_pages:
            raise PagingLoop(f"The pages of {first.url} do not end: page {len(asked) + 1} points back to one already read.")
        asked.add(call)
        page = fetch(request)
        body = hashlib.sha256(page.reply.body).digest()
        if page.count and body in seen:
            raise PagingLoop(f"The pages of {first.url} repeat: page {len(asked)} holds the same bytes as an earlier one.")
        seen.add(body)
        rows += page.count
        yield page
        if page.next is None and page.total is not None and page.total != rows:
            raise IncompleteRead(
                f"{first.url} announced {page.total} rows, but {rows} arrived; the read is repeated at the next run."
            )
        request = page.next

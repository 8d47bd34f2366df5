"""The pages of Mailchimp's collections.

There is no cursor: a page is an offset and a count. What is deleted or changed while a collection is read shifts the rows behind it.
So each page begins with the last rows of the one before it: where these are gone, rows may have slipped through, and the read fails.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from dlt_sources.http import ApiClient, IncompleteRead, MalformedReply, Page, Reply, Request, walk

COUNT = 1000  # the most that Mailchimp gives
SHARED = 10  # rows that a page has in common with the one before

Pages = Iterator[tuple[Reply, list[msgspec.Raw]]]


class _Named(msgspec.Struct):
    id: str | None = None
    email_id: str | None = None


def fetch(api: ApiClient, request: Request, key: str) -> tuple[Reply, list[msgspec.Raw], int]:
    """One page: the answer, its rows, and how many rows the whole collection has."""

    def parse(reply: Reply) -> tuple[Reply, list[msgspec.Raw], int]:
        try:
            envelope = msgspec.json.decode(reply.body, type=dict[str, msgspec.Raw])
            return (
                reply,
                msgspec.json.decode(envelope[key], type=list[msgspec.Raw]),
                msgspec.json.decode(envelope["total_items"], type=int),
            )
        except (msgspec.DecodeError, KeyError, UnicodeDecodeError):
            raise MalformedReply(f"{reply.request} answered without '{key}' and 'total_items'; check base_url.") from None

    return api.send(request, parse)


def identities(rows: Sequence[msgspec.Raw]) -> list[str]:
    """What identifies each row: its id, or the reader's; a row without either is known by its bytes."""
    found = []
    for row in rows:
        try:
            named = msgspec.json.decode(row, type=_Named)
            found.append(named.id or named.email_id or bytes(row).decode("utf-8", "replace"))
        except (msgspec.DecodeError, UnicodeDecodeError):  # the intake sets it aside, with the reason
            found.append(bytes(row).decode("utf-8", "replace"))
    return found


def listing(api: ApiClient, path: str, key: str, options: Mapping[str, str], *, counted: bool = True) -> Pages:
    """Every row of a collection, once.

    ``counted`` False is for collections whose total counts more than is sent, as under ``since``: they end with an empty page.
    Raises :class:`IncompleteRead` where rows slipped through, or are fewer than were announced.
    """
    seen: set[str] = set()
    last = ""

    def page(request: Request) -> Page[list[msgspec.Raw]]:
        nonlocal last
        reply, rows, total = fetch(api, request, key)
        offset, ids = int((request.params or {})["offset"]), identities(rows)
        shares = bool(last) and offset < len(seen)
        if shares and last not in ids:
            raise IncompleteRead(f"{path} changed while it was read: page at {offset} does not continue the one before; run again.")
        fresh = [row for row, id_ in zip(rows, ids, strict=True) if id_ not in seen]
        seen.update(ids)
        end = offset + len(rows)
        done = end >= total or not rows
        if counted and done and len(seen) < total:
            raise IncompleteRead(f"{path} announced {total} rows, but {len(seen)} arrived; the read is repeated at the next run.")
        last = ids[-1] if ids else ""
        ahead = end - SHARED if len(rows) > SHARED else end
        onward = None if done else Request("GET", path, {**options, "count": str(COUNT), "offset": str(ahead)})
        return Page(fresh, reply, onward, len(rows))

    for one in walk(Request("GET", path, {**options, "count": str(COUNT), "offset": "0"}), page):
        yield one.reply, one.content

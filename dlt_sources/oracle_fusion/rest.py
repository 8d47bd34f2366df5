"""Reading collections of Fusion's REST framework: pages, children, and what to do when a pod cannot do what it is asked.

A page may hold fewer rows than asked for; the next one starts where it ended. Pods answer 500 to calls that others answer: then the
call is repeated without ``totalResults``, then without ``fields``, before it counts as trouble.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

import msgspec

from dlt_sources.http import (
    ApiClient,
    BadRequest,
    ErrorReply,
    IncompleteRead,
    MalformedReply,
    Page,
    Reply,
    Request,
    walk,
)
from dlt_sources.oracle_fusion.records import Link

PAGE_SIZE = 499  # the most that a call gives, whatever the documents say of 500
FRAMEWORK = "4"  # filters with and, or, in; expanded children are pages
HEADERS = {
    "REST-Framework-Version": FRAMEWORK,
    "Accept": "application/vnd.oracle.adf.resourcecollection+json, application/vnd.oracle.adf.error+json, application/json",
}
_LADDER: Mapping[int, tuple[str, ...]] = {500: ("totalResults", "fields"), 400: ("fields", "orderBy", "expand")}
_SERVER_ERROR = 500
_PAGE_BYTES = 8 * 1024 * 1024  # of documents with children: so many fit that a page stays about this size
_MORE = re.compile(rb'"hasMore"\s*:\s*true')

Keep = Callable[[Reply], None]
Tree = Mapping[str, "Tree"]
"""Children of a document by name, with theirs."""


class _Detail(msgspec.Struct):
    detail: str = ""


class _Envelope(msgspec.Struct):
    items: list[msgspec.Raw] | None = None
    more: bool | None = msgspec.field(name="hasMore", default=None)
    total: int | None = msgspec.field(name="totalResults", default=None)
    title: str = ""
    details: list[_Detail] = msgspec.field(name="o:errorDetails", default_factory=list)


class _Child(msgspec.Struct):
    items: list[msgspec.Raw] = []
    more: bool = msgspec.field(name="hasMore", default=False)


class Linked(msgspec.Struct):
    """The addresses in an item."""

    links: list[Link] = []

    def child(self, name: str) -> str | None:
        """The address of a child collection."""
        return next((link.href for link in self.links if link.rel == "child" and link.name == name), None)


def parse(connection: str, reply: Reply) -> tuple[Reply, _Envelope]:
    """The envelope of a collection. An error in its place is told in its own words."""
    where = f"Connection '{connection}': {reply.request}"
    try:
        envelope = msgspec.json.decode(reply.body, type=_Envelope)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise MalformedReply(f"{where} did not answer with a collection; check base_url.") from None
    if envelope.items is None:
        told = "; ".join(each.detail for each in envelope.details) or envelope.title
        if told:
            raise ErrorReply(f"{where} answered with an error: {told}")
        raise MalformedReply(f"{where} answered without 'items'; check base_url.")
    return reply, envelope


@dataclass
class Judge:
    """Sees every refusal: the ladder needs to know whether it was 500 or 400."""

    status: int = 0

    def __call__(self, reply: Reply) -> bool | None:
        """A server error is final where the call can be made simpler."""
        self.status = reply.status
        if reply.status == _SERVER_ERROR and any(f"{name}=" in reply.request for name in _LADDER[_SERVER_ERROR]):
            return False
        return None


@dataclass
class Rest:
    """One connection's collections. ``judge`` is the one that the client asks."""

    api: ApiClient
    judge: Judge = field(default_factory=Judge)

    def pages(
        self, url: str, params: Mapping[str, str], *, totals: bool = True, limit: int = PAGE_SIZE, whole: bool = False
    ) -> Iterator[tuple[Reply, list[msgspec.Raw]]]:
        """Every page of a collection.

        ``totals`` asks the first page for the number of rows and raises :class:`IncompleteRead` where fewer arrive. ``whole``
        documents come with their children: the page size follows their size, so that no answer grows too large.
        """
        dropped: set[str] = set()
        announced: int | None = None
        rows = 0

        def fetch(request: Request) -> Page[list[msgspec.Raw]]:
            nonlocal announced, rows
            asked = dict(request.params or {})
            reply, envelope = self._ask(request.url, asked, dropped)
            found = envelope.items or []
            if envelope.total is not None:
                announced = envelope.total
            rows += len(found)
            more = len(found) >= int(asked["limit"]) if envelope.more is None else envelope.more
            if not more:
                if announced is not None and rows < announced:
                    raise IncompleteRead(
                        f"Connection '{self.api.name}': {request.url} announced {announced} rows, but {rows} arrived; run again."
                    )
                return Page(found, reply, None, len(found))
            size = _fitting(len(found), len(reply.body)) if whole else limit
            following = {**params, "limit": str(size), "offset": str(int(asked["offset"]) + len(found))}
            return Page(found, reply, Request("GET", url, following), len(found))

        first = {**params, "limit": str(limit), "offset": "0", **({"totalResults": "true"} if totals else {})}
        for page in walk(Request("GET", url, first), fetch):
            yield page.reply, page.content

    def first(self, url: str, params: Mapping[str, str]) -> tuple[Reply, list[msgspec.Raw]]:
        """The first page alone."""
        reply, envelope = self._ask(url, dict(params), set())
        return reply, envelope.items or []

    def _ask(self, url: str, params: Mapping[str, str], dropped: set[str]) -> tuple[Reply, _Envelope]:
        """Make a call, simpler and simpler where the pod cannot answer it; ``dropped`` remembers what it was too much."""
        while True:
            asked = {name: value for name, value in params.items() if name not in dropped}
            try:
                return self.api.send(Request("GET", url, asked, HEADERS), partial(parse, self.api.name))
            except BadRequest:
                rung = next((name for name in _LADDER.get(self.judge.status, ()) if name in asked), None)
                if rung is None:
                    raise
                dropped.add(rung)

    def complete(self, document: msgspec.Raw, tree: Tree, order: Mapping[str, str], keep: Keep) -> msgspec.Raw:
        """A document with all of its children: those that an expanded page cuts off are read on their own.

        ``order`` names the key that the pages of a child are ordered by; ``keep`` gets each page that is read. A document that is
        not what it should be comes back as it is: its declaration says what is wrong.
        """
        try:
            return self._completed(document, tree, order, keep)
        except msgspec.DecodeError:
            return document

    def _completed(self, document: msgspec.Raw, tree: Tree, order: Mapping[str, str], keep: Keep) -> msgspec.Raw:
        fields = msgspec.json.decode(document, type=dict[str, msgspec.Raw])
        changed = False
        for name, inner in tree.items():
            rows, cut = cut_off(fields.get(name))
            if cut:
                href = Linked.child(msgspec.json.decode(document, type=Linked), name)
                if href is None:
                    raise MalformedReply(f"Connection '{self.api.name}': a document has neither its {name} nor a link to them.")
                rows = []
                params = {"orderBy": f"{order[name]}:asc", **({"expand": ",".join(inner)} if inner else {})}
                for reply, page in self.pages(href, params, totals=False):
                    keep(reply)
                    rows += page
            finished = [self._completed(row, inner, order, keep) for row in rows] if inner else rows
            if cut or any(after is not before for after, before in zip(finished, rows, strict=True)):
                fields[name] = msgspec.Raw(b"[" + b",".join(finished) + b"]")
                changed = True
        return msgspec.Raw(msgspec.json.encode(fields)) if changed else document


def cut_off(child: msgspec.Raw | None) -> tuple[list[msgspec.Raw], bool]:
    """The rows of an expanded child, and whether there are more, or none were sent at all."""
    if child is None or memoryview(child)[:5].tobytes() == b"null":
        return [], True
    if memoryview(child)[:1].tobytes() == b"[":
        return msgspec.json.decode(child, type=list[msgspec.Raw]), False
    page = msgspec.json.decode(child, type=_Child)
    return page.items, page.more


def may_be_cut_off(document: msgspec.Raw, tree: Tree) -> bool:
    """Whether a document needs a closer look; False is sure."""
    return bool(_MORE.search(document)) or not all(re.search(rf'"{name}"\s*:'.encode(), document) for name in tree)


def _fitting(rows: int, size: int) -> int:
    """How many documents make a page of the wished size, from the last page's."""
    return max(5, min(PAGE_SIZE, rows * _PAGE_BYTES // max(size, 1)))

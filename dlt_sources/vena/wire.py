"""Vena's answers: models, the hierarchy, and intersections page by page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from dlt_sources.http import ApiClient, IncompleteRead, MalformedReply, NotFound, Page, Reply, Request, SourceError, walk


class _Metadata(msgspec.Struct, rename="camel"):
    headers: list[str] = []
    records_returned: int | None = None
    next_page: str | None = None


class _Listing(msgspec.Struct):
    data: list[msgspec.Raw]
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)


class _Intersections(msgspec.Struct):
    metadata: _Metadata
    data: list[list[str | None]]


@dataclass(frozen=True)
class Sheet:
    """A page of intersections: the names of its columns, and their values, column by column."""

    reply: Reply
    headers: tuple[str, ...]
    columns: Sequence[Sequence[str | None]]

    @property
    def rows(self) -> int:
        """How many intersections it holds."""
        return len(self.columns[0]) if self.columns else 0


@dataclass(frozen=True)
class Asked:
    """A model that is asked, through a client of the API."""

    api: ApiClient
    model_id: str
    page_size: int
    drop_repeated_header: bool
    counted: set[int] = field(default_factory=set)

    def models(self) -> tuple[Reply, list[msgspec.Raw]]:
        """All models that the token may see: a plain array, or one within an envelope."""

        def parse(reply: Reply) -> tuple[Reply, list[msgspec.Raw]]:
            try:
                found = msgspec.json.decode(reply.body, type=_Listing | list[msgspec.Raw])
            except msgspec.DecodeError:
                raise MalformedReply(f"{reply.request} did not answer with a list of models; check base_url.") from None
            return reply, found.data if isinstance(found, _Listing) else found

        return self.api.send(Request("GET", "models"), parse)

    def hierarchy(self) -> tuple[Reply, list[msgspec.Raw]]:
        """The members of all dimensions: there are no pages of them."""

        def parse(reply: Reply) -> tuple[Reply, list[msgspec.Raw]]:
            try:
                found = msgspec.json.decode(reply.body, type=_Listing)
            except msgspec.DecodeError:
                raise MalformedReply(f"{reply.request} did not answer with members; check base_url.") from None
            told = found.metadata.records_returned
            if told is not None and told != len(found.data):
                raise IncompleteRead(f"{reply.request} announced {told:,} members, but {len(found.data):,} arrived.")
            return reply, found.data

        return self.api.send(Request("GET", f"models/{self.model_id}/hierarchy"), parse)

    def pages(self, filters: Mapping[str, str], size: int | None = None) -> Iterator[Sheet]:
        """Every page of the intersections that pass the filters; the next one is where the vendor says.

        Raises :class:`IncompleteRead` where a page does not hold what its metadata tell, or other columns than the one before.
        """
        first = Request("GET", f"models/{self.model_id}/intersections", {"pageSize": str(size or self.page_size), **filters})
        headers: tuple[str, ...] | None = None
        for page in walk(first, lambda request: self.api.send(request, self._page)):
            if headers not in {None, page.content.headers}:
                raise IncompleteRead(
                    f"{page.reply.request} has other columns than the pages before; it is read again at the next run."
                )
            headers = page.content.headers
            yield page.content

    def _page(self, reply: Reply) -> Page[Sheet]:
        try:
            found = msgspec.json.decode(reply.body, type=_Intersections)
        except msgspec.DecodeError as trouble:
            raise MalformedReply(f"{reply.request} did not answer with intersections ({trouble}); check base_url.") from None
        headers, rows = tuple(found.metadata.headers), found.data
        repeated = bool(rows) and tuple(rows[0]) == headers
        if repeated != (self.drop_repeated_header and bool(rows)):
            raise SourceError(
                f"{reply.request} {'repeats its headers' if repeated else 'does not repeat its headers'} in the first row: set "
                f"drop_repeated_header to {str(repeated).lower()}."
            )
        self._count(found.metadata.records_returned, len(rows) - repeated, reply)
        rows = rows[1:] if repeated else rows
        try:
            columns = list(zip(*rows, strict=True)) or [()] * len(headers)
        except ValueError:
            columns = []
        if len(columns) != len(headers):
            raise MalformedReply(f"{reply.request} has rows that are not as long as its headers.")
        following = Request("GET", found.metadata.next_page) if found.metadata.next_page else None
        return Page(Sheet(reply, headers, columns), reply, following, len(rows))

    def _count(self, told: int | None, arrived: int, reply: Reply) -> None:
        """Whether the row of headers counts as a record nobody tells; it does on every page, or on none."""
        if told is None:
            return
        self.counted.add(told - arrived)
        if self.counted not in ({0}, {1}):
            raise IncompleteRead(
                f"{reply.request} announced {told:,} records, but {arrived:,} arrived; it is read again at the next run."
            )

    def explained(self, missing: NotFound) -> NotFound:
        """A 404, in words that say what to mend."""
        return NotFound(
            f"{missing} The model_id is the number in the address of the model in Vena's Modeler, and base_url that of its hub."
        )

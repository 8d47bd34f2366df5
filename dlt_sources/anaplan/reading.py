"""What of the model is new: lists and versions as documents, cells compared one by one, and nothing at all while it was not saved."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from dlt_sources.anaplan.records import CELLS, DIMENSIONS, LIST_ITEMS, VERSIONS, Model
from dlt_sources.anaplan.wire import Asked, ExportMetadata
from dlt_sources.assembly import State
from dlt_sources.http import IncompleteRead, MalformedReply, Reply, Request, SourceError
from dlt_sources.records import Archive
from dlt_sources.records.intake import Endpoint, Intake
from dlt_sources.records.known import KnownRows, recall

_COORDINATES = tuple(DIMENSIONS.values())
_EVERYTHING = {"includeAll": "true"}


class Settings(Protocol):
    """The settings that readers look at."""

    @property
    def read(self) -> str:
        """``exports`` or ``views``."""

    @property
    def wanted(self) -> tuple[str, ...]:
        """Names of exports or views; none: those that begin with the prefix."""

    @property
    def columns(self) -> Mapping[str, str]:
        """Names in the model -> the hub's."""

    @property
    def locale(self) -> str:
        """In which numbers and periods are written."""

    @property
    def poll_seconds(self) -> float:
        """The first wait for a task."""

    @property
    def check_rows(self) -> bool:
        """Whether a file must have as many rows as its metadata tells."""


PREFIX = "Hub "
"""Begins the names of the exports and saved views that are made for the hub."""


class _Named(msgspec.Struct, rename="camel"):
    id: str
    name: str
    module_id: str = ""


class _LineItem(msgspec.Struct):
    name: str
    format: str = ""


@dataclass(frozen=True)
class Sheet:
    """A table of cells: its name, its text, which of its columns are dimensions, and which line items are numbers."""

    name: str
    reply: Reply
    dimensions: frozenset[str]
    numbers: frozenset[str]
    layout: ExportMetadata


@dataclass
class Session:
    """What the reading of one listing has at hand; ``seen`` is common to all of one run."""

    asked: Asked
    archive: Archive
    name: str
    settings: Settings
    seen: dict[str, Model] = field(default_factory=dict)

    def model(self) -> Model:
        """The model, as it was when this run first asked for it, and open."""
        if "model" not in self.seen:
            found: Model = self.asked.one(f"models/{self.asked.model_id}", "model", Model)
            if (found.active_state or "").upper() == "ARCHIVED":
                raise SourceError(
                    f"Connection '{self.name}': the model '{found.name}' is archived; restore it, or name another as model_id."
                )
            self.asked.wait_until_open(self.settings.poll_seconds)
            self.seen["model"] = found
        return self.seen["model"]

    def mark(self) -> str:
        """What tells one state of the model from another, together with how it is read."""
        model, settings = self.model(), self.settings
        way = [settings.read, settings.wanted, sorted(settings.columns.items()), settings.locale]
        return f"{model.last_saved_serial_number}|{model.last_modified}|{hashlib.sha256(msgspec.json.encode(way)).hexdigest()[:16]}"

    def intake(self, endpoint: Endpoint, known: dict[str, str] | None = None, listing: str = "") -> Intake:
        """Takes in the pages of an endpoint."""
        return Intake(endpoint, connection_id=self.name, archive=self.archive, known=known, listing=listing)


def models(session: Session, endpoint: Endpoint, state: State) -> Iterator[Any]:
    """All models that are listed; what a model takes up of memory is no change."""
    yield from session.intake(endpoint, state.setdefault("known", {})).whole(session.asked.pages("models", "models"))


def versions(session: Session, endpoint: Endpoint, state: State) -> Iterator[Any]:
    """All versions, where the model was saved since."""
    mark = session.mark()
    if state.get("mark") == mark:
        return
    pages = session.asked.pages(f"{session.asked.root}/versions", "versionMetadata")
    yield from session.intake(endpoint, state.setdefault("known", {})).whole(pages)
    state["mark"] = mark


def list_items(session: Session, endpoint: Endpoint, state: State) -> Iterator[Any]:
    """Items of all lists, where the model was saved since."""
    mark = session.mark()
    if state.get("mark") == mark:
        return
    pages = _items(session.asked, session.settings.columns)
    yield from session.intake(endpoint, state.setdefault("known", {})).whole(pages, lambda key: tuple(key.split("|")))
    state["mark"] = mark


def dimension_of(name: str, columns: Mapping[str, str]) -> str | None:
    """The column of cells for a dimension, by its name in the model; None for one that the hub does not know."""
    told = columns.get(name, name)
    return told if told in _COORDINATES else DIMENSIONS.get(told)


def _items(asked: Asked, columns: Mapping[str, str]) -> Iterator[tuple[Reply, list[msgspec.Raw]]]:
    for each in asked.rows(f"{asked.root}/lists", "lists", _Named):
        told = {"inListId": each.id, "inListName": each.name, "dimension": dimension_of(each.name, columns)}
        around = msgspec.json.encode(told).removesuffix(b"}")
        for reply, rows in asked.pages(f"{asked.root}/lists/{each.id}/items", "listItems", _EVERYTHING):
            yield reply, [msgspec.Raw(around + b"," + bytes(row).lstrip().removeprefix(b"{")) for row in rows]


def cells(session: Session, endpoint: Endpoint, state: State) -> Iterator[Any]:
    """The cells of all sheets, where the model was saved since: what is new or changed, and what is no longer there."""
    mark = session.mark()
    if state.get("mark") == mark:
        return
    lost = f"Connection '{session.name}': what is known of its cells"
    known = KnownRows(recall(session.archive, state, lost=lost), every_key=True)
    intake = session.intake(endpoint)
    found = False
    for sheet in _sheets(session):
        found = True
        yield from intake.take_arrow(sheet.reply, tidy(sheet, session.settings.columns, check=session.settings.check_rows), known)
    if not found:
        wanted = " or ".join(session.settings.wanted) or f"any whose name begins with '{PREFIX}'"
        raise SourceError(
            f"Connection '{session.name}': the model has no {session.settings.read.removesuffix('s')} named {wanted}. Make them, or name "
            "yours in exports."
        )
    nothing_left = (
        f"Connection '{session.name}': none of the {known.count:,} known cells is left. Check the exports and the user's rights; if the "
        "plans were moved, read the connection anew under another name."
    )
    yield from intake.settle(known, state, nothing_left=nothing_left)
    state["mark"] = mark


def _sheets(session: Session) -> Iterator[Sheet]:
    return _views(session) if session.settings.read == "views" else _exports(session)


def chosen(rows: Sequence[_Named], wanted: Sequence[str], connection: str) -> list[_Named]:
    """The exports or views that are wanted, in their order. Raises :class:`SourceError` that names one that is not there."""
    if not wanted:
        return [row for row in rows if row.name.startswith(PREFIX)]
    by_name = {row.name: row for row in rows}
    for name in wanted:
        if name not in by_name:
            raise SourceError(
                f"Connection '{connection}': the model has no '{name}', or the user may not read it; it has {', '.join(by_name) or 'none'}."
            )
    return [by_name[name] for name in wanted]


def exports_of(asked: Asked, settings: Settings, connection: str) -> list[_Named]:
    """The exports to run."""
    return chosen(asked.rows(f"{asked.root}/exports", "exports", _Named), settings.wanted, connection)


def views_of(asked: Asked, settings: Settings, connection: str) -> list[_Named]:
    """The saved views to read, named without their module."""
    modules = {row.id: row.name for row in asked.rows(f"{asked.root}/modules", "modules", _Named)}
    rows = asked.rows(f"{asked.root}/views", "views", _Named)
    plain = [msgspec.structs.replace(row, name=row.name.removeprefix(f"{modules.get(row.module_id, '')}.")) for row in rows]
    return chosen(plain, settings.wanted, connection)


def _exports(session: Session) -> Iterator[Sheet]:
    asked = session.asked
    for export in exports_of(asked, session.settings, session.name):
        layout: ExportMetadata = asked.one(f"{asked.root}/exports/{export.id}", "exportMetadata", ExportMetadata)
        if layout.row_count == 0:  # a task would complete without success
            continue
        kinds = dict(zip(layout.header_names, layout.data_types, strict=True))
        reply = asked.export(export.id, session.settings.locale, session.settings.poll_seconds)
        dimensions = frozenset(
            name for name, kind in kinds.items() if kind == "ENTITY" or session.settings.columns.get(name) in _COORDINATES
        )
        numbers = frozenset(name for name, kind in kinds.items() if kind == "NUMBER")
        yield Sheet(export.name, reply, dimensions, numbers, layout)


class _Axes(msgspec.Struct):
    rows: list[_Named] = []
    columns: list[_Named] = []
    pages: list[_Named] = []


def _views(session: Session) -> Iterator[Sheet]:
    asked = session.asked
    for view in views_of(asked, session.settings, session.name):
        axes: _Axes = asked.api.send(Request("GET", f"models/{asked.model_id}/views/{view.id}"), _axes)
        items = asked.rows(f"{asked.root}/modules/{view.module_id}/lineItems", "items", _LineItem, _EVERYTHING)
        reply = asked.read_view(view.id, session.settings.poll_seconds)
        dimensions = frozenset(each.name for each in (*axes.rows, *axes.columns, *axes.pages)) - {"Line Items", "Line items"}
        header = next(csv.reader(io.StringIO(reply.body.partition(b"\n")[0].decode("utf-8-sig"))))
        layout = ExportMetadata(header, [])
        yield Sheet(view.name, reply, dimensions, frozenset(each.name for each in items if each.format == "NUMBER"), layout)


def _axes(reply: Reply) -> _Axes:
    try:
        return msgspec.json.decode(reply.body, type=_Axes)
    except msgspec.DecodeError:
        raise MalformedReply(f"{reply.request} does not tell the axes of the view.") from None


def tidy(sheet: Sheet, columns: Mapping[str, str], *, check: bool = True) -> pa.RecordBatch:
    """The cells of a sheet that are not empty, one row each, as columns of text.

    ``columns`` gives the hub's names of dimensions and line items that are called otherwise in the model. Raises :class:`IncompleteRead`
    where rows are missing or a line is cut, and :class:`SourceError` for a dimension that the hub does not know.
    """
    table = _text(sheet, check=check)
    around: dict[str, pa.ChunkedArray] = {}
    for name in (each for each in table.column_names if each in sheet.dimensions):
        ours = dimension_of(name, columns)
        if ours is None:
            raise SourceError(
                f"{sheet.name} has the dimension '{name}', which the hub does not know: leave it out of the view, or say in columns which of "
                f"{', '.join(_COORDINATES)} it is."
            )
        around[ours] = table[name]
    parts = []
    for name in (each for each in table.column_names if each not in sheet.dimensions):
        is_there = pc.and_(pc.is_valid(table[name]), pc.not_equal(table[name], ""))
        values, count = table[name].filter(is_there), pc.sum(is_there).as_py() or 0
        item = pa.repeat(pa.scalar(columns.get(name, name)), count)
        given = {key: column.filter(is_there) for key, column in around.items()}
        coordinates = [given.get(key, pa.repeat(pa.scalar(""), count)) for key in _COORDINATES]
        parts.append(
            pa.table(
                {
                    "cell_id": pc.binary_join_element_wise(pa.repeat(pa.scalar(sheet.name), count), item, *coordinates, " | "),
                    "listing": pa.repeat(pa.scalar(sheet.name), count),
                    "line_item": item,
                    **{key: given.get(key, pa.nulls(count, pa.string())) for key in _COORDINATES},
                    "value": values,
                    "amount": values if name in sheet.numbers else pa.nulls(count, pa.string()),
                }
            )
        )
    return pa.concat_tables(parts).combine_chunks().to_batches(max_chunksize=None)[0] if parts else _nothing()


def _nothing() -> pa.RecordBatch:
    schema = pa.schema(
        [pa.field(name, pa.string()) for name in ("cell_id", "listing", "line_item", *_COORDINATES, "value", "amount")]
    )
    return pa.RecordBatch.from_pylist([], schema)


def _text(sheet: Sheet, *, check: bool) -> pa.Table:
    layout = sheet.layout
    body, encoding = sheet.reply.body, layout.encoding or "UTF-8"
    try:
        text = body.removeprefix(b"\xef\xbb\xbf") if encoding.upper() == "UTF-8" else body.decode(encoding).encode()
        table = arrow_csv.read_csv(
            pa.BufferReader(text),
            arrow_csv.ReadOptions(block_size=max(1 << 20, len(text) + 1)),
            arrow_csv.ParseOptions(delimiter=layout.separator or ",", quote_char=layout.delimiter or '"', newlines_in_values=True),
            arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(layout.header_names, pa.string()), null_values=[], strings_can_be_null=False
            ),
        )
    except (pa.ArrowException, UnicodeDecodeError, LookupError) as trouble:
        raise IncompleteRead(
            f"{sheet.name}: the file is not a whole table ({type(trouble).__name__}); it is read again at the next run."
        ) from None
    if table.column_names != layout.header_names:
        raise IncompleteRead(f"{sheet.name}: the file has other columns than were announced; it is read again at the next run.")
    if check and layout.row_count is not None and table.num_rows != layout.row_count:
        raise IncompleteRead(
            f"{sheet.name}: {layout.row_count:,} rows were announced, but {table.num_rows:,} arrived; it is read again at the next run."
        )
    return table


READERS = {VERSIONS.name: versions, LIST_ITEMS.name: list_items, CELLS.name: cells}
"""How each listing is read; models as they are."""

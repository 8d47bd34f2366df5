"""What of the files is new: each content read once, the newest of several for one plan, and nothing at all while no file has changed."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import reduce
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from dlt_sources.assembly import State
from dlt_sources.files import Found, Shelf
from dlt_sources.http import IncompleteRead, Reply
from dlt_sources.planguru.grids import UnreadableFile, grids
from dlt_sources.planguru.mapping import FileRule, Measure, PlanGuruMapping, told_by
from dlt_sources.planguru.records import CELLS
from dlt_sources.planguru.sheets import Line, Sheet, read_sheet
from dlt_sources.records import Archive, Refused
from dlt_sources.records.intake import Endpoint, Intake
from dlt_sources.records.known import KnownRows, recall

_SLOT = ("company", "scenario", "statement", "department")


@dataclass
class Part:
    """A sheet of a file, and what became of it: its lines with the slot of each, where it is good."""

    name: str
    sheet: Sheet | None = None
    status: str = "read"
    reason: str = ""
    lines: list[tuple[str, Line]] = field(default_factory=list)
    slots: set[str] = field(default_factory=set)
    """The plans that it is a part of, as far as that is known."""


@dataclass
class Export:
    """A file with its content and its sheets."""

    found: Found
    content: bytes
    sha256: str
    parts: list[Part] = field(default_factory=list)


@dataclass
class Seen:
    """The files as one run found them."""

    files: list[Found] | None = None
    exports: list[Export] | None = None


@dataclass
class Session:
    """What the reading of one listing has at hand; ``seen`` is common to those of one run."""

    shelf: Shelf
    mapping: PlanGuruMapping
    mapping_digest: str
    archive: Archive
    name: str
    seen: Seen

    def mark(self) -> str:
        """What tells one state of the folder from another, together with how it is read."""
        told = [[file.name, file.stamp] for file in self._files()]
        return hashlib.sha256(msgspec.json.encode([told, self.mapping_digest])).hexdigest()

    def exports(self) -> list[Export]:
        """The files that are there, the newest first."""
        if self.seen.exports is None:
            self.seen.exports = read_files(self.shelf, self._files(), self.mapping)
        return self.seen.exports

    def _files(self) -> list[Found]:
        if self.seen.files is None:
            self.seen.files = self.shelf.files()
        return self.seen.files

    def intake(self, endpoint: Endpoint, known: dict[str, str] | None = None) -> Intake:
        """Takes in the pages of an endpoint."""
        return Intake(endpoint, connection_id=self.name, archive=self.archive, known=known)


def read_files(shelf: Shelf, files: Sequence[Found], mapping: PlanGuruMapping) -> list[Export]:
    """Every file with its sheets, the newest first; of several with one content, the first by name is read."""
    by_content: dict[str, str] = {}
    found = []
    for file in files:
        content = shelf.read(file)
        export = Export(file, content, hashlib.sha256(content).hexdigest())
        if export.sha256 in by_content:
            export.parts.append(Part("", status="copy", reason=f"the same as {by_content[export.sha256]}"))
        else:
            by_content[export.sha256] = file.name
            export.parts += _parts(file.name, content, mapping)
        found.append(export)
    return sorted(found, key=lambda export: (export.found.changed_at, export.found.name), reverse=True)


def _parts(name: str, content: bytes, mapping: PlanGuruMapping) -> Iterator[Part]:
    base = name.rpartition("/")[2]
    rule, told = next(((rule, told) for rule in mapping.files if (told := told_by(rule.name, base)) is not None), (None, {}))
    if rule is None:
        yield Part("", status="set_aside", reason="no rule of the mapping reads a file of this name")
        return
    try:
        sheets = grids(name, content)
    except UnreadableFile as trouble:
        yield Part("", status="set_aside", reason=str(trouble))
        return
    for grid in sheets:
        if any(cell is not None for row in grid.rows for cell in row):
            yield _part(grid, rule, {**mapping.values, **rule.values, **told}, mapping)


def _part(grid: Any, rule: FileRule, told: dict[str, str], mapping: PlanGuruMapping) -> Part:
    of, named = next(((of, named) for of in rule.sheets if (named := told_by(of.name, grid.name)) is not None), (None, {}))
    if of is None:
        sheet = Sheet(grid.name, grid.is_hidden, problems=[(0, "no rule of the mapping reads a sheet of this name")])
    elif not of.read:
        return Part(grid.name, Sheet(grid.name, grid.is_hidden), "left_out", "the mapping leaves it out")
    else:
        sheet = read_sheet(grid, of, {**told, **of.values, **named}, mapping)
    part = Part(grid.name, sheet)
    part.lines = [(" | ".join(line.told.get(key, "") for key in _SLOT), line) for line in sheet.lines]
    part.slots = {slot for slot, _ in part.lines}
    if sheet.problems:
        part.status, part.lines = "set_aside", []
        part.reason = "; ".join(_at(row, reason) for row, reason in sheet.problems[:3])
    return part


def _at(row: int, reason: str) -> str:
    return f"row {row}: {reason}" if row else reason


def cells(session: Session, endpoint: Endpoint, state: State) -> Iterator[Any]:
    """The amounts of all good sheets, where a file has changed since: what is new or changed, and what is no longer there.

    What the former good version of a sheet said stays while the sheet is set aside.
    """
    if state.get("mark") == session.mark():
        return
    lost = f"Connection '{session.name}': what is known of its plans"
    known = KnownRows(recall(session.archive, state, lost=lost), every_key=True)
    intake = session.intake(endpoint)
    exports = session.exports()
    gave: dict[str, dict[str, list[str]]] = state.get("gave", {})
    held = _hold(exports, gave, known)
    keys: Counter[str] = Counter()
    for export in exports:
        rows = [row for part in export.parts for row in _rows(export, part, session.mapping, keys)]
        aside = [refused for part in export.parts for refused in _refused(export, part)]
        if rows or aside:
            page = Reply(200, {}, export.content, f"file {export.found.name}", datetime.now(UTC))
            yield from intake.take_arrow(page, _batch(rows), known, aside=aside)
    known.list_live(_keys_of(known, held))
    gone = len(known.gone())
    if gone and not any(part.lines for export in exports for part in export.parts):
        raise IncompleteRead(
            f"Connection '{session.name}': none of the {gone:,} known amounts is left, and there are no others. Check path and mapping; "
            "if there are no plans any more, take the connection out of the settings."
        )
    yield from intake.settle(known, state)
    state["gave"] = {
        export.found.name: {
            part.name: sorted(part.slots) or gave.get(export.found.name, {}).get(part.name, []) for part in export.parts
        }
        for export in exports
        if not _is_lost(export)
    } | {export.found.name: gave.get(export.found.name, {}) for export in exports if _is_lost(export)}
    state["mark"] = session.mark()


def _is_lost(export: Export) -> bool:
    """Whether a file cannot be read at all."""
    return [(part.name, part.status) for part in export.parts] == [("", "set_aside")]


def _hold(exports: Sequence[Export], gave: dict[str, dict[str, list[str]]], known: KnownRows) -> set[str]:
    """Settle which file tells which plan in which period: the newest that is good.

    Returns the plans that stay as they are known, since the newest that tells of them is set aside.
    """
    held: set[str] = set()
    taken: set[tuple[str, str, date]] = set()
    for export in exports:
        name = export.found.name
        within: dict[tuple[str, str, str, date], str] = {}
        for part in export.parts:
            _settle_part(part, held, taken, within)
        for part in export.parts:
            if part.status == "set_aside":
                former = gave.get(name, {})
                slots = (
                    part.slots or set(former.get(part.name, []))
                    if part.name
                    else {slot for each in former.values() for slot in each}
                )
                held |= {slot for slot in slots if len(_keys_of(known, {slot}))}
            taken |= {(slot, line.period.span, line.period.first_day) for slot, line in part.lines}
    return held


def _settle_part(
    part: Part,
    held: set[str],
    taken: set[tuple[str, str, date]],
    within: dict[tuple[str, str, str, date], str],
) -> None:
    """Leave out of a sheet what a newer file tells; set it aside where another of its own file has told the same."""
    kept, told = [], {}
    for slot, line in part.lines:
        if slot in held or (slot, line.period.span, line.period.first_day) in taken:
            continue
        told[slot, line.class_name, line.period.span, line.period.first_day] = part.name
        kept.append((slot, line))
    if twice := next((unit for unit in told if unit in within), None):
        part.status, part.lines, part.slots = "set_aside", [], set()
        part.reason = f"the sheet '{within[twice]}' tells '{twice[1]}' in {twice[3]:%Y-%m} already"
        return
    if part.lines and not kept:
        part.status, part.reason = "superseded", "newer files tell all of it"
    part.lines = kept
    within |= told


def _keys_of(known: KnownRows, slots: set[str]) -> pa.Array:
    """The keys that are known of some plans."""
    live = known.remembered.filter(pc.invert(known.remembered["deleted"]))["key"].combine_chunks()
    if not slots:
        return live.slice(0, 0)
    return live.filter(reduce(pc.or_, [pc.starts_with(live, f"{slot} | ") for slot in sorted(slots)]))


def _letters(column: int) -> str:
    """The name of a column: A, Z, AA."""
    first, last = divmod(column, 26)
    return (_letters(first - 1) if first else "") + chr(ord("A") + last)


def _rows(export: Export, part: Part, mapping: PlanGuruMapping, keys: Counter[str]) -> Iterator[dict[str, str | None]]:
    for slot, line in part.lines:
        told = line.told
        financial = told["statement"] != "KPI"
        measured = Measure("", "amount", "account") if financial else mapping.measure(line.class_name)
        code = told.get("account_code", "")
        key = f"{slot} | {line.class_name} | {line.category} | {code} | {line.period.span} | {line.period.first_day.isoformat()}"
        keys[key] += 1
        yield {
            "cell_id": key if keys[key] == 1 else f"{key} | {keys[key]}",  # categories of one name in one class
            **{name: told.get(name) for name in _SLOT},
            "kind": told.get("kind"),
            "fiscal_year": told.get("fiscal_year"),
            "created_on": told.get("created_on"),
            "is_locked": told.get("locked"),
            "class": line.class_name,
            "category": line.category,
            "account_code": code or None,
            "measure": measured.measure if measured else None,
            "category_kind": "account" if financial else (measured and measured.category) or None,
            "span": line.period.span,
            "period": line.period.first_day.isoformat(),
            "amount": f"{line.amount:f}",
            "currency": told.get("currency"),
            "phasing": None if line.period.months == 1 else mapping.method(line.category, code),
            "file_name": export.found.name,
            "sheet_name": part.name,
            "cell_address": f"{_letters(line.column)}{line.row}",
        }


_SCHEMA = pa.schema(
    [pa.field(column.name, pa.string()) for table in CELLS.tables for column in table.columns],
)


def _batch(rows: list[dict[str, str | None]]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(rows, _SCHEMA)


def _refused(export: Export, part: Part) -> Iterator[Refused]:
    """The report of a sheet that is set aside: each of its rows with what is wrong with it, or with the sheet."""
    if part.status != "set_aside":
        return
    place = f"{export.found.name} / {part.name}" if part.name else export.found.name
    texts = {} if part.sheet is None else part.sheet.texts
    wrong: dict[int, list[str]] = {}
    for row, reason in [] if part.sheet is None else part.sheet.problems:
        wrong.setdefault(row, []).append(reason)
    for row in sorted({*texts, *wrong} or {0}):
        reason = "; ".join(wrong[row]) if row in wrong else f"its sheet is set aside: {part.reason}"
        told = {"file": export.found.name, "sheet": part.name, "row": row, "shows": texts.get(row)}
        yield Refused(
            CELLS.name,
            f"{place} / row {row}" if row else place,
            reason if row or part.sheet else part.reason,
            msgspec.json.encode(told).decode(),
        )


def sheets(session: Session, endpoint: Endpoint, state: State) -> Iterator[Any]:
    """What became of each sheet of the files that are there."""
    if state.get("mark") == session.mark():
        return
    exports = session.exports()
    documents = [msgspec.Raw(msgspec.json.encode(_told(export, part))) for export in exports for part in export.parts]
    body = b"[" + b",".join(bytes(document) for document in documents) + b"]"
    page = Reply(200, {}, body, f"sheets of the files in {session.shelf.place}", datetime.now(UTC))
    intake = session.intake(endpoint, state.setdefault("known", {}))
    yield from intake.whole([(page, documents)], lambda key: tuple(msgspec.json.decode(key)))
    state["mark"] = session.mark()


def _told(export: Export, part: Part) -> dict[str, Any]:
    sheet = part.sheet
    return {
        "file_name": export.found.name,
        "sheet_name": part.name,
        "file_sha256": export.sha256,
        "is_hidden": sheet is not None and sheet.is_hidden,
        "status": part.status,
        "reason": part.reason or None,
        "rows": 0 if sheet is None else len(sheet.texts),
        "amounts": len(part.lines),
        "totals": 0 if sheet is None else sheet.totals,
    }


READERS = {"cells": cells, "sheets": sheets}
"""How each listing is read."""

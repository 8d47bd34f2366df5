"""What the hub keeps of workbooks and exports: their amounts, and what became of each sheet."""

from __future__ import annotations

import msgspec

from dlt_sources.records import Day, Money, Record, Table
from dlt_sources.records.intake import Endpoint


class Cell(Record):
    """An amount of a plan and what it is of. ``cell_address`` is where it stood in the file of its archive page."""

    cell_id: str
    company: str
    scenario: str
    kind: str | None = None
    fiscal_year: int | None = None
    created_on: Day | None = None
    is_locked: bool | None = None
    statement: str = ""
    department: str | None = None
    class_: str = ""
    category: str = ""
    account_code: str | None = None
    measure: str | None = None
    category_kind: str | None = None
    span: str = ""
    period: Day | None = None
    amount: Money | None = None
    currency: str | None = None
    phasing: str | None = None
    file_name: str = ""
    sheet_name: str = ""
    cell_address: str = ""


class SheetRead(Record):
    """What became of a sheet. ``status`` is read, set_aside, left_out (the mapping says so), copy or superseded."""

    file_name: str
    sheet_name: str
    file_sha256: str
    is_hidden: bool
    status: str
    reason: str | None = None
    rows: int = 0
    amounts: int = 0
    totals: int = 0


CELLS = Endpoint(
    "cells",
    Cell,
    (
        Table(
            "cells",
            Cell,
            ("cell_id",),
            "Amounts of plans, targets and drivers by category and month, or by quarter or year where they are planned so. "
            "`measure` and `category_kind` are what the mapping says of the class. One row per connection and cell.",
            once=True,
            deletable=True,
        ),
    ),
    lambda cell: cell.cell_id,
)
SHEETS = Endpoint(
    "sheets",
    SheetRead,
    (
        Table(
            "sheets",
            SheetRead,
            ("file_name", "sheet_name"),
            "Sheets of the files that are there, with what became of each and how many totals it was held to. "
            "One row per connection, file and sheet.",
            deletable=True,
        ),
    ),
    lambda sheet: sheet_identity(sheet.file_name, sheet.sheet_name),
)


def sheet_identity(file_name: str, sheet_name: str) -> str:
    """A sheet by its file and its name."""
    return msgspec.json.encode([file_name, sheet_name]).decode()


ENDPOINTS = (CELLS, SHEETS)
TABLES: tuple[Table, ...] = tuple(table for endpoint in ENDPOINTS for table in endpoint.tables)
__all__ = ["CELLS", "ENDPOINTS", "SHEETS", "TABLES", "sheet_identity"]

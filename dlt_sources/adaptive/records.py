"""What Adaptive Planning sends of an instance, as far as the hub uses it: versions, accounts, levels, dimensions, periods, and cells.

Trees come with the parent of each element, which is the one around it; an attribute that holds nothing is absent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
import pyarrow as pa

from dlt_sources.records import CountText, Day, Kind, Money, Record, Table, convert, names
from dlt_sources.records.convert import Converted
from dlt_sources.records.intake import Endpoint


def _json(values: Sequence[Any]) -> Converted:
    return convert.text([None if value is None else msgspec.json.encode(value, order="sorted").decode() for value in values])


def _flag(values: Sequence[str | None]) -> Converted:
    return convert.boolean_text([{"1": "true", "0": "false"}.get(value, value) if value else value for value in values])


Named = Annotated[Mapping[str, str], Kind("VARCHAR", pa.string(), _json)]
"""Values by name, stored as JSON."""
Flag = Annotated[str, Kind("BOOLEAN", pa.bool_(), _flag)]
"""A flag that travels as "true" or "false", or as "1" or "0"."""


class Node(Record, rename="camel"):
    """Base of what stands in a tree."""

    id: str
    parent_id: str | None = None
    name: str | None = None
    description: str | None = None
    short_name: str | None = None


class Version(Node):
    """A version. The source adds what it spans: by its own words, or by those of the version around it."""

    LEFT_OUT = names("hasAuditTrail enabledForWorkflow isImportable startScroll leftScroll isPredictive")

    type: str | None = None
    is_virtual: Flag | None = None
    is_default_version: Flag | None = None
    is_locked: Flag | None = None
    start_ver: str | None = None
    end_ver: str | None = None
    start_plan: str | None = None
    end_plan: str | None = None
    completed_values_thru: str | None = None
    lock_leading: str | None = None
    first_period: str | None = None
    last_period: str | None = None
    first_year: str | None = None


class Account(Node):
    """An account. The source adds the line item that its cells are."""

    LEFT_OUT = names(
        """timeStratum suppressZeroes isDefaultRoot decimalPrecision planBy isImportable dataEntryType timeWeightAcctId hasSalaryDetail
        dataPrivacy startExpanded isBreakbackEligible levelDimRollup rollupText enableActuals isLinked isSystem owningSheetId displayNameType"""
    )

    code: str | None = None
    account_type_code: str | None = None
    sub_type: str | None = None
    display_as: str | None = None
    is_assumption: Flag | None = None
    is_group: Flag | None = None
    is_intercompany: Flag | None = None
    exchange_rate_type: str | None = None
    balance_type: str | None = None
    time_roll_up: str | None = None
    formula: str | None = None
    attributes: Named | None = None
    line_item: str = ""


class Level(Node):
    """A level. The source adds how deep it lies (1: at the top), and which level is the company that it belongs to."""

    LEFT_OUT = names("publishCurrency isImportable workflowStatus isLinked hasChildren")

    code: str | None = None
    display_name: str | None = None
    currency: str | None = None
    available_start: str | None = None
    available_end: str | None = None
    is_elimination: Flag | None = None
    attributes: Named | None = None
    depth: int = 1
    company_level_id: str | None = None


class DimensionValue(Node):
    """A value of a dimension. ``column`` is the one of cells that holds its name, where there is one."""

    code: str | None = None
    display_name: str | None = None
    attributes: Named | None = None
    properties: Named | None = None
    dimension_id: str = ""
    dimension_name: str = ""
    column: str | None = None


class Period(Node):
    """A period of the calendar. It ends before its ``end``. The source adds whether others lie in it."""

    LEFT_OUT = names("timeslot encodedTimePeriod legacyReportTimeId legacySheetTimeId")

    code: str | None = None
    label: str | None = None
    stratum_id: CountText | None = None
    start: Day | None = None
    end: Day | None = None
    is_leaf: bool = False


class Cell(Record):
    """A cell that is not blank, by where it stands. ``value`` is as it was sent, ``amount`` the number."""

    cell_id: str
    version_id: str
    account_id: str
    level_id: str
    account_code: str | None = None
    line_item: str | None = None
    product: str | None = None
    channel: str | None = None
    seller: str | None = None
    period: str | None = None
    value: str | None = None
    amount: Money | None = None


DIMENSIONS: Mapping[str, str] = {"Product": "product", "Channel": "channel", "Seller": "seller"}
"""Name of a dimension in the instance -> column of a cell."""
AMOUNT = "Amount"
"""The line item of what the ledger's accounts are planned to be."""


def _tree(name: str, record: type[Node], description: str, *, key: tuple[str, ...] = ("id",)) -> Endpoint:
    table = Table(name, record, key, description, deletable=True)
    return Endpoint(name, record, (table,), lambda node: "|".join(getattr(node, part) for part in key))


VERSIONS = _tree(
    "versions",
    Version,
    "Versions of the instance that are not hidden, parents with those in them. One row per connection and version.",
)
ACCOUNTS = _tree(
    "accounts", Account, "Accounts of the ledger, metrics and assumptions, roll-ups among them. One row per connection and account."
)
LEVELS = _tree(
    "levels", Level, "Levels, companies and departments among them, each with its parent. One row per connection and level."
)
DIMENSION_VALUES = _tree(
    "dimension_values",
    DimensionValue,
    "Values of all dimensions; `attributes` and `properties` are JSON objects, name to value. One row per connection, dimension and value.",
    key=("dimension_id", "id"),
)
PERIODS = _tree(
    "periods",
    Period,
    "Periods of the fiscal calendar, those of each stratum in those of the one above. One row per connection and period.",
)
CELLS = Endpoint(
    "cells",
    Cell,
    (
        Table(
            "cells",
            Cell,
            ("cell_id",),
            "Cells of the cube that are not blank, at the bottom of accounts, levels and time, in each level's own currency. "
            "One row per connection and cell.",
            once=True,
            deletable=True,
        ),
    ),
    lambda cell: cell.cell_id,
)

ENDPOINTS = (VERSIONS, ACCOUNTS, LEVELS, DIMENSION_VALUES, PERIODS, CELLS)
TABLES: tuple[Table, ...] = tuple(table for endpoint in ENDPOINTS for table in endpoint.tables)
__all__ = ["ACCOUNTS", "AMOUNT", "CELLS", "DIMENSIONS", "DIMENSION_VALUES", "ENDPOINTS", "LEVELS", "PERIODS", "TABLES", "VERSIONS"]

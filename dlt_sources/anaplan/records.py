"""What Anaplan sends of a planning model, as far as the hub uses it: the model, its versions, items of its lists, and cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
import pyarrow as pa

from dlt_sources.records import DAY, Instant, Kind, Money, Record, Table, convert, names
from dlt_sources.records.convert import Converted
from dlt_sources.records.intake import Endpoint


def _json(values: Sequence[Any]) -> Converted:
    return convert.text([None if value is None else msgspec.json.encode(value, order="sorted").decode() for value in values])


Properties = Annotated[Mapping[str, Any], Kind("VARCHAR", pa.string(), _json)]
"""An object, stored as JSON."""


def _number_text(values: Sequence[Any]) -> Converted:
    return convert.text([None if value is None else str(value) for value in values])


NumberText = Annotated[str | int, Kind("VARCHAR", pa.string(), _number_text)]
"""A number that travels as text or not."""


class Wire(Record, rename="camel"):
    """Base of what carries the vendor's names."""


class Model(Wire):
    """A model of the tenant."""

    LEFT_OUT = names("memoryUsage modelUrl categoryValues modelTransactionRunning")

    id: str
    name: str | None = None
    active_state: str | None = None
    current_workspace_id: str | None = None
    current_workspace_name: str | None = None
    iso_creation_date: Instant | None = None
    last_modified: Instant | None = None
    last_modified_by_user_guid: str | None = None
    last_saved_serial_number: NumberText | None = None


class Period(Wire):
    """A period of the model's calendar; the beginning and the end of the timescale are years far away."""

    period_text: str | None = None
    date: str | None = None


class Version(Wire):
    """A version of the model."""

    LEFT_OUT = names("editFrom editTo switchover")

    id: str
    name: str | None = None
    is_current: bool | None = None
    is_actual: bool | None = None
    formula: str | None = None
    notes: str | None = None
    edit_from: Period = msgspec.field(default_factory=Period)
    edit_to: Period = msgspec.field(default_factory=Period)
    switchover: Period = msgspec.field(default_factory=Period)


class ListItem(Wire):
    """An item of a list. ``dimension`` is the column of cells that holds its name, where there is one; the source adds where it was listed."""

    LEFT_OUT = names("subsets listId listName")

    id: str
    name: str | None = None
    code: str | None = None
    parent: str | None = None
    parent_id: str | None = None
    properties: Properties | None = None
    in_list_id: str = ""
    in_list_name: str = ""
    dimension: str | None = None


class Cell(Record):
    """A cell that is not empty, by where it stands. ``value`` is as it was sent, ``amount`` the number of a line item of numbers."""

    cell_id: str
    listing: str
    line_item: str
    version: str | None = None
    entity: str | None = None
    account: str | None = None
    department: str | None = None
    product: str | None = None
    channel: str | None = None
    seller: str | None = None
    period: str | None = None
    value: str | None = None
    amount: Money | None = None


DIMENSIONS: Mapping[str, str] = {
    "Versions": "version",
    "Entities": "entity",
    "Accounts": "account",
    "Departments": "department",
    "Products": "product",
    "Channels": "channel",
    "Sellers": "seller",
    "Time": "period",
}
"""Name of a dimension in the model -> column of a cell."""

MODELS = Endpoint(
    "models",
    Model,
    (
        Table(
            "models",
            Model,
            ("id",),
            "Models of the tenant, those without access too. One row per connection and model.",
            deletable=True,
        ),
    ),
    lambda model: model.id,
)
VERSIONS = Endpoint(
    "versions",
    Version,
    (
        Table(
            "versions",
            Version,
            ("id",),
            "Versions of the model, with the months that may be edited. One row per connection and version.",
            within={"edit_from_date": DAY, "edit_to_date": DAY, "switchover_date": DAY},
            rows=lambda d: [(d, d.edit_from.date, d.edit_to.date, d.switchover.date)],
            deletable=True,
        ),
    ),
    lambda version: version.id,
)
LIST_ITEMS = Endpoint(
    "list_items",
    ListItem,
    (
        Table(
            "list_items",
            ListItem,
            ("in_list_id", "id"),
            "Items of the model's lists; `properties` is a JSON object, name to value. One row per connection, list and item.",
            deletable=True,
        ),
    ),
    lambda item: f"{item.in_list_id}|{item.id}",
)
CELLS = Endpoint(
    "cells",
    Cell,
    (
        Table(
            "cells",
            Cell,
            ("cell_id",),
            "Cells of exports or saved views that are not empty, roll-ups among them; a dimension that a view does not have is empty. "
            "One row per connection and cell.",
            once=True,
            deletable=True,
        ),
    ),
    lambda cell: cell.cell_id,
)

ENDPOINTS = (MODELS, VERSIONS, LIST_ITEMS, CELLS)
TABLES: tuple[Table, ...] = tuple(table for endpoint in ENDPOINTS for table in endpoint.tables)
__all__ = ["CELLS", "DIMENSIONS", "ENDPOINTS", "LIST_ITEMS", "MODELS", "TABLES", "VERSIONS"]

"""What Vena sends of a planning model, as far as the hub uses it: models, members of its dimensions, and cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import pyarrow as pa

from dlt_sources.records import Day, Kind, Money, Record, Table, convert
from dlt_sources.records.convert import Converted
from dlt_sources.records.intake import Endpoint

BETWEEN = "\x1f"
"""Stands between the parts of a member's identity: no name has it."""


def _number_text(values: Sequence[Any]) -> Converted:
    return convert.text([None if value is None else str(value) for value in values])


NumberText = Annotated[str | int, Kind("VARCHAR", pa.string(), _number_text)]
"""A number that travels as text or not."""


class Model(Record):
    """A model that the token may see."""

    id: NumberText
    name: str | None = None


class Member(Record):
    """A member of a dimension below one of its parents. ``coordinate`` is the column of cells that holds its name, added by the source."""

    dimension: str
    name: str
    alias: str | None = None
    parent: str = ""
    operator: str | None = None
    coordinate: str | None = None


class Cell(Record):
    """The value of an intersection. ``value`` is as it was sent, ``amount`` its number where the account is not one of a plan's status.

    A coordinate is empty where the member stands for none.
    """

    cell_id: str
    account: str | None = None
    entity: str | None = None
    scenario: str | None = None
    year: str | None = None
    period: str | None = None
    department: str | None = None
    product: str | None = None
    channel: str | None = None
    seller: str | None = None
    currency: str | None = None
    measure: str | None = None
    detail: str | None = None
    fiscal_year: int | None = None
    period_month: Day | None = None
    value: str | None = None
    amount: Money | None = None


DIMENSIONS: Mapping[str, str] = {
    "Account": "account",
    "Entity": "entity",
    "Scenario": "scenario",
    "Year": "year",
    "Period": "period",
    "Department": "department",
    "Product": "product",
    "Channel": "channel",
    "Seller": "seller",
    "Currency": "currency",
    "Measure": "measure",
    "Detail": "detail",
}
"""Name of a dimension, as the hub knows it -> column of a cell."""

MODELS = Endpoint(
    "models",
    Model,
    (Table("models", Model, ("id",), "Models that the token may see. One row per connection and model.", deletable=True),),
    lambda model: str(model.id),
)
MEMBERS = Endpoint(
    "members",
    Member,
    (
        Table(
            "members",
            Member,
            ("dimension", "name", "parent"),
            "Members of the model's dimensions; the parent of those at the top is empty, and a member may have several parents. "
            "One row per connection, dimension, member and parent.",
            deletable=True,
        ),
    ),
    lambda member: BETWEEN.join((member.dimension, member.name, member.parent)),
)
CELLS = Endpoint(
    "cells",
    Cell,
    (
        Table(
            "cells",
            Cell,
            ("cell_id",),
            "Values of intersections, all at the bottom of every dimension; a coordinate is empty where the member stands for none. "
            "One row per connection and cell.",
            once=True,
            deletable=True,
        ),
    ),
    lambda cell: cell.cell_id,
)

ENDPOINTS = (MODELS, MEMBERS, CELLS)
TABLES: tuple[Table, ...] = tuple(table for endpoint in ENDPOINTS for table in endpoint.tables)
__all__ = ["BETWEEN", "CELLS", "DIMENSIONS", "ENDPOINTS", "MEMBERS", "MODELS", "TABLES"]

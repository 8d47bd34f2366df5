"""Tables of touches, and credits by channel, for the tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import pyarrow as pa

from finance_hub.attribution import attribute

MONEY = pa.decimal128(38, 12)


def touches(
    *paths: tuple[Sequence[str], int | Decimal, int | Decimal, int | Decimal], **more: Iterable[Sequence[object]]
) -> pa.Table:
    """One path for each (channels, conversions, value, nulls); ``more``: further columns, a sequence of values for each path."""
    rows = [
        (number, position, channel, *totals)
        for number, (steps, *totals) in enumerate(paths)
        for position, channel in enumerate(steps)
    ]
    names = ("path_id", "position", "channel", "conversions", "value", "nulls")
    types = (pa.int64(), pa.int32(), pa.string(), MONEY, MONEY, MONEY)
    columns = [pa.array(column, kind) for column, kind in zip(zip(*rows, strict=True), types, strict=True)]
    further = {name: pa.array([each for path in values for each in path]) for name, values in more.items()}
    return pa.table(dict(zip(names, columns, strict=True)) | further)


def conversions(table: pa.Table, model: str) -> Mapping[str, Decimal]:
    return {each.channel: each.conversions for each in attribute(table, [model])}


def value(table: pa.Table, model: str) -> Mapping[str, Decimal]:
    return {each.channel: each.value for each in attribute(table, [model])}

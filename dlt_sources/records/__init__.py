"""Declared records: from the bytes of a page to exact, checked Arrow tables."""

from __future__ import annotations

from dlt_sources.records.archive import Archive, PageEntry
from dlt_sources.records.declare import (
    COUNT,
    DAY,
    FLAG,
    INSTANT,
    MONEY,
    TEXT,
    Column,
    CountText,
    Day,
    FlagText,
    Instant,
    InstantMs,
    Kind,
    Money,
    MoneyText,
    Record,
    Table,
    names,
)
from dlt_sources.records.decode import Batch, Decoded, Refused, decode_rows, refuse, to_arrow

__all__ = [
    "COUNT",
    "DAY",
    "FLAG",
    "INSTANT",
    "MONEY",
    "TEXT",
    "Archive",
    "Batch",
    "Column",
    "CountText",
    "Day",
    "Decoded",
    "FlagText",
    "Instant",
    "InstantMs",
    "Kind",
    "Money",
    "MoneyText",
    "PageEntry",
    "Record",
    "Refused",
    "Table",
    "decode_rows",
    "names",
    "refuse",
    "to_arrow",
]

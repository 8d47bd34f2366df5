"""Declared records: from the bytes of a page to exact, checked Arrow tables."""

from __future__ import annotations

from dlt_sources.records.archive import Archive, PageEntry
from dlt_sources.records.declare import (
    COUNT,
    FLAG,
    INSTANT,
    TEXT,
    Column,
    CountText,
    Day,
    Digits,
    FlagText,
    Instant,
    InstantMs,
    Kind,
    Money,
    MoneyText,
    Record,
    Table,
    YesNo,
    names,
)
from dlt_sources.records.decode import Batch, Decoded, Refused, decode_rows, refuse, to_arrow

__all__ = [
    "COUNT",
    "FLAG",
    "INSTANT",
    "TEXT",
    "Archive",
    "Batch",
    "Column",
    "CountText",
    "Day",
    "Decoded",
    "Digits",
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
    "YesNo",
    "decode_rows",
    "names",
    "refuse",
    "to_arrow",
]

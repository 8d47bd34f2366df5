"""Declared records: from the bytes of a page to exact, checked Arrow tables."""

from __future__ import annotations

from dlt_sources.records.archive import Archive, PageEntry
from dlt_sources.records.declare import (
    COUNT,
    FLAG,
    INSTANT,
    TEXT,
    ClockTime,
    Column,
    CountText,
    Day,
    Filled,
    FlagLetter,
    FlagText,
    Instant,
    InstantMs,
    Kind,
    Money,
    MoneyText,
    RateText,
    Record,
    Table,
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
    "ClockTime",
    "Column",
    "CountText",
    "Day",
    "Decoded",
    "Filled",
    "FlagLetter",
    "FlagText",
    "Instant",
    "InstantMs",
    "Kind",
    "Money",
    "MoneyText",
    "PageEntry",
    "RateText",
    "Record",
    "Refused",
    "Table",
    "decode_rows",
    "names",
    "refuse",
    "to_arrow",
]

"""What the declared records of HubSpot's APIs are made of."""

from __future__ import annotations

from dlt_sources.records import Record


class Wire(Record, rename="camel"):
    """Base of what carries the vendor's camelCase names."""


class Nothing(Record):
    """A row whose columns all come from around it."""

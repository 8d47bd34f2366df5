"""Custom fields: which forty digits stand for a name, and what the value of one says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from dlt_sources.http import ApiClient
from dlt_sources.pipedrive import pages
from dlt_sources.pipedrive.records import Field


class _Custom(msgspec.Struct):
    custom_fields: dict[str, Any] | None = None


@dataclass(frozen=True)
class Wanted:
    """Custom fields that the source puts into a record under names of its own."""

    fields: Mapping[str, Field]

    @property
    def codes(self) -> dict[str, str]:
        """Which field stands behind each name."""
        return {name: field.field_code for name, field in self.fields.items()}

    def put_into(self, row: msgspec.Raw) -> msgspec.Raw:
        """The record with the values of these fields, choices by their labels."""
        if not self.fields:
            return row
        try:
            own = msgspec.json.decode(row, type=_Custom).custom_fields or {}
        except msgspec.DecodeError:
            return row  # it will be set aside, with its reason
        found = {name: _told(own.get(field.field_code), field) for name, field in self.fields.items()}
        document = msgspec.json.decode(row, type=dict[str, msgspec.Raw])
        return msgspec.Raw(msgspec.json.encode({**document, **found}))


def wanted(api: ApiClient, kind: str, named: Mapping[str, str]) -> Wanted:
    """The fields of deals or persons by the names (or codes) in the settings; those that the account does not have are left out."""
    sought = {name: wish for name, wish in named.items() if wish}
    if not sought:
        return Wanted({})
    defined = [msgspec.json.decode(row, type=Field) for _, rows in pages.listing(api, f"{kind}Fields") for row in rows]
    found = {}
    for name, wish in sought.items():
        matching = [field for field in defined if wish == field.field_code or _plain(wish) == _plain(field.field_name or "")]
        if matching:
            found[name] = max(matching, key=lambda field: bool(field.is_custom_field))
    return Wanted(found)


def _plain(name: str) -> str:
    """A name as people mean it: "MQL date" is ``mql_date``."""
    return re.sub(r"[\s_-]+", " ", name.strip().lower())


def _told(value: Any, field: Field) -> str | None:
    """One value as text."""
    if isinstance(value, dict):  # a value with its currency, time zone, or address parts
        value = value.get("value")
    labels = {str(option.id): option.label for option in field.options or []}
    if isinstance(value, list):
        return ", ".join(labels.get(str(one)) or str(one) for one in value) or None
    if value in {None, ""}:
        return None
    return labels.get(str(value)) or str(value)

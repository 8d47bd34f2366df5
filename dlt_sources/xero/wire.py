"""What the records of Xero's Accounting API share: names on the wire, and the small records inside documents."""

from __future__ import annotations

from dlt_sources.records import Money, Record

_CAPITALS = {"id": "ID", "utc": "UTC", "cogs": "COGS"}


def wire_name(name: str) -> str:
    """``updated_date_utc`` to ``UpdatedDateUTC``."""
    return "".join(_CAPITALS.get(part, part[:1].upper() + part[1:]) for part in name.split("_"))


class XeroRecord(Record, rename=wire_name):
    """Base: Xero omits empty fields, so everything but the identity may be absent."""


class Tracking(XeroRecord):
    """A tracking option on a line."""

    tracking_category_id: str | None = None
    tracking_option_id: str | None = None
    name: str | None = None
    option: str | None = None


class ContactOf(XeroRecord):
    """The contact inside a document."""

    contact_id: str | None = None
    name: str | None = None


class AccountOf(XeroRecord):
    """The account inside a payment or bank transaction."""

    account_id: str | None = None
    code: str | None = None


class LineOf(XeroRecord, kw_only=True):
    """A line of a document, in the document's currency."""

    description: str | None = None
    quantity: Money | None = None
    unit_amount: Money | None = None
    line_amount: Money | None = None
    account_id: str | None = None
    account_code: str | None = None
    tax_type: str | None = None
    tax_amount: Money | None = None
    item_code: str | None = None
    tracking: list[Tracking] = []


class LineItem(LineOf, kw_only=True):
    """A line that has an identity of its own."""

    line_item_id: str

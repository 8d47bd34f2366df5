"""The object types of the CRM and their properties: the vendor's names, and the type that decides how values compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sandbox.vendors.hubspot.replies import Refusal

STAGES: Mapping[str, tuple[str, str]] = {
    "qualification": ("Qualification", "0.2"),
    "discovery": ("Discovery", "0.4"),
    "proposal": ("Proposal", "0.6"),
    "negotiation": ("Negotiation", "0.8"),
    "closedwon": ("Closed Won", "1.0"),
    "closedlost": ("Closed Lost", "0.0"),
}
"""Stage id -> (label, probability) of the deal pipeline, in order."""

_LIFECYCLE = ("lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer")
_SOURCES = (
    "ORGANIC_SEARCH",
    "PAID_SEARCH",
    "EMAIL_MARKETING",
    "SOCIAL_MEDIA",
    "REFERRALS",
    "OTHER_CAMPAIGNS",
    "DIRECT_TRAFFIC",
    "OFFLINE",
    "PAID_SOCIAL",
)
_API_TYPES: Mapping[str, tuple[str, str]] = {
    "string": ("string", "text"),
    "enumeration": ("enumeration", "select"),
    "decimal": ("number", "number"),
    "integer": ("number", "number"),
    "datetime": ("datetime", "date"),
    "bool": ("bool", "booleancheckbox"),
}


@dataclass(frozen=True)
class Property:
    """One property. ``kind`` names the type of its column in the store; on the wire every value is a string or null."""

    name: str
    kind: str = "string"
    options: tuple[str, ...] = ()

    @property
    def api_type(self) -> str:
        """The vendor's type: bool, date, datetime, enumeration, number or string."""
        return _API_TYPES[self.kind][0]

    @property
    def field_type(self) -> str:
        """The vendor's form field of that type."""
        return _API_TYPES[self.kind][1]

    @property
    def is_text(self) -> bool:
        """Whether filters compare it as text, whatever its case."""
        return self.kind in {"string", "enumeration"}

    @property
    def rendered(self) -> str:
        """SQL that turns the column into the text of the wire."""
        column = f'"{self.name}"'
        if self.kind == "decimal":
            return f"rtrim(rtrim({column}::varchar, '0'), '.')"
        if self.kind == "datetime":
            return instant(column)
        return column if self.is_text else f"{column}::varchar"


def instant(column: str) -> str:
    """SQL that turns a timestamp into the vendor's text: ISO with milliseconds, UTC."""
    return f"strftime({column}, '%Y-%m-%dT%H:%M:%S.%gZ')"


@dataclass(frozen=True)
class ObjectType:
    """One object type. ``name`` is the plural of its paths and its table in the store."""

    name: str
    singular: str
    type_id: str
    created: str
    modified: str
    defaults: tuple[str, ...]
    declared: tuple[Property, ...]
    searchable: tuple[str, ...] = ()

    @cached_property
    def properties(self) -> Mapping[str, Property]:
        """All properties by name, with the three that every object has."""
        common = (Property("hs_object_id", "integer"), Property(self.created, "datetime"), Property(self.modified, "datetime"))
        return {one.name: one for one in (*common, *self.declared)}

    def chosen(self, wanted: Sequence[str]) -> list[Property]:
        """What an answer carries: the defaults, or what was asked for and the three of every object."""
        return self.known([*wanted, "hs_object_id", self.created, self.modified] if wanted else self.defaults)

    def known(self, names: Sequence[str]) -> list[Property]:
        """The properties of these names that exist, once each."""
        return [self.properties[name] for name in dict.fromkeys(names) if name in self.properties]


def _all(kind: str, *names: str) -> tuple[Property, ...]:
    return tuple(Property(name, kind) for name in names)


_CONTACTS = ObjectType(
    "contacts",
    "contact",
    "0-1",
    "createdate",
    "lastmodifieddate",
    ("createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"),
    (
        *_all("string", "email", "firstname", "lastname", "phone", "jobtitle", "company", "hubspot_owner_id"),
        *_all("string", "hs_merged_object_ids", "hs_additional_emails"),
        Property("lifecyclestage", "enumeration", _LIFECYCLE),
        Property("hs_lead_status", "enumeration", ("OPEN", "UNQUALIFIED")),
        Property("hs_analytics_source", "enumeration", _SOURCES),
        Property("hs_analytics_latest_source", "enumeration", _SOURCES),
        *_all("string", "hs_analytics_source_data_1", "hs_analytics_source_data_2"),
        *_all("string", "hs_analytics_latest_source_data_1", "hs_analytics_latest_source_data_2"),
        *_all("string", "hs_analytics_first_touch_converting_campaign", "hs_analytics_last_touch_converting_campaign"),
        *_all("datetime", "hs_analytics_first_timestamp", "hs_analytics_latest_source_timestamp"),
        *_all("datetime", *(f"hs_lifecyclestage_{stage}_date" for stage in _LIFECYCLE)),
    ),
    ("email", "firstname", "lastname", "phone", "company"),
)
_COMPANIES = ObjectType(
    "companies",
    "company",
    "0-2",
    "createdate",
    "hs_lastmodifieddate",
    ("createdate", "domain", "hs_lastmodifieddate", "hs_object_id", "name"),
    (
        *_all("string", "name", "domain", "phone", "address", "city", "zip", "country", "industry", "hubspot_owner_id"),
        *_all("string", "hs_merged_object_ids"),
        Property("numberofemployees", "integer"),
    ),
    ("name", "domain", "phone"),
)
_DEALS = ObjectType(
    "deals",
    "deal",
    "0-3",
    "createdate",
    "hs_lastmodifieddate",
    ("amount", "closedate", "createdate", "dealname", "dealstage", "hs_lastmodifieddate", "hs_object_id", "pipeline"),
    (
        *_all("string", "dealname", "deal_currency_code", "hubspot_owner_id"),
        *_all("decimal", "amount", "amount_in_home_currency"),
        Property("closedate", "datetime"),
        Property("dealstage", "enumeration", tuple(STAGES)),
        Property("pipeline", "enumeration", ("default",)),
        Property("dealtype", "enumeration", ("newbusiness", "existingbusiness")),
        Property("hs_analytics_source", "enumeration", _SOURCES),
        *_all("bool", "hs_is_closed", "hs_is_closed_won"),
        *_all("datetime", *(f"hs_v2_date_entered_{stage}" for stage in STAGES)),
        *_all("datetime", *(f"hs_v2_date_exited_{stage}" for stage in STAGES)),
    ),
    ("dealname",),
)
_LINE_ITEMS = ObjectType(
    "line_items",
    "line_item",
    "0-8",
    "createdate",
    "hs_lastmodifieddate",
    ("createdate", "hs_lastmodifieddate", "hs_object_id"),
    (
        *_all("string", "name", "hs_product_id", "hs_sku", "hs_recurring_billing_period", "hs_line_item_currency_code"),
        *_all("decimal", "quantity", "price", "amount", "discount", "hs_discount_percentage"),
    ),
    ("name",),
)
_PRODUCTS = ObjectType(
    "products",
    "product",
    "0-7",
    "createdate",
    "hs_lastmodifieddate",
    ("createdate", "description", "hs_lastmodifieddate", "hs_object_id", "name", "price"),
    (*_all("string", "name", "description", "hs_sku", "recurringbillingfrequency"), Property("price", "decimal")),
    ("name", "hs_sku"),
)
_MEETINGS = ObjectType(
    "meetings",
    "meeting",
    "0-47",
    "hs_createdate",
    "hs_lastmodifieddate",
    ("hs_createdate", "hs_lastmodifieddate", "hs_object_id"),
    (
        *_all("string", "hs_meeting_title", "hubspot_owner_id"),
        *_all("datetime", "hs_timestamp", "hs_meeting_start_time", "hs_meeting_end_time"),
        Property("hs_meeting_outcome", "enumeration", ("SCHEDULED", "COMPLETED", "RESCHEDULED", "NO_SHOW", "CANCELED")),
    ),
    ("hs_meeting_title",),
)
_CALLS = ObjectType(
    "calls",
    "call",
    "0-48",
    "hs_createdate",
    "hs_lastmodifieddate",
    ("hs_createdate", "hs_lastmodifieddate", "hs_object_id"),
    (
        *_all("string", "hs_call_title", "hs_call_disposition", "hubspot_owner_id"),
        Property("hs_timestamp", "datetime"),
        Property("hs_call_direction", "enumeration", ("INBOUND", "OUTBOUND")),
    ),
    ("hs_call_title",),
)

OBJECT_TYPES = (_CONTACTS, _COMPANIES, _DEALS, _LINE_ITEMS, _PRODUCTS, _MEETINGS, _CALLS)
_BY_NAME: Mapping[str, ObjectType] = {name: one for one in OBJECT_TYPES for name in (one.name, one.singular, one.type_id)}


def required_type(name: str) -> ObjectType:
    """The type that a path means by its plural, singular or type id (``deals``, ``deal``, ``0-3``); raises Refusal."""
    known = _BY_NAME.get(name.lower())
    if known is None:
        raise Refusal(400, f"Unable to infer object type from: {name}")
    return known

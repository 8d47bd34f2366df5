"""What a Salesforce org tells of its objects, as far as the hub uses it, and how each object is read.

A field's name here is the vendor's in snake_case; names of custom fields come from the settings. Fields that the org lacks, or that
the user may not see, are not asked for and stay empty. Roll-ups and formulas are left out: they change without a trace on their
record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

import msgspec
import pyarrow as pa

from dlt_sources.records import INSTANT, TEXT, Day, Instant, Kind, Money, Record, Table, names
from dlt_sources.records.convert import Converted
from dlt_sources.records.intake import Endpoint


def _any_text(values: Sequence[msgspec.Raw | None]) -> Converted:
    """Values of any JSON type as texts: numbers and flags as they were written."""
    texts = [bytes(value) if value is not None else b"null" for value in values]
    return Converted(
        pa.array(
            [
                None if text == b"null" else msgspec.json.decode(text, type=str) if text[:1] == b'"' else text.decode()
                for text in texts
            ],
            pa.string(),
        )
    )


AnyText = Annotated[msgspec.Raw, Kind("VARCHAR", pa.string(), _any_text)]
_NULL = msgspec.Raw(b"null")


class SObject(Record, rename="pascal"):
    """Base: every record names its type and its address besides its fields."""

    LEFT_OUT: ClassVar[frozenset[str]] = names("attributes")

    id: str


class Deletable(SObject):
    """What the recycle bin keeps for a while."""

    is_deleted: bool = False


class Owned(Deletable):
    """What has an owner, a currency and an entity of the firm that it belongs to."""

    owner_id: str | None = None
    currency_iso_code: str | None = None
    selling_entity: str | None = None
    created_date: Instant | None = None
    last_modified_date: Instant | None = None
    system_modstamp: Instant | None = None


class Account(Owned):
    """A firm."""

    master_record_id: str | None = None
    name: str | None = None
    type: str | None = None
    parent_id: str | None = None
    billing_street: str | None = None
    billing_city: str | None = None
    billing_postal_code: str | None = None
    billing_country: str | None = None
    phone: str | None = None
    website: str | None = None
    industry: str | None = None
    annual_revenue: Money | None = None
    number_of_employees: int | None = None


class Contact(Owned):
    """A person of an account."""

    master_record_id: str | None = None
    account_id: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None
    title: str | None = None
    lead_source: str | None = None


class Lead(Owned):
    """A person of whom no account is known yet; converted, it has become a contact."""

    master_record_id: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None
    title: str | None = None
    company: str | None = None
    country: str | None = None
    status: str | None = None
    lead_source: str | None = None
    is_converted: bool | None = None
    converted_date: Day | None = None
    converted_account_id: str | None = None
    converted_contact_id: str | None = None
    converted_opportunity_id: str | None = None
    mql_date: Instant | None = None
    sql_date: Instant | None = None


class Opportunity(Owned):
    """A deal, open or closed."""

    account_id: str | None = None
    contact_id: str | None = None
    name: str | None = None
    stage_name: str | None = None
    amount: Money | None = None
    probability: Money | None = None
    expected_revenue: Money | None = None
    close_date: Day | None = None
    type: str | None = None
    lead_source: str | None = None
    campaign_id: str | None = None
    is_closed: bool | None = None
    is_won: bool | None = None
    forecast_category_name: str | None = None
    fiscal_quarter: int | None = None
    fiscal_year: int | None = None
    pricebook2_id: str | None = None


class OpportunityHistory(Deletable):
    """A state of a deal: stage, amount, close date as they were from a moment on."""

    opportunity_id: str | None = None
    created_by_id: str | None = None
    created_date: Instant | None = None
    stage_name: str | None = None
    amount: Money | None = None
    expected_revenue: Money | None = None
    close_date: Day | None = None
    probability: Money | None = None
    forecast_category: str | None = None
    prev_amount: Money | None = None
    prev_close_date: Day | None = None
    currency_iso_code: str | None = None
    system_modstamp: Instant | None = None


class FieldChange(Deletable):
    """A change of a field that the org tracks; the pseudo fields ``created`` and such tell how a record came about."""

    created_by_id: str | None = None
    created_date: Instant | None = None
    field: str | None = None
    data_type: str | None = None
    old_value: AnyText = _NULL
    new_value: AnyText = _NULL


class OpportunityFieldHistory(FieldChange):
    """A change of a field of a deal."""

    opportunity_id: str | None = None


class LeadHistory(FieldChange):
    """A change of a field of a lead."""

    lead_id: str | None = None


class OpportunityContactRole(Deletable):
    """A person's part in a deal."""

    opportunity_id: str | None = None
    contact_id: str | None = None
    role: str | None = None
    is_primary: bool | None = None
    created_date: Instant | None = None
    system_modstamp: Instant | None = None


class OpportunityLineItem(Deletable):
    """A product on a deal."""

    opportunity_id: str | None = None
    pricebook_entry_id: str | None = None
    product2_id: str | None = None
    product_code: str | None = None
    name: str | None = None
    quantity: Money | None = None
    unit_price: Money | None = None
    list_price: Money | None = None
    discount: Money | None = None
    total_price: Money | None = None
    service_date: Day | None = None
    term_months: Money | None = None
    currency_iso_code: str | None = None
    created_date: Instant | None = None
    system_modstamp: Instant | None = None


class OpportunityStage(SObject):
    """A stage that deals may be in."""

    master_label: str | None = None
    api_name: str | None = None
    is_active: bool | None = None
    sort_order: int | None = None
    is_closed: bool | None = None
    is_won: bool | None = None
    forecast_category_name: str | None = None
    default_probability: Money | None = None
    system_modstamp: Instant | None = None


class Campaign(Owned):
    """A campaign; its cost is a total that somebody, or a program, keeps."""

    name: str | None = None
    parent_id: str | None = None
    type: str | None = None
    status: str | None = None
    start_date: Day | None = None
    end_date: Day | None = None
    budgeted_cost: Money | None = None
    actual_cost: Money | None = None
    expected_revenue: Money | None = None
    number_sent: Money | None = None
    is_active: bool | None = None
    utm_campaign: str | None = None


class CampaignMember(Deletable):
    """A person in a campaign, and whether the person answered."""

    campaign_id: str | None = None
    lead_id: str | None = None
    contact_id: str | None = None
    status: str | None = None
    has_responded: bool | None = None
    first_responded_date: Day | None = None
    created_date: Instant | None = None
    last_modified_date: Instant | None = None
    system_modstamp: Instant | None = None


class Activity(Deletable):
    """What tasks and events have in common; ``who`` is a lead or a contact, ``what`` a deal or any other record."""

    who_id: str | None = None
    what_id: str | None = None
    account_id: str | None = None
    owner_id: str | None = None
    subject: str | None = None
    activity_date: Day | None = None
    type: str | None = None
    created_date: Instant | None = None
    last_modified_date: Instant | None = None
    system_modstamp: Instant | None = None


class Task(Activity):
    """A call, an e-mail or something to do."""

    status: str | None = None
    is_closed: bool | None = None
    task_subtype: str | None = None
    call_type: str | None = None
    call_duration_in_seconds: int | None = None
    completed_date_time: Instant | None = None


class Event(Activity):
    """A meeting."""

    start_date_time: Instant | None = None
    end_date_time: Instant | None = None
    duration_in_minutes: int | None = None
    event_subtype: str | None = None


class User(SObject):
    """A user, who may own records."""

    username: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    name: str | None = None
    email: str | None = None
    title: str | None = None
    department: str | None = None
    is_active: bool | None = None
    user_role_id: str | None = None
    manager_id: str | None = None
    selling_entity: str | None = None
    created_date: Instant | None = None
    last_modified_date: Instant | None = None
    system_modstamp: Instant | None = None


class UserRole(SObject):
    """A place in the hierarchy of users."""

    name: str | None = None
    parent_role_id: str | None = None
    system_modstamp: Instant | None = None


class Product2(Deletable):
    """A product."""

    name: str | None = None
    product_code: str | None = None
    stock_keeping_unit: str | None = None
    description: str | None = None
    family: str | None = None
    is_active: bool | None = None
    currency_iso_code: str | None = None
    created_date: Instant | None = None
    system_modstamp: Instant | None = None


class CurrencyType(SObject):
    """A currency of a multi-currency org; the rate is in its units for one of the corporate currency."""

    iso_code: str | None = None
    conversion_rate: Money | None = None
    decimal_places: int | None = None
    is_active: bool | None = None
    is_corporate: bool | None = None
    system_modstamp: Instant | None = None


class DatedConversionRate(SObject):
    """A rate that holds from a day up to another."""

    iso_code: str | None = None
    start_date: Day | None = None
    next_start_date: Day | None = None
    conversion_rate: Money | None = None
    system_modstamp: Instant | None = None


class Nothing(Record):
    """A row whose columns all come from around it."""


@dataclass(frozen=True)
class Listing:
    """How one object is read: its cursor, whether what is gone is looked for, and the settings that name its custom fields."""

    endpoint: Endpoint
    sobject: str
    cursor: str = "system_modstamp"
    compared: bool = True
    """Whether its ids are compared with the org's from time to time; history outlives what the org keeps of it."""
    custom: tuple[tuple[str, str], ...] = field(default=())
    """Field of the record -> the setting that names the org's field."""

    @property
    def is_deletable(self) -> bool:
        """Whether records of it are deleted."""
        return issubclass(self.endpoint.document, Deletable)


def _listing(
    name: str, record: type[SObject], description: str, *, cursor: str = "system_modstamp", compared: bool = True, **custom: str
) -> Listing:
    table = Table(name, record, ("id",), description, deletable=issubclass(record, Deletable))
    return Listing(
        Endpoint(name, record, (table,), lambda d: d.id, lambda d: getattr(d, cursor) or ""),
        record.__name__,
        cursor,
        compared,
        tuple(custom.items()),
    )


_ENTITY = "entity_field"
OPPORTUNITIES = _listing("opportunities", Opportunity, "Deals.", selling_entity=_ENTITY)
LISTINGS = (
    _listing("accounts", Account, "Firms.", selling_entity=_ENTITY),
    _listing("contacts", Contact, "People of accounts.", selling_entity=_ENTITY),
    _listing("leads", Lead, "Leads, converted ones too.", selling_entity=_ENTITY, mql_date="mql_field", sql_date="sql_field"),
    _listing("lead_history", LeadHistory, "Changes of tracked fields of leads.", cursor="created_date", compared=False),
    OPPORTUNITIES,
    _listing("opportunity_history", OpportunityHistory, "States of deals over time."),
    _listing(
        "opportunity_field_history",
        OpportunityFieldHistory,
        "Changes of tracked fields of deals.",
        cursor="created_date",
        compared=False,
    ),
    _listing("opportunity_contact_roles", OpportunityContactRole, "People on deals."),
    _listing("opportunity_line_items", OpportunityLineItem, "Products on deals.", term_months="term_field"),
    _listing("opportunity_stages", OpportunityStage, "Stages of deals."),
    _listing("campaigns", Campaign, "Campaigns.", selling_entity=_ENTITY, utm_campaign="utm_field"),
    _listing("campaign_members", CampaignMember, "People in campaigns."),
    _listing("tasks", Task, "Calls, e-mails and things to do, archived ones too."),
    _listing("events", Event, "Meetings, archived ones too."),
    _listing("users", User, "Users, who own records.", selling_entity=_ENTITY),
    _listing("user_roles", UserRole, "Roles of users."),
    _listing("products", Product2, "Products."),
    _listing("currency_types", CurrencyType, "Currencies of the org."),
    _listing("dated_conversion_rates", DatedConversionRate, "Rates of the org by day."),
)


def merges(listing: Listing) -> Endpoint:
    """The records of an object that were merged into another one, as the recycle bin tells them."""
    table = Table(
        "merges",
        Nothing,
        ("object_type", "loser_id"),
        "Records that were merged into another; the loser is gone from its own table.",
        within={"object_type": TEXT, "loser_id": TEXT, "winner_id": TEXT, "merged_at": INSTANT},
        rows=lambda d: [(Nothing(), listing.endpoint.name, d.id, d.master_record_id, getattr(d, listing.cursor))],
    )
    return Endpoint(f"merges_{listing.endpoint.name}", listing.endpoint.document, (table,), lambda d: d.id)


ENDPOINTS = tuple(listing.endpoint for listing in LISTINGS)
TABLES: tuple[Table, ...] = (*(endpoint.tables[0] for endpoint in ENDPOINTS), merges(OPPORTUNITIES).tables[0])


def wire_name(record: type[Record], name: str) -> str:
    """The vendor's name of a field."""
    return _WIRE_NAMES[record][name]


_WIRE_NAMES: dict[Any, dict[str, str]] = {
    listing.endpoint.document: {info.name: info.encode_name for info in msgspec.structs.fields(listing.endpoint.document)}
    for listing in LISTINGS
}

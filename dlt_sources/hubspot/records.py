"""What HubSpot's CRM v3 and associations v4 APIs send, as far as the hub uses it; of marketing see ``marketing_records``.

Every property of a CRM object travels as a string or null, numbers and booleans too. An object's table holds its id and moments and
the properties named here; the properties' names are what is asked of the vendor.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, get_args

import msgspec

from dlt_sources.hubspot.marketing_records import ENDPOINTS as MARKETING_ENDPOINTS
from dlt_sources.hubspot.marketing_records import READ_ALONG
from dlt_sources.hubspot.wire import Nothing, Wire
from dlt_sources.records import (
    COUNT,
    FLAG,
    INSTANT,
    TEXT,
    CountText,
    FlagText,
    Instant,
    MoneyText,
    Record,
    Table,
    names,
)
from dlt_sources.records.intake import Endpoint


class CrmObject(Wire):
    """The envelope of every CRM object."""

    LEFT_OUT: ClassVar[frozenset[str]] = names("properties associations propertiesWithHistory objectWriteTraceId url")

    id: str
    created_at: Instant | None = None
    updated_at: Instant | None = None
    archived: bool = False
    archived_at: Instant | None = None


class ContactProperties(Record):
    """A person."""

    email: str | None = None
    firstname: str | None = None
    lastname: str | None = None
    phone: str | None = None
    jobtitle: str | None = None
    company: str | None = None
    lifecyclestage: str | None = None
    hubspot_owner_id: str | None = None
    createdate: Instant | None = None
    lastmodifieddate: Instant | None = None
    hs_analytics_source: str | None = None
    hs_analytics_source_data_1: str | None = None
    hs_analytics_source_data_2: str | None = None
    hs_analytics_first_timestamp: Instant | None = None
    hs_analytics_latest_source: str | None = None
    hs_analytics_latest_source_data_1: str | None = None
    hs_analytics_latest_source_data_2: str | None = None
    hs_analytics_latest_source_timestamp: Instant | None = None
    hs_lifecyclestage_lead_date: Instant | None = None
    hs_lifecyclestage_marketingqualifiedlead_date: Instant | None = None
    hs_lifecyclestage_salesqualifiedlead_date: Instant | None = None
    hs_lifecyclestage_customer_date: Instant | None = None
    hs_merged_object_ids: str | None = None
    hs_additional_emails: str | None = None


class CompanyProperties(Record):
    """A firm."""

    name: str | None = None
    domain: str | None = None
    phone: str | None = None
    address: str | None = None
    city: str | None = None
    zip: str | None = None
    country: str | None = None
    industry: str | None = None
    numberofemployees: CountText | None = None
    hubspot_owner_id: str | None = None
    createdate: Instant | None = None
    hs_lastmodifieddate: Instant | None = None
    hs_merged_object_ids: str | None = None


class DealProperties(Record):
    """A deal, open or closed."""

    dealname: str | None = None
    amount: MoneyText | None = None
    amount_in_home_currency: MoneyText | None = None
    deal_currency_code: str | None = None
    closedate: Instant | None = None
    createdate: Instant | None = None
    dealstage: str | None = None
    pipeline: str | None = None
    dealtype: str | None = None
    hs_is_closed: FlagText | None = None
    hs_is_closed_won: FlagText | None = None
    hubspot_owner_id: str | None = None
    hs_analytics_source: str | None = None
    hs_lastmodifieddate: Instant | None = None


class LineItemProperties(Record):
    """A product on a deal."""

    name: str | None = None
    hs_product_id: str | None = None
    hs_sku: str | None = None
    quantity: MoneyText | None = None
    price: MoneyText | None = None
    amount: MoneyText | None = None
    hs_discount_percentage: MoneyText | None = None
    hs_recurring_billing_period: str | None = None
    hs_lastmodifieddate: Instant | None = None


class MeetingProperties(Record):
    """A meeting."""

    hs_meeting_title: str | None = None
    hs_meeting_start_time: Instant | None = None
    hs_meeting_outcome: str | None = None
    hubspot_owner_id: str | None = None
    hs_timestamp: Instant | None = None
    hs_lastmodifieddate: Instant | None = None


class CallProperties(Record):
    """A call."""

    hs_call_title: str | None = None
    hs_call_direction: str | None = None
    hs_call_disposition: str | None = None
    hubspot_owner_id: str | None = None
    hs_timestamp: Instant | None = None
    hs_lastmodifieddate: Instant | None = None


class Contact(CrmObject, kw_only=True):
    """A contact as it travels."""

    properties: ContactProperties


class Company(CrmObject, kw_only=True):
    """A company as it travels."""

    properties: CompanyProperties


class Deal(CrmObject, kw_only=True):
    """A deal as it travels."""

    properties: DealProperties


class LineItem(CrmObject, kw_only=True):
    """A line item as it travels."""

    properties: LineItemProperties


class Meeting(CrmObject, kw_only=True):
    """A meeting as it travels."""

    properties: MeetingProperties


class Call(CrmObject, kw_only=True):
    """A call as it travels."""

    properties: CallProperties


class Reference(Wire):
    """The id of an object."""

    id: str


class AssociationType(Wire):
    """One kind of tie between two objects."""

    type_id: int
    category: str | None = None
    label: str | None = None


class AssociatedObject(Wire):
    """An object at the other end; its id is a number in older answers."""

    to_object_id: str | int
    association_types: list[AssociationType] = []


class Associations(Wire):
    """All ties of one object to the objects of another type."""

    LEFT_OUT: ClassVar[frozenset[str]] = names("paging")

    from_: Reference = msgspec.field(name="from")
    to: list[AssociatedObject] = []


class Owner(Wire):
    """A user who may own objects."""

    LEFT_OUT: ClassVar[frozenset[str]] = names("teams type userIdIncludingInactive")

    id: str
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    user_id: int | None = None
    archived: bool = False
    created_at: Instant | None = None
    updated_at: Instant | None = None


class StageMetadata(Wire):
    """What a stage means; both values are strings."""

    is_closed: FlagText | None = None
    probability: MoneyText | None = None


class Stage(Wire):
    """A stage of a pipeline."""

    id: str
    label: str | None = None
    display_order: int | None = None
    archived: bool = False
    metadata: StageMetadata | None = None


class Pipeline(Wire):
    """A pipeline with its stages."""

    LEFT_OUT: ClassVar[frozenset[str]] = names("createdAt updatedAt")

    id: str
    label: str | None = None
    display_order: int | None = None
    archived: bool = False
    stages: list[Stage] = []


class FormerValue(Wire):
    """A value that a property had, and since when."""

    LEFT_OUT: ClassVar[frozenset[str]] = names("sourceLabel")

    value: str | None = None
    timestamp: Instant | None = None
    source_type: str | None = None
    source_id: str | None = None
    updated_by_user_id: int | None = None


class StageHistory(Wire):
    """The stages of a deal, newest first."""

    dealstage: list[FormerValue] = []


class DealHistory(Wire):
    """A deal with its former stages."""

    LEFT_OUT: ClassVar[frozenset[str]] = names("archived archivedAt createdAt objectWriteTraceId properties updatedAt url")

    id: str
    properties_with_history: StageHistory


_ENVELOPE = {"id": TEXT, "created_at": INSTANT, "updated_at": INSTANT, "archived": FLAG, "archived_at": INSTANT}


def _object_endpoint(
    name: str, document: type[Record], properties: type[Record], description: str, *, merges: bool = False
) -> Endpoint:
    tables = [
        Table(
            name,
            properties,
            ("id",),
            description,
            within=_ENVELOPE,
            rows=lambda d: [(d.properties, d.id, d.created_at, d.updated_at, d.archived, d.archived_at)],
        )
    ]
    if merges:
        tables.append(
            Table(
                "merges",
                Nothing,
                ("object_type", "loser_id"),
                "Objects that were merged into another; the loser's id is gone from the listings.",
                within={"object_type": TEXT, "loser_id": TEXT, "winner_id": TEXT},
                rows=lambda d: [
                    (Nothing(), name, loser, d.id) for loser in (d.properties.hs_merged_object_ids or "").split(";") if loser
                ],
            )
        )
    return Endpoint(name, document, tuple(tables), lambda d: d.id, lambda d: d.updated_at or "")


CONTACTS = _object_endpoint("contacts", Contact, ContactProperties, "People, archived ones too.", merges=True)
COMPANIES = _object_endpoint("companies", Company, CompanyProperties, "Firms, archived ones too.", merges=True)
DEALS = _object_endpoint("deals", Deal, DealProperties, "Deals, archived ones too.")
LINE_ITEMS = _object_endpoint("line_items", LineItem, LineItemProperties, "Products on deals.")
MEETINGS = _object_endpoint("meetings", Meeting, MeetingProperties, "Meetings.")
CALLS = _object_endpoint("calls", Call, CallProperties, "Calls.")
OBJECTS: Mapping[str, type[Record]] = {
    "contacts": ContactProperties,
    "companies": CompanyProperties,
    "deals": DealProperties,
    "line_items": LineItemProperties,
    "meetings": MeetingProperties,
    "calls": CallProperties,
}
"""Object types and the properties asked of them."""

TIES: Mapping[str, tuple[str, ...]] = {
    "contacts": ("companies",),
    "deals": ("contacts", "companies", "line_items"),
    "meetings": ("contacts",),
    "calls": ("contacts",),
}
"""Whose associations are read, and to what."""


def associations(from_type: str, to_type: str) -> Endpoint:
    """The ties of one pair of object types; all ties of an object are replaced together."""
    table = Table(
        "associations",
        AssociationType,
        ("from_type", "from_id", "to_type", "to_id", "type_id"),
        "Ties between objects; a labelled tie comes beside the plain one. Current as of the row of the object at `from`.",
        within={"from_type": TEXT, "from_id": TEXT, "to_type": TEXT, "to_id": TEXT},
        rows=lambda d: [
            (kind, from_type, d.from_.id, to_type, str(other.to_object_id)) for other in d.to for kind in other.association_types
        ],
        replace=("from_type", "from_id", "to_type"),
    )
    return Endpoint(f"associations_{from_type}_{to_type}", Associations, (table,), lambda d: d.from_.id)


OWNERS = Endpoint("owners", Owner, (Table("owners", Owner, ("id",), "Users who may own objects."),), lambda d: d.id)
PIPELINES = Endpoint(
    "pipelines",
    Pipeline,
    (
        Table("pipelines", Pipeline, ("id",), "Pipelines of deals."),
        Table(
            "pipeline_stages",
            Stage,
            ("pipeline_id", "id"),
            "Stages of the pipelines.",
            within={"pipeline_id": TEXT, "is_closed": get_args(FlagText)[1], "probability": get_args(MoneyText)[1]},
            rows=lambda d: [
                (
                    stage,
                    d.id,
                    stage.metadata.is_closed if stage.metadata else None,
                    stage.metadata.probability if stage.metadata else None,
                )
                for stage in d.stages
            ],
            replace=("pipeline_id",),
        ),
    ),
    lambda d: d.id,
)
DEAL_STAGE_HISTORY = Endpoint(
    "deal_stage_history",
    DealHistory,
    (
        Table(
            "deal_stage_history",
            FormerValue,
            ("deal_id", "entry"),
            "Stages that deals were in, numbered from the first one on. Current as of the row of the deal.",
            within={"deal_id": TEXT, "entry": COUNT},
            rows=lambda d: [
                (value, d.id, number) for number, value in enumerate(reversed(d.properties_with_history.dealstage), start=1)
            ],
            replace=("deal_id",),
        ),
    ),
    lambda d: d.id,
)
CRM_ENDPOINTS = (CONTACTS, COMPANIES, DEALS, LINE_ITEMS, MEETINGS, CALLS)
ENDPOINTS = (*CRM_ENDPOINTS, OWNERS, PIPELINES, *MARKETING_ENDPOINTS)
_EVERY = (*ENDPOINTS, *READ_ALONG, DEAL_STAGE_HISTORY, associations("deals", "contacts"))
TABLES = tuple({table.name: table for endpoint in _EVERY for table in endpoint.tables}.values())

"""What HubSpot's CRM v3, associations v4, marketing v3 and forms APIs send, as far as the hub uses it.

Every property of a CRM object travels as a string or null, numbers and booleans too. An object's table holds its id and moments and
the properties named here; the properties' names are what is asked of the vendor.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import ClassVar, get_args

import msgspec

from dlt_sources.records import (
    COUNT,
    FLAG,
    INSTANT,
    TEXT,
    CountText,
    FlagText,
    Instant,
    InstantMs,
    Money,
    MoneyText,
    Record,
    Table,
    names,
)
from dlt_sources.records.intake import Endpoint


class Wire(Record, rename="camel"):
    """Base of what carries the vendor's camelCase names."""


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


class Nothing(Record):
    """A row whose columns all come from around it."""


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


class CampaignProperties(Record):
    """A campaign of the marketing hub."""

    hs_name: str | None = None
    hs_utm: str | None = None
    hs_start_date: str | None = None
    hs_end_date: str | None = None
    hs_campaign_status: str | None = None
    hs_currency_code: str | None = None
    hs_owner: str | None = None


class Campaign(Wire):
    """A campaign as it travels."""

    id: str
    properties: CampaignProperties
    created_at: Instant | None = None
    updated_at: Instant | None = None


class MoneyItem(Wire):
    """A planned or spent amount of a campaign."""

    id: str
    name: str | None = None
    amount: Money | None = None
    order: int | None = None
    created_at: InstantMs | None = None
    updated_at: InstantMs | None = None


class CampaignTotals(Wire):
    """Budget and spend of one campaign; ``campaign_id`` is put there by the source, the vendor has it in the address."""

    LEFT_OUT: ClassVar[frozenset[str]] = names("remainingBudget")

    campaign_id: str
    budget_total: Money | None = None
    spend_total: Money | None = None
    currency_code: str | None = None
    budget_items: list[MoneyItem] = []
    spend_items: list[MoneyItem] = []


class EmailCounters(Wire):
    """How often an e-mail was sent, delivered, opened ..."""

    sent: int = 0
    delivered: int = 0
    open: int = 0
    click: int = 0
    bounce: int = 0
    unsubscribed: int = 0


class EmailStats(Wire):
    """Statistics of an e-mail."""

    counters: EmailCounters = msgspec.field(default_factory=EmailCounters)


class MarketingEmail(Wire):
    """A marketing e-mail."""

    LEFT_OUT: ClassVar[frozenset[str]] = names(
        "activeDomain archived businessUnitId clonedFrom content createdAt createdById deletedAt emailCampaignGroupId "
        "emailTemplateMode feedbackSurveyId folderId folderIdV2 from isAb isPublished isTransactional language "
        "primaryEmailCampaignId publishDate publishedAt publishedByEmail publishedById publishedByName publisher rssData "
        "sendOnPublish subcategory subscriptionDetails teamsWithAccess testing to type updatedById usersWithAccess "
        "webversion workflowNames allEmailCampaignIds"
    )

    id: str
    name: str | None = None
    subject: str | None = None
    state: str | None = None
    type: str | None = None
    campaign: str | None = None
    campaign_name: str | None = None
    campaign_utm: str | None = None
    publish_date: Instant | None = None
    updated_at: Instant | None = None
    stats: EmailStats = msgspec.field(default_factory=EmailStats)


class Form(Wire):
    """A form."""

    LEFT_OUT: ClassVar[frozenset[str]] = names("configuration displayOptions fieldGroups legalConsentOptions")

    id: str
    name: str | None = None
    form_type: str | None = None
    created_at: Instant | None = None
    updated_at: Instant | None = None
    archived: bool = False


class SubmittedValue(Wire):
    """A field of a submission."""

    name: str
    value: str | None = None


class Submission(Wire):
    """A submission of a form; ``form_id`` is put there by the source, the vendor has it in the address."""

    form_id: str
    submitted_at: InstantMs
    conversion_id: str | None = None
    page_url: str | None = None
    page_title: str | None = None
    values: list[SubmittedValue] = []


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
CAMPAIGNS = Endpoint(
    "campaigns",
    Campaign,
    (
        Table(
            "campaigns",
            CampaignProperties,
            ("id",),
            "Campaigns.",
            within={"id": TEXT, "created_at": INSTANT, "updated_at": INSTANT},
            rows=lambda d: [(d.properties, d.id, d.created_at, d.updated_at)],
        ),
    ),
    lambda d: d.id,
)
_ITEM = {"campaign_id": TEXT}
CAMPAIGN_TOTALS = Endpoint(
    "campaign_totals",
    CampaignTotals,
    (
        Table("campaign_totals", CampaignTotals, ("campaign_id",), "Budget and spend of a campaign, as the vendor adds them up."),
        Table(
            "campaign_budget_items",
            MoneyItem,
            ("campaign_id", "id"),
            "Planned amounts of campaigns.",
            within=_ITEM,
            rows=lambda d: [(item, d.campaign_id) for item in d.budget_items],
            replace=("campaign_id",),
        ),
        Table(
            "campaign_spend_items",
            MoneyItem,
            ("campaign_id", "id"),
            "Spent amounts of campaigns.",
            within=_ITEM,
            rows=lambda d: [(item, d.campaign_id) for item in d.spend_items],
            replace=("campaign_id",),
        ),
    ),
    lambda d: d.campaign_id,
)
MARKETING_EMAILS = Endpoint(
    "marketing_emails",
    MarketingEmail,
    (
        Table(
            "marketing_emails",
            MarketingEmail,
            ("id",),
            "Marketing e-mails with their counts.",
            within={"sent": COUNT, "delivered": COUNT, "opened": COUNT, "clicked": COUNT, "bounced": COUNT, "unsubscribed": COUNT},
            rows=lambda d: [(d, c.sent, c.delivered, c.open, c.click, c.bounce, c.unsubscribed) for c in (d.stats.counters,)],
        ),
    ),
    lambda d: d.id,
)
FORMS = Endpoint("forms", Form, (Table("forms", Form, ("id",), "Forms."),), lambda d: d.id)


def _submission_id(submission: Submission) -> str:
    """The vendor's id, or what identifies a submission without one."""
    return submission.conversion_id or f"{submission.submitted_at}-{_value(submission, 'email') or ''}"


def _value(submission: Submission, name: str) -> str | None:
    return next((field.value for field in submission.values if field.name == name), None)


FORM_SUBMISSIONS = Endpoint(
    "form_submissions",
    Submission,
    (
        Table(
            "form_submissions",
            Submission,
            ("form_id", "submission_id"),
            "Submissions of forms; `values_json` holds all fields, name to value.",
            within={"submission_id": TEXT, "email": TEXT, "values_json": TEXT},
            rows=lambda d: [
                (
                    d,
                    _submission_id(d),
                    _value(d, "email"),
                    json.dumps({field.name: field.value for field in d.values}, ensure_ascii=False),
                )
            ],
        ),
    ),
    lambda d: f"{d.form_id}|{_submission_id(d)}",
)

CRM_ENDPOINTS = (CONTACTS, COMPANIES, DEALS, LINE_ITEMS, MEETINGS, CALLS)
ENDPOINTS = (*CRM_ENDPOINTS, OWNERS, PIPELINES, CAMPAIGNS, MARKETING_EMAILS, FORMS)
_EVERY = (*ENDPOINTS, CAMPAIGN_TOTALS, FORM_SUBMISSIONS, associations("deals", "contacts"))
TABLES = tuple({table.name: table for endpoint in _EVERY for table in endpoint.tables}.values())

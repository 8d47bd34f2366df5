"""What Mailchimp's Marketing API sends, as far as the hub uses it.

Where a date or a number is not known Mailchimp says "": stored as null. Rates are left out (they follow from the counts), and so is
what changes without a trace in its record, such as the averages of a member.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, ClassVar

import msgspec

from dlt_sources.records import COUNT, INSTANT, MONEY, TEXT, Filled, Instant, Kind, Record, Table, convert, names
from dlt_sources.records.intake import Endpoint

_ABSENT = msgspec.Raw(b"null")


def _texts(values: Sequence[msgspec.Raw | None]) -> list[str | None]:
    """Numbers as they stand in the JSON, without the quotes of those that come as texts."""
    told = (None if value is None else bytes(value).decode("utf-8", "replace").strip('"') for value in values)
    return [None if one == "null" else one for one in told]


Number = Annotated[msgspec.Raw, Kind(MONEY.sql, MONEY.arrow, lambda values: convert.decimal_text(_texts(values)))]
"""An amount to the last digit; "" is absent."""
Count = Annotated[msgspec.Raw, Kind(COUNT.sql, COUNT.arrow, lambda values: convert.integer_text(_texts(values)))]
"""A whole number; "" is absent."""
_COUNT: Kind = Count.__metadata__[0]  # type: ignore[attr-defined]
_NUMBER: Kind = Number.__metadata__[0]  # type: ignore[attr-defined]
Fields = dict[str, msgspec.Raw] | list[msgspec.Raw]
"""An object; Mailchimp sends an empty one as an empty list."""


class ListStats(Record):
    """How many an audience holds."""

    member_count: Count = _ABSENT
    total_contacts: Count = _ABSENT
    unsubscribe_count: Count = _ABSENT
    cleaned_count: Count = _ABSENT
    campaign_count: Count = _ABSENT
    campaign_last_sent: Instant | None = None


class Audience(Record):
    """A list of people who get mailings."""

    LEFT_OUT: ClassVar[frozenset[str]] = names(
        "stats contact permission_reminder use_archive_bar campaign_defaults notify_on_subscribe notify_on_unsubscribe list_rating "
        "email_type_option subscribe_url_short subscribe_url_long beamer_address visibility double_optin has_welcome "
        "marketing_permissions modules _links"
    )

    id: str
    web_id: Count = _ABSENT
    name: Filled | None = None
    date_created: Instant | None = None
    stats: ListStats = msgspec.field(default_factory=ListStats)


class Tag(Record):
    """A word that people of the firm have put on a member."""

    id: msgspec.Raw = _ABSENT
    name: str = ""


class Member(Record):
    """A person on a list, by the fingerprint of the address. ``list_id`` comes with the path where the document lacks it."""

    LEFT_OUT: ClassVar[frozenset[str]] = names(
        "merge_fields tags stats interests ip_signup ip_opt unique_email_id contact_id full_name web_id email_type member_rating vip "
        "email_client location last_note marketing_permissions consents_to_one_to_one_messaging sms_phone_number "
        "sms_subscription_status sms_subscription_last_updated tags_count unsubscribe_reason _links"
    )

    list_id: str
    id: str
    email_address: str
    status: str | None = None
    language: Filled | None = None
    source: Filled | None = None
    timestamp_signup: Instant | None = None
    timestamp_opt: Instant | None = None
    last_changed: Instant | None = None
    merge_fields: Fields = {}
    tags: list[Tag] = []


class Recipients(Record):
    """To whom a mailing goes."""

    list_id: Filled | None = None
    recipient_count: Count = _ABSENT


class CampaignSettings(Record):
    """How a mailing is named."""

    title: Filled | None = None
    subject_line: Filled | None = None
    preview_text: Filled | None = None
    from_name: Filled | None = None
    reply_to: Filled | None = None
    folder_id: Filled | None = None


class Tracking(Record):
    """What the links of a mailing carry; ``google_analytics`` is their utm_campaign."""

    google_analytics: Filled | None = None


class Campaign(Record):
    """A mailing: written, planned or sent."""

    LEFT_OUT: ClassVar[frozenset[str]] = names(
        "recipients settings tracking report_summary delivery_status long_archive_url needs_block_refresh resendable variate_settings "
        "rss_opts ab_split_opts social_card _links"
    )

    id: str
    web_id: Count = _ABSENT
    parent_campaign_id: Filled | None = None
    type: str | None = None
    status: str | None = None
    content_type: Filled | None = None
    archive_url: Filled | None = None
    create_time: Instant | None = None
    send_time: Instant | None = None
    emails_sent: Count = _ABSENT
    recipients: Recipients = msgspec.field(default_factory=Recipients)
    settings: CampaignSettings = msgspec.field(default_factory=CampaignSettings)
    tracking: Tracking = msgspec.field(default_factory=Tracking)


class Bounces(Record):
    """What came back."""

    hard_bounces: Count = _ABSENT
    soft_bounces: Count = _ABSENT
    syntax_errors: Count = _ABSENT


class Opens(Record):
    """Who looked."""

    opens_total: Count = _ABSENT
    unique_opens: Count = _ABSENT
    last_open: Instant | None = None


class Clicks(Record):
    """Who followed a link."""

    clicks_total: Count = _ABSENT
    unique_clicks: Count = _ABSENT
    unique_subscriber_clicks: Count = _ABSENT
    last_click: Instant | None = None


class Shopping(Record):
    """What was bought because of a mailing."""

    total_orders: Count = _ABSENT
    total_spent: Number = _ABSENT
    total_revenue: Number = _ABSENT
    currency_code: Filled | None = None


class Report(Record):
    """What became of a mailing, up to the moment of reading."""

    LEFT_OUT: ClassVar[frozenset[str]] = names(
        "bounces forwards opens clicks ecommerce facebook_likes industry_stats list_stats timeseries timewarp ab_split share_report "
        "delivery_status list_is_active preview_text rss_last_send _links"
    )

    id: str
    campaign_title: Filled | None = None
    type: str | None = None
    list_id: Filled | None = None
    list_name: Filled | None = None
    subject_line: Filled | None = None
    send_time: Instant | None = None
    emails_sent: Count = _ABSENT
    abuse_reports: Count = _ABSENT
    unsubscribed: Count = _ABSENT
    bounces: Bounces = msgspec.field(default_factory=Bounces)
    opens: Opens = msgspec.field(default_factory=Opens)
    clicks: Clicks = msgspec.field(default_factory=Clicks)
    ecommerce: Shopping = msgspec.field(default_factory=Shopping)


class Activity(Record):
    """One thing that a reader did with a mailing; made of the reader's entry and one of its acts."""

    campaign_id: str
    email_id: str
    action: str
    timestamp: Instant
    url: str = ""
    email_address: Filled | None = None
    type: Filled | None = None


class ClickedUrl(Record):
    """A link of a mailing."""

    LEFT_OUT: ClassVar[frozenset[str]] = names("click_percentage unique_click_percentage ab_split _links")

    campaign_id: str
    id: str
    url: Filled | None = None
    total_clicks: Count = _ABSENT
    unique_clicks: Count = _ABSENT
    last_click: Instant | None = None


class Unsubscribe(Record):
    """A reader who left by a mailing."""

    LEFT_OUT: ClassVar[frozenset[str]] = names("merge_fields vip list_is_active _links")

    campaign_id: str
    email_id: str
    email_address: Filled | None = None
    timestamp: Instant | None = None
    reason: Filled | None = None
    list_id: Filled | None = None


class Store(Record):
    """A web shop."""

    LEFT_OUT: ClassVar[frozenset[str]] = names(
        "list_is_active is_syncing email_address money_format primary_locale timezone phone address connected_site automations _links"
    )

    id: str
    list_id: Filled | None = None
    name: Filled | None = None
    platform: Filled | None = None
    domain: Filled | None = None
    currency_code: Filled | None = None
    created_at: Instant | None = None
    updated_at: Instant | None = None


class Customer(Record):
    """Who ordered."""

    id: str = ""
    email_address: Filled | None = None
    first_name: Filled | None = None
    last_name: Filled | None = None
    company: Filled | None = None


class OrderLine(Record):
    """A product of an order."""

    id: str
    product_id: Filled | None = None
    product_title: Filled | None = None
    product_variant_id: Filled | None = None
    product_variant_title: Filled | None = None
    quantity: Number = _ABSENT
    price: Number = _ABSENT
    discount: Number = _ABSENT


class Order(Record):
    """An order of a web shop. ``store_id`` comes with the path where the document lacks it."""

    LEFT_OUT: ClassVar[frozenset[str]] = names("customer lines outreach promos shipping_address billing_address order_url _links")

    store_id: str
    id: str
    campaign_id: Filled | None = None
    landing_site: Filled | None = None
    financial_status: Filled | None = None
    fulfillment_status: Filled | None = None
    currency_code: Filled | None = None
    order_total: Number = _ABSENT
    discount_total: Number = _ABSENT
    tax_total: Number = _ABSENT
    shipping_total: Number = _ABSENT
    tracking_code: Filled | None = None
    processed_at_foreign: Instant | None = None
    cancelled_at_foreign: Instant | None = None
    updated_at_foreign: Instant | None = None
    customer: Customer = msgspec.field(default_factory=Customer)
    lines: list[OrderLine] = []


class AutomationSettings(Record):
    """How an automation is named."""

    title: Filled | None = None


class Summary(Record):
    """What became of an automation's mailings."""

    opens: Count = _ABSENT
    unique_opens: Count = _ABSENT
    clicks: Count = _ABSENT
    subscriber_clicks: Count = _ABSENT


class Automation(Record):
    """Mailings that are sent when something happens."""

    LEFT_OUT: ClassVar[frozenset[str]] = names("recipients settings tracking trigger_settings report_summary _links")

    id: str
    status: str | None = None
    create_time: Instant | None = None
    start_time: Instant | None = None
    emails_sent: Count = _ABSENT
    recipients: Recipients = msgspec.field(default_factory=Recipients)
    settings: AutomationSettings = msgspec.field(default_factory=AutomationSettings)
    report_summary: Summary | None = None


def _field(member: Member, name: str) -> str | None:
    """A merge field as text; what is no text is given as it came."""
    raw = member.merge_fields.get(name) if isinstance(member.merge_fields, dict) else None
    if raw is None:
        return None
    value = msgspec.json.decode(raw)
    return (value if isinstance(value, str) else bytes(raw).decode()) or None


def _fields_json(member: Member) -> str:
    return msgspec.json.encode(member.merge_fields if isinstance(member.merge_fields, dict) else {}).decode()


def _tags(member: Member) -> str:
    return json.dumps([tag.name for tag in member.tags], ensure_ascii=False)


LISTS = Endpoint(
    "lists",
    Audience,
    (
        Table(
            "lists",
            Audience,
            ("id",),
            "Audiences with their counts.",
            within=dict.fromkeys(("member_count", "total_contacts", "unsubscribe_count", "cleaned_count", "campaign_count"), _COUNT)
            | {"campaign_last_sent": INSTANT},
            rows=lambda d: [
                (d, s.member_count, s.total_contacts, s.unsubscribe_count, s.cleaned_count, s.campaign_count, s.campaign_last_sent)
                for s in (d.stats,)
            ],
            deletable=True,
        ),
    ),
    lambda d: d.id,
)
MEMBERS = Endpoint(
    "members",
    Member,
    (
        Table(
            "members",
            Member,
            ("list_id", "id"),
            "People on the lists, archived ones too; who was deleted for good is taken out. `tags` is a JSON list of names.",
            within={"first_name": TEXT, "last_name": TEXT, "company": TEXT, "merge_fields_json": TEXT, "tags": TEXT},
            rows=lambda d: [(d, _field(d, "FNAME"), _field(d, "LNAME"), _field(d, "COMPANY"), _fields_json(d), _tags(d))],
            deletable=True,
        ),
    ),
    lambda d: f"{d.list_id}|{d.id}",
    lambda d: d.last_changed or "",
)
CAMPAIGNS = Endpoint(
    "campaigns",
    Campaign,
    (
        Table(
            "campaigns",
            Campaign,
            ("id",),
            "Mailings: written, planned and sent.",
            within={
                "list_id": TEXT,
                "recipient_count": _COUNT,
                **dict.fromkeys(("title", "subject_line", "preview_text", "from_name", "reply_to", "folder_id"), TEXT),
                "google_analytics": TEXT,
            },
            rows=lambda d: [
                (
                    d,
                    d.recipients.list_id or None,
                    d.recipients.recipient_count,
                    *(
                        text or None
                        for s in (d.settings,)
                        for text in (s.title, s.subject_line, s.preview_text, s.from_name, s.reply_to, s.folder_id)
                    ),
                    d.tracking.google_analytics or None,
                )
            ],
            deletable=True,
        ),
    ),
    lambda d: d.id,
)
REPORTS = Endpoint(
    "reports",
    Report,
    (
        Table(
            "reports",
            Report,
            ("id",),
            "What became of the mailings that were sent.",
            within={
                **dict.fromkeys(("hard_bounces", "soft_bounces", "syntax_errors", "opens_total", "unique_opens"), _COUNT),
                "last_open": INSTANT,
                **dict.fromkeys(("clicks_total", "unique_clicks", "unique_subscriber_clicks"), _COUNT),
                "last_click": INSTANT,
                "total_orders": _COUNT,
                "total_spent": _NUMBER,
                "total_revenue": _NUMBER,
                "currency_code": TEXT,
            },
            rows=lambda d: [
                (
                    d,
                    *(d.bounces.hard_bounces, d.bounces.soft_bounces, d.bounces.syntax_errors),
                    *(d.opens.opens_total, d.opens.unique_opens, d.opens.last_open),
                    *(d.clicks.clicks_total, d.clicks.unique_clicks, d.clicks.unique_subscriber_clicks, d.clicks.last_click),
                    *(d.ecommerce.total_orders, d.ecommerce.total_spent, d.ecommerce.total_revenue),
                    d.ecommerce.currency_code or None,
                )
            ],
        ),
    ),
    lambda d: d.id,
)
ACTIVITY = Endpoint(
    "report_email_activity",
    Activity,
    (
        Table(
            "report_email_activity",
            Activity,
            ("campaign_id", "email_id", "action", "timestamp", "url"),
            "What each reader did with a mailing: open, click, bounce. `url` is empty except for clicks.",
        ),
    ),
    lambda d: f"{d.campaign_id}|{d.email_id}|{d.action}|{d.timestamp}|{d.url}",
)
CLICKED_URLS = Endpoint(
    "report_click_details",
    ClickedUrl,
    (Table("report_click_details", ClickedUrl, ("campaign_id", "id"), "The links of a mailing and how often each was followed."),),
    lambda d: f"{d.campaign_id}|{d.id}",
)
UNSUBSCRIBES = Endpoint(
    "report_unsubscribes",
    Unsubscribe,
    (Table("report_unsubscribes", Unsubscribe, ("campaign_id", "email_id"), "Readers who left by a mailing, with their reason."),),
    lambda d: f"{d.campaign_id}|{d.email_id}",
)
STORES = Endpoint("stores", Store, (Table("stores", Store, ("id",), "Web shops.", deletable=True),), lambda d: d.id)
ORDERS = Endpoint(
    "orders",
    Order,
    (
        Table(
            "orders",
            Order,
            ("store_id", "id"),
            "Orders of the web shops; `campaign_id` is the mailing that led to one.",
            within={
                "customer_id": TEXT,
                "customer_email": TEXT,
                "customer_first_name": TEXT,
                "customer_last_name": TEXT,
                "customer_company": TEXT,
            },
            rows=lambda d: [
                (
                    d,
                    *(
                        text or None
                        for c in (d.customer,)
                        for text in (c.id, c.email_address, c.first_name, c.last_name, c.company)
                    ),
                )
            ],
            deletable=True,
        ),
        Table(
            "order_lines",
            OrderLine,
            ("store_id", "order_id", "id"),
            "The products of the orders.",
            within={"store_id": TEXT, "order_id": TEXT},
            rows=lambda d: [(line, d.store_id, d.id) for line in d.lines],
            replace=("store_id", "order_id"),
            deletable=True,
        ),
    ),
    lambda d: f"{d.store_id}|{d.id}",
)
AUTOMATIONS = Endpoint(
    "automations",
    Automation,
    (
        Table(
            "automations",
            Automation,
            ("id",),
            "Mailings that are sent when something happens, with their counts.",
            within={
                "list_id": TEXT,
                "title": TEXT,
                **dict.fromkeys(("opens", "unique_opens", "clicks", "subscriber_clicks"), _COUNT),
            },
            rows=lambda d: [
                (d, d.recipients.list_id or None, d.settings.title or None, s.opens, s.unique_opens, s.clicks, s.subscriber_clicks)
                for s in (d.report_summary or Summary(),)
            ],
            deletable=True,
        ),
    ),
    lambda d: d.id,
)

ENDPOINTS = (LISTS, MEMBERS, CAMPAIGNS, REPORTS, STORES, ORDERS, AUTOMATIONS)
DETAILS = (ACTIVITY, CLICKED_URLS, UNSUBSCRIBES)
TABLES = tuple(table for endpoint in (*ENDPOINTS, *DETAILS) for table in endpoint.tables)

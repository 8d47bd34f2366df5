"""What HubSpot's marketing v3, forms and e-mail events v1 APIs send, as far as the hub uses it."""

from __future__ import annotations

import json
from typing import ClassVar

import msgspec

from dlt_sources.hubspot.wire import Nothing, Wire
from dlt_sources.records import COUNT, INSTANT, TEXT, Instant, InstantMs, Money, Record, Table, names
from dlt_sources.records.intake import Endpoint


class CampaignProperties(Record):
    """A campaign of the marketing hub."""

    hs_name: str | None = None
    hs_utm: str | None = None
    hs_start_date: str | None = None
    hs_end_date: str | None = None
    hs_campaign_status: str | None = None
    hs_currency_code: str | None = None
    hs_owner: str | None = None


class Asset(Wire):
    """An e-mail, a marketing event, a form ... that belongs to a campaign."""

    id: str
    name: str | None = None


class Assets(Wire):
    """Assets of one type; a long list of them goes on in a listing of its own, which the source reads."""

    results: list[Asset] = []


class Campaign(Wire):
    """A campaign as it travels in a batch, with what belongs to it."""

    LEFT_OUT: ClassVar[frozenset[str]] = names("businessUnits")

    id: str
    properties: CampaignProperties
    assets: dict[str, Assets] = {}
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


class CampaignRevenue(Wire):
    """The vendor's own attribution of revenue to a campaign; campaign and model are put there by the source.

    ``deal_amount`` is the whole of the deals that the campaign has a part in, ``revenue_amount`` its part.
    """

    campaign_id: str
    attribution_model: str
    deals_number: int | None = None
    deal_amount: Money | None = None
    revenue_amount: Money | None = None
    contacts_number: int | None = None
    currency_code: str | None = None


class CampaignMetrics(Wire):
    """Whom a campaign reached, by the vendor's own count; ``campaign_id`` is put there by the source."""

    campaign_id: str
    sessions: int | None = None
    influenced_contacts: int | None = None
    new_contacts_first_touch: int | None = None
    new_contacts_last_touch: int | None = None


class EmailEvent(Wire):
    """What a reader did with an e-mail, or a mail server; ``email_campaign_id`` names the sending, of which an e-mail may have several."""

    LEFT_OUT: ClassVar[frozenset[str]] = names(
        "appId appName attempt bcc bounced browser causedBy cc deviceType dropMessage duration emailCampaignGroupId from hmid ipAddress "
        "linkId location obsoletedBy portalId referer replyTo requestedBy response sendId sentBy smtpId subject subscriptions suppressedMessage "
        "suppressedReason userAgent"
    )

    id: str
    created: InstantMs
    type: str
    recipient: str | None = None
    email_campaign_id: int | None = None
    url: str | None = None
    filtered_event: bool | None = None
    category: str | None = None
    status: str | None = None
    drop_reason: str | None = None
    portal_subscription_status: str | None = None
    source: str | None = None


class MarketingEvent(Wire):
    """A webinar, a fair or another event."""

    LEFT_OUT: ClassVar[frozenset[str]] = names("appInfo customProperties eventDescription eventUrl")

    object_id: str
    external_event_id: str | None = None
    event_name: str | None = None
    event_type: str | None = None
    event_organizer: str | None = None
    event_status: str | None = None
    event_cancelled: bool | None = None
    event_completed: bool | None = None
    start_date_time: Instant | None = None
    end_date_time: Instant | None = None
    registrants: int | None = None
    attendees: int | None = None
    cancellations: int | None = None
    no_shows: int | None = None
    created_at: Instant | None = None
    updated_at: Instant | None = None


class Participant(Wire):
    """A contact who takes part."""

    LEFT_OUT: ClassVar[frozenset[str]] = names("firstname lastname")

    contact_id: str | None = None
    email: str | None = None


class EventReference(Wire):
    """The marketing event of a participation."""

    marketing_event_id: str


class ParticipationAssociations(Wire):
    """Who takes part, and in what."""

    marketing_event: EventReference
    contact: Participant = msgspec.field(default_factory=Participant)


class ParticipationProperties(Wire):
    """When and how somebody took part: REGISTERED, ATTENDED, CANCELLED or NO_SHOW."""

    LEFT_OUT: ClassVar[frozenset[str]] = names("attendancePercentage")

    occurred_at: InstantMs | None = None
    attendance_state: str | None = None
    attendance_duration_seconds: int | None = None


class Participation(Wire):
    """That a contact registered for a marketing event, or was there."""

    id: str
    associations: ParticipationAssociations
    properties: ParticipationProperties
    created_at: Instant | None = None


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
        "webversion workflowNames"
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
    all_email_campaign_ids: list[str] = []


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
        Table(
            "campaign_assets",
            Asset,
            ("campaign_id", "asset_type", "id"),
            "What belongs to campaigns: e-mails, marketing events, forms ...",
            within={"campaign_id": TEXT, "asset_type": TEXT},
            rows=lambda d: [(asset, d.id, kind) for kind, listed in d.assets.items() for asset in listed.results],
            replace=("campaign_id",),
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
        Table(
            "marketing_email_sendings",
            Nothing,
            ("email_id", "email_campaign_id"),
            "By which ids the event log names the sendings of an e-mail.",
            within={"email_id": TEXT, "email_campaign_id": TEXT},
            rows=lambda d: [(Nothing(), d.id, sending) for sending in dict.fromkeys(d.all_email_campaign_ids)],
            replace=("email_id",),
        ),
    ),
    lambda d: d.id,
)
CAMPAIGN_REVENUE = Endpoint(
    "campaign_revenue",
    CampaignRevenue,
    (
        Table(
            "campaign_revenue",
            CampaignRevenue,
            ("campaign_id", "attribution_model"),
            "Revenue that the vendor itself attributes to campaigns, by model.",
        ),
    ),
    lambda d: f"{d.campaign_id}|{d.attribution_model}",
)
CAMPAIGN_METRICS = Endpoint(
    "campaign_metrics",
    CampaignMetrics,
    (Table("campaign_metrics", CampaignMetrics, ("campaign_id",), "Contacts that campaigns reached, as the vendor counts them."),),
    lambda d: d.campaign_id,
)
EMAIL_EVENTS = Endpoint(
    "email_events",
    EmailEvent,
    (Table("email_events", EmailEvent, ("id",), "What readers and mail servers did with e-mails; none is ever changed."),),
    lambda d: d.id,
)
MARKETING_EVENTS = Endpoint(
    "marketing_events",
    MarketingEvent,
    (Table("marketing_events", MarketingEvent, ("object_id",), "Webinars, fairs and other events."),),
    lambda d: d.object_id,
)
PARTICIPATIONS = Endpoint(
    "marketing_event_participations",
    Participation,
    (
        Table(
            "marketing_event_participations",
            ParticipationProperties,
            ("event_id", "id"),
            "Who registered for marketing events and who was there. Current as of the row of the event.",
            within={"event_id": TEXT, "id": TEXT, "contact_id": TEXT, "email": TEXT, "created_at": INSTANT},
            rows=lambda d: [
                (d.properties, a.marketing_event.marketing_event_id, d.id, a.contact.contact_id, a.contact.email, d.created_at)
                for a in (d.associations,)
            ],
            replace=("event_id",),
        ),
    ),
    lambda d: f"{d.associations.marketing_event.marketing_event_id}|{d.id}",
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

REPORTS = (CAMPAIGN_METRICS, CAMPAIGN_REVENUE)
ENDPOINTS = (CAMPAIGNS, *REPORTS, MARKETING_EMAILS, EMAIL_EVENTS, MARKETING_EVENTS, FORMS)
READ_ALONG = (CAMPAIGN_TOTALS, PARTICIPATIONS, FORM_SUBMISSIONS)
"""What is read along with the listing of something else."""

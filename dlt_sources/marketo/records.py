"""What Marketo's lead database, log and asset API send, as far as the hub uses it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

import msgspec

from dlt_sources.records import COUNT, INSTANT, TEXT, Instant, Kind, Money, Record, Table, convert, names
from dlt_sources.records.convert import Converted
from dlt_sources.records.intake import Endpoint

_NAMES = {
    "mql_date": "mQLDate",
    "sql_date": "sQLDate",
    "marketo_guid": "marketoGUID",
}


def vendor_name(name: str) -> str | None:
    """The vendor's camelCase name of a field."""
    first, *rest = name.rstrip("_").split("_")
    return _NAMES.get(name) or first + "".join(part.capitalize() for part in rest)


def _asset_instant(values: Sequence[str | None]) -> Converted:
    return convert.instant([value.removesuffix("+0000") if value and value.endswith("Z+0000") else value for value in values])


AssetInstant = Annotated[str, Kind(INSTANT.sql, INSTANT.arrow, _asset_instant)]
"""A moment of the asset API, which has both a Z and an offset: ``2015-05-21T22:45:13Z+0000``."""


class Wire(Record, rename=vendor_name):
    """Base of what carries the vendor's names."""


class Lead(Wire):
    """A person of the lead database."""

    id: int
    created_at: Instant | None = None
    updated_at: Instant | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None
    title: str | None = None
    company: str | None = None
    industry: str | None = None
    website: str | None = None
    billing_street: str | None = None
    billing_city: str | None = None
    billing_postal_code: str | None = None
    billing_country: str | None = None
    main_phone: str | None = None
    number_of_employees: int | None = None
    lead_partition_id: int | None = None
    lead_status: str | None = None
    lead_source: str | None = None
    original_source_type: str | None = None
    acquisition_program_id: int | None = None
    unsubscribed: bool | None = None
    mql_date: Instant | None = None
    sql_date: Instant | None = None
    sfdc_lead_id: str | None = None
    sfdc_contact_id: str | None = None
    sfdc_account_id: str | None = None


class Attribute(Record):
    """A detail of an activity."""

    name: str
    value: msgspec.Raw = msgspec.Raw(b"null")


class Activity(Wire):
    """An entry of the log."""

    LEFT_OUT: ClassVar[frozenset[str]] = names("id")

    marketo_guid: str
    lead_id: int
    activity_date: Instant
    activity_type_id: int
    campaign_id: int | None = None
    primary_attribute_value_id: int | None = None
    primary_attribute_value: str | None = None
    attributes: list[Attribute] = msgspec.field(default_factory=list)


class Member(Wire):
    """Membership of a lead in a program."""

    LEFT_OUT: ClassVar[frozenset[str]] = names("seq program")

    program_id: int
    lead_id: int
    status_name: str | None = None
    reached_success: bool | None = None
    reached_success_date: Instant | None = None
    acquired_by: bool | None = None
    membership_date: Instant | None = None
    created_at: Instant | None = None
    updated_at: Instant | None = None


class Partition(Wire):
    """A lead partition."""

    id: int
    name: str
    description: str | None = None


class ActivityType(Wire):
    """A kind of activity."""

    LEFT_OUT: ClassVar[frozenset[str]] = names("primaryAttribute attributes")

    id: int
    name: str
    api_name: str | None = None
    description: str | None = None


class Folder(Wire):
    """Where an asset lies: a folder or a program. Its number comes by one of two names."""

    type: str | None = None
    id: int | None = None
    value: int | None = None
    folder_name: str | None = None


class Program(Wire):
    """A program as the listing tells it."""

    LEFT_OUT: ClassVar[frozenset[str]] = names("folder tags costs sfdcName url")

    id: int
    name: str
    description: str | None = None
    created_at: AssetInstant | None = None
    updated_at: AssetInstant | None = None
    type: str | None = None
    channel: str | None = None
    status: str | None = None
    workspace: str | None = None
    start_date: AssetInstant | None = None
    end_date: AssetInstant | None = None
    head_start: bool | None = None
    sfdc_id: str | None = None


class Tag(Wire):
    """A tag of a program."""

    tag_type: str
    tag_value: str | None = None


class Cost(Wire):
    """What a program cost in a period; the vendor knows neither an id nor a currency."""

    start_date: AssetInstant
    cost: Money
    note: str | None = None


class Detail(Wire):
    """A program as a call for it alone tells it."""

    LEFT_OUT: ClassVar[frozenset[str]] = names(
        "name description createdAt updatedAt url type channel folder status workspace startDate endDate headStart sfdcId sfdcName"
    )

    id: int
    tags: list[Tag] | None = None
    costs: list[Cost] | None = None


class Nothing(Record):
    """A row whose columns all come from around it."""


class Step(Wire):
    """A status that members of a channel's programs can have."""

    name: str
    description: str | None = None
    hidden: bool | None = None
    type: str | None = None
    step: int | None = None
    success: bool | None = None


class Channel(Wire):
    """A kind of programs, with the statuses of their members."""

    id: int
    name: str
    applicable_program_type: str | None = None
    created_at: AssetInstant | None = None
    updated_at: AssetInstant | None = None
    progression_statuses: list[Step] = msgspec.field(default_factory=list)


class SmartCampaign(Wire):
    """What makes things happen: activities name it."""

    id: int
    name: str
    description: str | None = None
    type: str | None = None
    program_id: int | None = None
    program_name: str | None = None
    workspace_name: str | None = None
    created_at: AssetInstant | None = None
    updated_at: AssetInstant | None = None
    active: bool | None = None


class Subject(Wire):
    """A text of an e-mail."""

    value: str | None = None


class Email(Wire):
    """An e-mail asset."""

    LEFT_OUT: ClassVar[frozenset[str]] = names(
        "description url fromName fromEmail replyEmail folder operational textOnly publishToMSI webView version template isOpenTrackingDisabled "
        "autoCopyToText ccFields preHeader"
    )

    id: int
    name: str
    created_at: AssetInstant | None = None
    updated_at: AssetInstant | None = None
    status: str | None = None
    workspace: str | None = None
    subject: Subject | None = None
    folder: Folder | None = None


def _attributes(activity: Activity) -> str:
    """The details as one JSON object, as bulk files have them."""
    return msgspec.json.encode({each.name: each.value for each in activity.attributes}).decode()


def _program_of(email: Email) -> int | None:
    folder = email.folder
    if folder is None or (folder.type or "").lower() != "program":
        return None
    return folder.value if folder.value is not None else folder.id


LEADS = Endpoint(
    "leads",
    Lead,
    (Table("leads", Lead, ("id",), "People, without those that were deleted or merged into another.", deletable=True),),
    lambda d: str(d.id),
)
ACTIVITIES = Endpoint(
    "activities",
    Activity,
    (
        Table(
            "activities",
            Activity,
            ("marketo_guid",),
            "The log, of the kinds that the hub uses; `attributes` is a JSON object, name to value.",
            within={"attributes": TEXT},
            rows=lambda d: [(d, _attributes(d))],
        ),
    ),
    lambda d: d.marketo_guid,
)
MEMBERS = Endpoint(
    "program_members",
    Member,
    (
        Table(
            "program_members", Member, ("program_id", "lead_id"), "Members of programs with their status, as they were last read."
        ),
    ),
    lambda d: f"{d.program_id}|{d.lead_id}",
)
PROGRAMS = Endpoint("programs", Program, (Table("programs", Program, ("id",), "Programs.", deletable=True),), lambda d: str(d.id))
DETAILS = Endpoint(
    "program_details",
    Detail,
    (
        Table(
            "program_details",
            Nothing,
            ("program_id",),
            "How many costs a program has: costs and tags of another load than this row are void.",
            within={"program_id": COUNT, "costs": COUNT},
            rows=lambda d: [(Nothing(), d.id, len(d.costs or ()))],
            deletable=True,
        ),
        Table(
            "program_tags",
            Tag,
            ("program_id", "tag_type"),
            "Tags of programs.",
            within={"program_id": COUNT},
            rows=lambda d: [(tag, d.id) for tag in d.tags or ()],
            replace=("program_id",),
            deletable=True,
        ),
        Table(
            "program_costs",
            Cost,
            ("program_id", "line"),
            "Period costs of programs, in whole numbers of no currency; replaced together, since the vendor knows no id.",
            within={"program_id": COUNT, "line": COUNT},
            rows=lambda d: [(cost, d.id, line) for line, cost in enumerate(d.costs or (), 1)],
            replace=("program_id",),
            deletable=True,
        ),
    ),
    lambda d: str(d.id),
)
CHANNELS = Endpoint(
    "channels",
    Channel,
    (
        Table("channels", Channel, ("id",), "Kinds of programs.", deletable=True),
        Table(
            "channel_statuses",
            Step,
            ("channel_id", "name"),
            "Statuses of members by channel; `success` says that a program has reached its aim with somebody.",
            within={"channel_id": COUNT},
            rows=lambda d: [(step, d.id) for step in d.progression_statuses],
            replace=("channel_id",),
            deletable=True,
        ),
    ),
    lambda d: str(d.id),
)
SMART_CAMPAIGNS = Endpoint(
    "smart_campaigns",
    SmartCampaign,
    (Table("smart_campaigns", SmartCampaign, ("id",), "Smart campaigns, which activities name.", deletable=True),),
    lambda d: str(d.id),
)
EMAILS = Endpoint(
    "emails",
    Email,
    (
        Table(
            "emails",
            Email,
            ("id",),
            "E-mail assets; what became of them is in the log.",
            within={"subject": TEXT, "program_id": COUNT},
            rows=lambda d: [(d, d.subject.value if d.subject else None, _program_of(d))],
            deletable=True,
        ),
    ),
    lambda d: str(d.id),
)
PARTITIONS = Endpoint(
    "lead_partitions",
    Partition,
    (Table("lead_partitions", Partition, ("id",), "Lead partitions.", deletable=True),),
    lambda d: str(d.id),
)
ACTIVITY_TYPES = Endpoint(
    "activity_types",
    ActivityType,
    (Table("activity_types", ActivityType, ("id",), "Kinds of activities.", deletable=True),),
    lambda d: str(d.id),
)

ENDPOINTS = (PARTITIONS, LEADS, ACTIVITY_TYPES, ACTIVITIES, PROGRAMS, MEMBERS, CHANNELS, SMART_CAMPAIGNS, EMAILS)
TABLES = tuple(table for endpoint in (*ENDPOINTS, DETAILS) for table in endpoint.tables)

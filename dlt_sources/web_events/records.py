"""Events of a web site as a plain page and track export has them, such as Segment's: one JSON object a line, or a row of CSV."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import msgspec

from dlt_sources.records import Instant, Record, Table, names
from dlt_sources.records.declare import TEXT, Row
from dlt_sources.records.intake import Endpoint

COLUMNS = (
    "message_id", "type", "event", "anonymous_id", "user_id", "email", "timestamp", "received_at", "url", "referrer", "user_agent",
    "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content",
)  # fmt: skip
"""The columns of CSV; message_id and timestamp are needed."""


class Wire(Record, rename="camel"):
    """Base of what carries the export's camelCase names."""


class Page(Wire):
    """The page that was open."""

    url: str | None = None
    referrer: str | None = None


class Properties(Page):
    """What the event itself tells: of a page its address, of a form perhaps who filled it in."""

    email: str | None = None


class Traits(Wire):
    """What is known of the visitor."""

    email: str | None = None


class Campaign(Wire):
    """The UTM tags of the address."""

    source: str | None = None
    medium: str | None = None
    name: str | None = None
    term: str | None = None
    content: str | None = None


class Context(Wire):
    """What surrounds an event."""

    page: Page = msgspec.field(default_factory=Page)
    campaign: Campaign = msgspec.field(default_factory=Campaign)
    traits: Traits = msgspec.field(default_factory=Traits)
    user_agent: str | None = None


class Document(Wire):
    """An event as it is exported; ``_file`` is the file that it stands in."""

    LEFT_OUT: ClassVar[frozenset[str]] = names("sentAt originalTimestamp integrations channel version projectId writeKey category")

    message_id: str
    timestamp: str
    type: str = "track"
    event: str | None = None
    name: str | None = None
    anonymous_id: str | None = None
    user_id: str | None = None
    received_at: str | None = None
    properties: Properties = msgspec.field(default_factory=Properties)
    traits: Traits = msgspec.field(default_factory=Traits)
    context: Context = msgspec.field(default_factory=Context)
    file: str = msgspec.field(default="", name="_file")


class EventRow(Record):
    """An event; ``email`` where the visitor is known, ``user_id`` where somebody has signed in or filled in a form."""

    message_id: str
    type: str
    occurred_at: Instant
    event: str | None = None
    anonymous_id: str | None = None
    user_id: str | None = None
    email: str | None = None
    received_at: Instant | None = None
    url: str | None = None
    referrer: str | None = None
    user_agent: str | None = None
    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None
    utm_term: str | None = None
    utm_content: str | None = None


def _event(found: Document) -> Iterable[Row]:
    around, told = found.context, found.properties
    yield (
        EventRow(
            message_id=found.message_id,
            type=found.type,
            event=found.event or found.name,
            anonymous_id=found.anonymous_id,
            user_id=found.user_id,
            email=told.email or around.traits.email or found.traits.email,
            occurred_at=found.timestamp,
            received_at=found.received_at,
            url=told.url or around.page.url,
            referrer=told.referrer or around.page.referrer,
            user_agent=around.user_agent,
            utm_source=around.campaign.source,
            utm_medium=around.campaign.medium,
            utm_campaign=around.campaign.name,
            utm_term=around.campaign.term,
            utm_content=around.campaign.content,
        ),
        found.file,
    )


def nested(row: dict[str, str | None]) -> dict[str, object]:
    """A row of CSV as the document that NDJSON would hold; what is empty is absent."""
    filled = {name: value for name, value in row.items() if value}

    def of(**wanted: str) -> dict[str, str]:
        return {wire: filled[name] for wire, name in wanted.items() if name in filled}

    return {
        **of(messageId="message_id", type="type", event="event", anonymousId="anonymous_id", userId="user_id"),
        **of(timestamp="timestamp", receivedAt="received_at"),
        "properties": of(url="url", referrer="referrer", email="email"),
        "context": {
            **of(userAgent="user_agent"),
            "campaign": of(source="utm_source", medium="utm_medium", name="utm_campaign", term="utm_term", content="utm_content"),
        },
    }


EVENTS = Endpoint(
    "events",
    Document,
    (
        Table(
            "events",
            EventRow,
            ("message_id",),
            "What visitors of a site did: pages and tracked events, crawlers and the firm's own people among them.",
            within={"file_name": TEXT},
            rows=_event,
        ),
    ),
    lambda found: found.message_id,
)
TABLES = EVENTS.tables

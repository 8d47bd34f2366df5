"""HubSpot: customer relations and marketing of one account, through CRM v3, associations v4, marketing v3, forms and e-mail events v1.

Objects are listed whole once, then searched by their moment of change; a search ends at ten thousand rows, so it goes on by id.
Archived objects come from their own listing, merged ones are named by their winners. Ties between objects are read with the objects
that changed, and all of them are compared once a day. The vendor's own attribution of revenue is kept beside the hub's, which is computed
from the touches. Deliberately absent: tickets, quotes, custom objects, e-mail bodies, deliveries one by one (the counts of e-mails have
them).
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

import msgspec

from dlt_sources.assembly import State, assemble, probe
from dlt_sources.connection import Connection, Finding, Unavailable
from dlt_sources.http import ApiClient, Application, Auth, Policy, RateLimit, Request, StaticToken
from dlt_sources.hubspot import marketing, pages, records
from dlt_sources.hubspot.pages import LIST_SIZE, Changed, Pages, listing
from dlt_sources.hubspot.session import OVERLAP, Session
from dlt_sources.hubspot.ties import Ties
from dlt_sources.records import Archive
from dlt_sources.records.intake import Endpoint, Intake

SCOPES = (
    "oauth crm.objects.contacts.read crm.objects.companies.read crm.objects.deals.read crm.objects.owners.read "
    "crm.objects.line_items.read crm.objects.marketing_events.read marketing.campaigns.read marketing.campaigns.revenue.read content forms "
    "sales-email-read"
)
_LONGEST_PAUSE = 90.0
_ESSENTIAL = frozenset({"contacts", "companies", "deals"})


class HubSpotSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keys of a HubSpot connection: the token of a private app or service key, or an app's id, secret and refresh token."""

    access_token: str = ""
    client_id: str = ""
    client_secret: str = ""
    refresh_token: str | None = None
    base_url: str = "https://api.hubapi.com"
    token_url: str = "https://api.hubapi.com/oauth/v1/token"  # noqa: S105 - an address
    authorize_url: str = "https://app.hubspot.com/oauth/authorize"
    calls_per_10_seconds: int = 100
    searches_per_second: int = 4
    hours_between_sweeps: int = 24
    revenue_models: tuple[str, ...] = ("LINEAR",)

    def __post_init__(self) -> None:
        if not self.access_token and not (self.client_id and self.client_secret):
            raise ValueError("set access_token, or client_id and client_secret with a refresh_token")


def _auth(connection: Connection[HubSpotSettings]) -> Auth:
    settings = connection.settings
    if settings.access_token:
        return StaticToken(settings.access_token)
    return application(settings).auth(connection.name, connection.tokens)


def application(settings: HubSpotSettings) -> Application:
    """What HubSpot must know for a first consent."""
    return Application(
        settings.authorize_url,
        settings.token_url,
        settings.client_id,
        settings.client_secret,
        SCOPES,
        settings.refresh_token,
        client_in_form=True,
    )


def client(connection: Connection[HubSpotSettings], *, searches: bool = False) -> ApiClient:
    """A client for one connection; searches have a limit of their own."""
    settings = connection.settings
    limit = RateLimit(settings.searches_per_second, 1.0) if searches else RateLimit(settings.calls_per_10_seconds, 10.0)
    policy = Policy(limits=(limit,), max_delay=_LONGEST_PAUSE)
    return ApiClient(connection.name, settings.base_url, _auth(connection), policy, pacer=connection.pacer(policy.limits))


def source(connection: Connection[HubSpotSettings], unavailable: Unavailable | None = None) -> Any:
    """The dlt source: one resource per listing. What depends on a listing (ties, totals, submissions) is read along with it.

    Tables that the credentials may not read are named in ``unavailable``, unless no customer relations remain without them.
    """
    archive = Archive(connection.archive, "hubspot", connection.name)
    readers = {**marketing.READERS} | {endpoint.name: _objects for endpoint in records.CRM_ENDPOINTS}

    def read(endpoint: Endpoint, state: State) -> Iterator[Any]:
        with client(connection) as api, client(connection, searches=True) as searching:
            yield from readers.get(endpoint.name, _whole)(
                Session(connection.name, connection.settings, api, searching, archive), endpoint, state
            )

    return assemble("hubspot", records.ENDPOINTS, read, essential=_ESSENTIAL, unavailable=unavailable)


def check(connection: Connection[HubSpotSettings]) -> list[Finding]:
    """Tell in plain words whether the credentials are good and what they may read."""
    with client(connection) as api:
        return probe((endpoint.name, partial(_first_page, api, endpoint)) for endpoint in records.ENDPOINTS)


def _first_page(api: ApiClient, endpoint: Endpoint) -> int:
    if endpoint.name in marketing.FIRST_PAGES:
        return marketing.FIRST_PAGES[endpoint.name](api)
    return len(pages.fetch(api, Request("GET", _PATHS[endpoint.name], {"limit": "1"}))[1])


_PATHS = {endpoint.name: f"crm/v3/objects/{endpoint.name}" for endpoint in records.CRM_ENDPOINTS} | {
    "owners": "crm/v3/owners",
    "pipelines": "crm/v3/pipelines/deals",
    "marketing_emails": "marketing/v3/emails",
}
_OPTIONS = {
    "owners": {"limit": "500"},
    "pipelines": {},
    "marketing_emails": {"limit": str(LIST_SIZE), "includeStats": "true"},
}


def _whole(session: Session, endpoint: Endpoint, state: State) -> Iterator[Any]:
    """Small lists, read whole each time; unchanged rows are left out."""
    intake = session.intake(endpoint, state.setdefault("known", {}))
    for archived in ("false", "true") if endpoint is records.OWNERS else (None,):
        options = _OPTIONS[endpoint.name] | ({"archived": archived} if archived else {})
        for reply, rows in listing(session.api, _PATHS[endpoint.name], options):
            yield from intake.take(reply, rows)
    yield from intake.finish()


@dataclass
class _Living:
    """Objects of one type as they come in an extraction: which are loaded now, and when each was changed."""

    intake: Intake
    known: MutableMapping[str, str]
    changed_at: dict[str, datetime]
    loaded: dict[str, None] = field(default_factory=dict)

    def take(self, found: Pages) -> Iterator[Any]:
        """Yield what is new of pages, as dlt items."""
        for reply, rows in found:
            ones = [msgspec.json.decode(row, type=Changed) for row in rows]
            before = {one.id: self.known.get(one.id) for one in ones}
            yield from self.intake.take(reply, rows)
            for one in ones:
                if (moment := one.moment()) is not None:
                    self.changed_at[one.id] = moment
                if self.known.get(one.id) != before[one.id]:
                    self.loaded[one.id] = None


def _objects(session: Session, endpoint: Endpoint, state: State) -> Iterator[Any]:
    """One object type: what changed, what was archived, the ties of both, and once a day what has other ties than were loaded."""
    path, properties = _PATHS[endpoint.name], records.OBJECTS[endpoint.name].__struct_fields__
    options = {"limit": str(LIST_SIZE), "properties": ",".join(properties)}
    has_history = endpoint is records.DEALS
    whole = "swept_at" not in state or (has_history and not state.get("has_history"))
    if whole:
        state.update(known={}, known_at={}, ties={}, archived={}, has_history=has_history)
    changed_at = {key: datetime.fromisoformat(at) for key, at in state["known_at"].items()}
    living = _Living(session.intake(endpoint, state["known"]), state["known"], changed_at)
    ties = Ties(endpoint.name, session.api, session.archive, session.connection_id, state["ties"])
    started = datetime.now(UTC)
    due = not whole and bool(state["ties"]) and session.is_due(state)
    if whole:
        yield from living.take(listing(session.api, path, options))
    else:
        modified = "lastmodifieddate" if endpoint is records.CONTACTS else "hs_lastmodifieddate"
        since = datetime.fromisoformat(state["changed_until"]) - OVERLAP
        yield from living.take(pages.search(session.searching, path, properties, modified, since))
    if due:
        yield from _sweep(session, living, ties, path, properties)
    archived = _Living(session.intake(endpoint, state["archived"], listing="archived", after=living.intake), state["archived"], {})
    gone: set[str] = set()
    for reply, rows in listing(session.api, path, {**options, "archived": "true"}):
        yield from archived.take(iter([(reply, rows)]))
        gone.update(msgspec.json.decode(row, type=Changed).id for row in rows)
    yield from living.intake.finish()
    yield from archived.intake.finish()
    yield from ties.drop(gone)
    loaded = [key for key in living.loaded if key not in gone]
    yield from ties.load(loaded)
    if has_history:
        yield from _histories(session, path, loaded, list(archived.loaded))
    if changed_at:
        cursor = max(changed_at.values())
        changed_at = {key: moment for key, moment in changed_at.items() if moment >= cursor - OVERLAP}
        state["changed_until"] = cursor.isoformat()
        state["known_at"] = {key: moment.isoformat() for key, moment in changed_at.items()}
        state["known"] = {key: value for key, value in living.known.items() if key in changed_at}
        if whole or due:
            state["swept_at"] = started.isoformat()


def _sweep(session: Session, living: _Living, ties: Ties, path: str, properties: Sequence[str]) -> Iterator[Any]:
    """Load objects again whose ties came or went while they stayed as they are."""
    strays = [key for key in ties.strays() if key not in living.loaded]
    for key in strays:
        living.known.pop(key, None)
    yield from living.take(pages.objects(session.api, path, properties, strays))
    yield from ties.drop(key for key in strays if key not in living.loaded)


def _histories(session: Session, path: str, living: Sequence[str], archived: Sequence[str]) -> Iterator[Any]:
    """The stages that deals were in, of those that are loaded now and in one load with them."""
    intake = session.intake(records.DEAL_STAGE_HISTORY, None)
    for ids, options in ((living, {}), (archived, {"archived": "true"})):
        for reply, rows in pages.histories(session.api, path, "dealstage", ids, options):
            yield from intake.take(reply, rows)
    yield from intake.finish()

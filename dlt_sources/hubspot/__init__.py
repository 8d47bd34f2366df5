"""HubSpot: customer relations and marketing of one account, through CRM v3, associations v4, marketing v3 and forms.

Objects are listed whole once, then searched by their moment of change; a search ends at ten thousand rows, so it goes on by id.
Archived objects come from their own listing, merged ones are named by their winners. Ties between objects are read with the objects
that changed, and all of them are compared once a day. Deliberately absent: tickets, quotes, custom objects, e-mail bodies, the
vendor's own attribution reports (the hub computes attribution from the touches).
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import msgspec

from dlt_sources.assembly import State, assemble, probe
from dlt_sources.connection import Connection, Finding, Unavailable
from dlt_sources.http import ApiClient, Application, Auth, MalformedReply, Policy, RateLimit, Reply, Request, StaticToken
from dlt_sources.hubspot import pages, records
from dlt_sources.hubspot.pages import LIST_SIZE, SUBMISSIONS_SIZE, Changed, Pages, listing
from dlt_sources.hubspot.ties import Ties
from dlt_sources.records import Archive
from dlt_sources.records.intake import Endpoint, Intake

SCOPES = (
    "oauth crm.objects.contacts.read crm.objects.companies.read crm.objects.deals.read crm.objects.owners.read "
    "crm.objects.line_items.read marketing.campaigns.read content forms sales-email-read"
)
OVERLAP = timedelta(minutes=10)  # the search index lags behind the objects
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
    return ApiClient(connection.name, settings.base_url, _auth(connection), Policy(limits=(limit,), max_delay=_LONGEST_PAUSE))


@dataclass
class _Session:
    """The clients and the archive of one extraction."""

    connection: Connection[HubSpotSettings]
    api: ApiClient
    searching: ApiClient
    archive: Archive

    def intake(
        self, endpoint: Endpoint, known: MutableMapping[str, str] | None, *, listing: str = "", after: Intake | None = None
    ) -> Intake:
        return Intake(endpoint, connection_id=self.connection.name, archive=self.archive, known=known, listing=listing, after=after)


def source(connection: Connection[HubSpotSettings], unavailable: Unavailable | None = None) -> Any:
    """The dlt source: one resource per listing. What depends on a listing (ties, totals, submissions) is read along with it.

    Tables that the credentials may not read are named in ``unavailable``, unless no customer relations remain without them.
    """
    archive = Archive(connection.archive, "hubspot", connection.name)
    readers = {"campaigns": _campaigns, "forms": _forms} | {endpoint.name: _objects for endpoint in records.CRM_ENDPOINTS}

    def read(endpoint: Endpoint, state: State) -> Iterator[Any]:
        with client(connection) as api, client(connection, searches=True) as searching:
            yield from readers.get(endpoint.name, _whole)(_Session(connection, api, searching, archive), endpoint, state)

    return assemble("hubspot", records.ENDPOINTS, read, essential=_ESSENTIAL, unavailable=unavailable)


def check(connection: Connection[HubSpotSettings]) -> list[Finding]:
    """Tell in plain words whether the credentials are good and what they may read."""
    with client(connection) as api:
        return probe((endpoint.name, partial(_first_page, api, endpoint)) for endpoint in records.ENDPOINTS)


def _first_page(api: ApiClient, endpoint: Endpoint) -> int:
    return len(pages.fetch(api, Request("GET", _PATHS[endpoint.name], {"limit": "1"}))[1])


_PATHS = {endpoint.name: f"crm/v3/objects/{endpoint.name}" for endpoint in records.CRM_ENDPOINTS} | {
    "owners": "crm/v3/owners",
    "pipelines": "crm/v3/pipelines/deals",
    "campaigns": "marketing/v3/campaigns",
    "marketing_emails": "marketing/v3/emails",
    "forms": "marketing/v3/forms",
}
_OPTIONS = {
    "owners": {"limit": "500"},
    "pipelines": {},
    "campaigns": {"limit": str(LIST_SIZE), "properties": ",".join(records.CampaignProperties.__struct_fields__)},
    "marketing_emails": {"limit": str(LIST_SIZE), "includeStats": "true"},
    "forms": {"limit": str(LIST_SIZE)},
}


def _whole(session: _Session, endpoint: Endpoint, state: State) -> Iterator[Any]:
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


def _objects(session: _Session, endpoint: Endpoint, state: State) -> Iterator[Any]:
    """One object type: what changed, what was archived, the ties of both, and once a day what has other ties than were loaded."""
    path, properties = _PATHS[endpoint.name], records.OBJECTS[endpoint.name].__struct_fields__
    options = {"limit": str(LIST_SIZE), "properties": ",".join(properties)}
    whole = "swept_at" not in state
    if whole:
        state.update(known={}, known_at={}, ties={})
    changed_at = {key: datetime.fromisoformat(at) for key, at in state["known_at"].items()}
    living = _Living(session.intake(endpoint, state["known"]), state["known"], changed_at)
    ties = Ties(endpoint.name, session.api, session.archive, session.connection.name, state["ties"])
    started, pause = datetime.now(UTC), timedelta(hours=session.connection.settings.hours_between_sweeps)
    due = not whole and bool(state["ties"]) and started - datetime.fromisoformat(state["swept_at"]) >= pause
    if whole:
        yield from living.take(listing(session.api, path, options))
    else:
        modified = "lastmodifieddate" if endpoint is records.CONTACTS else "hs_lastmodifieddate"
        since = datetime.fromisoformat(state["changed_until"]) - OVERLAP
        yield from living.take(pages.search(session.searching, path, properties, modified, since))
    if due:
        yield from _sweep(session, living, ties, path, properties)
    archived = session.intake(endpoint, state.setdefault("archived", {}), listing="archived", after=living.intake)
    gone: set[str] = set()
    for reply, rows in listing(session.api, path, {**options, "archived": "true"}):
        yield from archived.take(reply, rows)
        gone.update(msgspec.json.decode(row, type=Changed).id for row in rows)
    yield from living.intake.finish()
    yield from archived.finish()
    yield from ties.drop(gone)
    yield from ties.load(key for key in living.loaded if key not in gone)
    if changed_at:
        cursor = max(changed_at.values())
        changed_at = {key: moment for key, moment in changed_at.items() if moment >= cursor - OVERLAP}
        state["changed_until"] = cursor.isoformat()
        state["known_at"] = {key: moment.isoformat() for key, moment in changed_at.items()}
        state["known"] = {key: value for key, value in living.known.items() if key in changed_at}
        if whole or due:
            state["swept_at"] = started.isoformat()


def _sweep(session: _Session, living: _Living, ties: Ties, path: str, properties: Sequence[str]) -> Iterator[Any]:
    """Load objects again whose ties came or went while they stayed as they are."""
    strays = [key for key in ties.strays() if key not in living.loaded]
    for key in strays:
        living.known.pop(key, None)
    yield from living.take(pages.objects(session.api, path, properties, strays))
    yield from ties.drop(key for key in strays if key not in living.loaded)


def _campaigns(session: _Session, endpoint: Endpoint, state: State) -> Iterator[Any]:
    """Campaigns, and the budget and spend of those that changed since they were last read."""
    intake = session.intake(endpoint, state.setdefault("known", {}))
    totals = session.intake(records.CAMPAIGN_TOTALS, state.setdefault("known_totals", {}))
    read: dict[str, str] = state.setdefault("read", {})
    for reply, rows in listing(session.api, _PATHS["campaigns"], _OPTIONS["campaigns"]):
        yield from intake.take(reply, rows)
        for one in (msgspec.json.decode(row, type=Changed) for row in rows):
            if one.updated_at is None or read.get(one.id) != one.updated_at:
                answer = session.api.send(Request("GET", f"marketing/v3/campaigns/{one.id}/budget/totals"), _single)
                yield from totals.take(answer, [_with("campaignId", one.id, answer.body)])
                read[one.id] = one.updated_at or ""
    yield from intake.finish()
    yield from totals.finish()


def _single(reply: Reply) -> Reply:
    """An answer that is one object."""
    try:
        msgspec.json.decode(reply.body, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        raise MalformedReply(f"{reply.request} did not answer with an object; check base_url.") from None
    return reply


def _with(name: str, value: str, document: bytes | msgspec.Raw) -> msgspec.Raw:
    """A document with one field more: what the vendor has in the address only."""
    fields = msgspec.json.decode(document, type=dict[str, msgspec.Raw])
    return msgspec.Raw(msgspec.json.encode({name: value, **fields}))


class _Submitted(msgspec.Struct, rename="camel"):
    submitted_at: int


def _forms(session: _Session, endpoint: Endpoint, state: State) -> Iterator[Any]:
    """Forms, and the submissions of each, newest first down to those that are known."""
    intake = session.intake(endpoint, state.setdefault("known", {}))
    seen: dict[str, str] = state.setdefault("known_submissions", {})
    until: dict[str, int] = state.setdefault("submitted_until", {})
    submissions = session.intake(records.FORM_SUBMISSIONS, seen)
    recent: dict[str, int] = state.setdefault("recent_submissions", {})
    for reply, rows in listing(session.api, _PATHS["forms"], _OPTIONS["forms"]):
        yield from intake.take(reply, rows)
        for form in (msgspec.json.decode(row, type=Changed).id for row in rows):
            floor = until.get(form, 0) - int(OVERLAP.total_seconds() * 1000)
            path = f"form-integrations/v1/submissions/forms/{form}"
            for answer, found in listing(session.api, path, {"limit": str(SUBMISSIONS_SIZE)}):
                moments = [msgspec.json.decode(row, type=_Submitted).submitted_at for row in found]
                new = [_with("formId", form, row) for row, moment in zip(found, moments, strict=True) if moment >= floor]
                yield from submissions.take(answer, new)
                for one in (msgspec.json.decode(document, type=records.Submission) for document in new):
                    recent[records.FORM_SUBMISSIONS.identity(one)] = one.submitted_at
                until[form] = max([until.get(form, 0), *moments])
                if not moments or min(moments) < floor:
                    break
    yield from intake.finish()
    yield from submissions.finish()
    floors = {form: moment - int(OVERLAP.total_seconds() * 1000) for form, moment in until.items()}
    state["recent_submissions"] = {key: moment for key, moment in recent.items() if moment >= floors.get(key.split("|")[0], 0)}
    state["known_submissions"] = {key: value for key, value in seen.items() if key in state["recent_submissions"]}

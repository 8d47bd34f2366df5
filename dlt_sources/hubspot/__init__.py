"""HubSpot: customer relations and marketing of one account, through CRM v3, associations v4, marketing v3 and forms.

Objects are listed whole once, then searched by their moment of change; a search ends at ten thousand rows, so it goes on by id.
Archived objects come from their own listing, merged ones are named by their winners. Deliberately absent: tickets, quotes, custom
objects, e-mail bodies, the vendor's own attribution reports (the hub computes attribution from the touches).
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import dlt
import msgspec

from dlt_sources.connection import Connection, Finding, Unavailable
from dlt_sources.http import (
    ApiClient,
    Application,
    Auth,
    MalformedReply,
    NotFound,
    OAuth2,
    Page,
    PermissionMissing,
    Policy,
    RateLimit,
    Reply,
    Request,
    SourceError,
    StaticToken,
    walk,
)
from dlt_sources.hubspot import records
from dlt_sources.records import Archive
from dlt_sources.records.convert import read_instant
from dlt_sources.records.intake import Endpoint, Intake

LIST_SIZE, SEARCH_SIZE, BATCH_SIZE, SUBMISSIONS_SIZE = 100, 200, 1000, 50  # the most that HubSpot gives
SCOPES = (
    "oauth crm.objects.contacts.read crm.objects.companies.read crm.objects.deals.read crm.objects.owners.read "
    "crm.objects.line_items.read marketing.campaigns.read content forms sales-email-read"
)
SEARCH_CAP = 10_000  # rows after which a search refuses to go on
OVERLAP = timedelta(minutes=10)  # the search index lags behind the objects
_LONGEST_PAUSE = 90.0
_ESSENTIAL = frozenset({"contacts", "companies", "deals"})

Pages = Iterator[tuple[Reply, list[msgspec.Raw]]]


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

    def __post_init__(self) -> None:
        if not self.access_token and not (self.client_id and self.client_secret):
            raise ValueError("set access_token, or client_id and client_secret with a refresh_token")


def _auth(connection: Connection[HubSpotSettings]) -> Auth:
    settings = connection.settings
    if settings.access_token:
        return StaticToken(settings.access_token)
    return OAuth2(
        connection.name,
        connection.tokens,
        token_url=settings.token_url,
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        first_refresh_token=settings.refresh_token,
        client_in_form=True,
    )


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
    unavailable = unavailable if unavailable is not None else Unavailable()
    archive = Archive(connection.archive, "hubspot", connection.name)
    readers = {"campaigns": _campaigns, "forms": _forms} | {endpoint.name: _objects for endpoint in records.CRM_ENDPOINTS}

    def resource(endpoint: Endpoint) -> Any:
        @dlt.resource(name=endpoint.name, selected=True)
        def rows() -> Iterator[Any]:
            state = dlt.current.resource_state()
            try:
                with client(connection) as api, client(connection, searches=True) as searching:
                    session = _Session(connection, api, searching, archive)
                    yield from readers.get(endpoint.name, _whole)(session, endpoint, state)
            except (PermissionMissing, NotFound) as refusal:
                if endpoint.name in _ESSENTIAL:
                    raise
                for table in endpoint.tables:
                    unavailable.reasons[table.name] = str(refusal)

        return rows

    @dlt.source(name="hubspot", max_table_nesting=0)
    def hubspot() -> Any:
        return [resource(endpoint) for endpoint in records.ENDPOINTS]

    return hubspot()


def check(connection: Connection[HubSpotSettings]) -> list[Finding]:
    """Tell in plain words whether the credentials are good and what they may read."""
    findings = []
    with client(connection) as api:
        for endpoint in records.ENDPOINTS:
            try:
                rows = _fetch(api, Request("GET", _PATHS[endpoint.name], {"limit": "1"}))[1]
            except SourceError as trouble:
                findings.append(Finding(ok=False, subject=endpoint.name, message=str(trouble)))
                if not isinstance(trouble, PermissionMissing | NotFound):
                    break
            else:
                findings.append(Finding(ok=True, subject=endpoint.name, message=f"readable ({len(rows)} rows on the first page)"))
    return findings


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


class _Next(msgspec.Struct):
    after: str


class _Paging(msgspec.Struct):
    next: _Next | None = None


class _Envelope(msgspec.Struct):
    results: list[msgspec.Raw]
    total: int | None = None
    paging: _Paging | None = None


def _fetch(api: ApiClient, request: Request) -> tuple[Reply, list[msgspec.Raw], str | None, int | None]:
    """One page: the answer, its rows, the cursor of the next page, the announced total."""

    def parse(reply: Reply) -> tuple[Reply, list[msgspec.Raw], str | None, int | None]:
        try:
            envelope = msgspec.json.decode(reply.body, type=_Envelope)
        except msgspec.DecodeError:
            raise MalformedReply(f"{reply.request} answered without 'results'; check base_url.") from None
        following = envelope.paging.next.after if envelope.paging and envelope.paging.next else None
        return reply, envelope.results, following, envelope.total

    return api.send(request, parse)


def _listing(api: ApiClient, path: str, options: dict[str, str]) -> Pages:
    """Every page of a listing."""

    def fetch(request: Request) -> Page[list[msgspec.Raw]]:
        reply, rows, following, total = _fetch(api, request)
        onward = Request("GET", path, {**options, "after": following}) if following else None
        return Page(rows, reply, onward, len(rows), total)

    for page in walk(Request("GET", path, options), fetch):
        yield page.reply, page.content


def _whole(session: _Session, endpoint: Endpoint, state: MutableMapping[str, Any]) -> Iterator[Any]:
    """Small lists, read whole each time; unchanged rows are left out."""
    intake = session.intake(endpoint, state.setdefault("known", {}))
    for archived in ("false", "true") if endpoint is records.OWNERS else (None,):
        options = _OPTIONS[endpoint.name] | ({"archived": archived} if archived else {})
        for reply, rows in _listing(session.api, _PATHS[endpoint.name], options):
            yield from intake.take(reply, rows)
    yield from intake.finish()


class _Changed(msgspec.Struct, rename="camel"):
    """Identity and moment of change of any object."""

    id: str
    updated_at: str | None = None

    def moment(self) -> datetime | None:
        try:
            return read_instant(self.updated_at) if self.updated_at else None
        except ValueError:
            return None  # the row itself will be set aside, with this value as its reason


def _objects(session: _Session, endpoint: Endpoint, state: MutableMapping[str, Any]) -> Iterator[Any]:
    """One object type: what changed, what was archived, and the ties of both."""
    properties = ",".join(records.OBJECTS[endpoint.name].__struct_fields__)
    path = _PATHS[endpoint.name]
    cursor = datetime.fromisoformat(state["changed_until"]) if "changed_until" in state else None
    changed_at: dict[str, datetime] = {key: datetime.fromisoformat(at) for key, at in state.get("known_at", {}).items()}
    known: dict[str, str] = state.setdefault("known", {})
    intake = session.intake(endpoint, known)
    touched: list[str] = []
    if cursor is None:
        living = _listing(session.api, path, {"limit": str(LIST_SIZE), "properties": properties})
    else:
        living = _search(session.searching, endpoint, cursor - OVERLAP)
    for reply, rows in living:
        before = dict(known)
        yield from intake.take(reply, rows)
        for one in (msgspec.json.decode(row, type=_Changed) for row in rows):
            moment = one.moment()
            if moment is not None:
                changed_at[one.id] = moment
            if known.get(one.id) != before.get(one.id):
                touched.append(one.id)
    archived = session.intake(endpoint, state.setdefault("archived", {}), listing="archived", after=intake)
    for reply, rows in _listing(session.api, path, {"limit": str(LIST_SIZE), "properties": properties, "archived": "true"}):
        yield from archived.take(reply, rows)
    yield from intake.finish()
    yield from archived.finish()
    yield from _ties(session, endpoint, touched)
    if changed_at:
        cursor = max(changed_at.values())
        changed_at = {key: moment for key, moment in changed_at.items() if moment >= cursor - OVERLAP}
        state["changed_until"] = cursor.isoformat()
        state["known_at"] = {key: moment.isoformat() for key, moment in changed_at.items()}
        state["known"] = {key: value for key, value in known.items() if key in changed_at}


def _search(api: ApiClient, endpoint: Endpoint, since: datetime) -> Pages:
    """Objects changed since a moment, by id. Where a search would exceed what one may hold, a new one begins above the last id.

    Sorting by the moment instead would never end when more rows share one moment than a search holds.
    """
    kind = endpoint.name
    modified = "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"
    changed = {"propertyName": modified, "operator": "GTE", "value": str(int(since.replace(tzinfo=UTC).timestamp() * 1000))}
    last_id = 0

    def order(after: int) -> Request:
        above = {"propertyName": "hs_object_id", "operator": "GT", "value": str(last_id)}
        body = {
            "filterGroups": [{"filters": [changed, above]}],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": list(records.OBJECTS[kind].__struct_fields__),
            "limit": SEARCH_SIZE,
            "after": str(after),
        }
        return Request("POST", f"{_PATHS[kind]}/search", json=body)

    while True:
        highest = last_id

        def fetch(request: Request) -> Page[list[msgspec.Raw]]:
            nonlocal highest
            reply, rows, following, total = _fetch(api, request)
            highest = max([highest, *(int(msgspec.json.decode(row, type=_Changed).id) for row in rows)])
            more = following is not None and int(following) + SEARCH_SIZE <= SEARCH_CAP
            announced = total if total is not None and total <= SEARCH_CAP else None
            return Page(rows, reply, order(int(following)) if more and following else None, len(rows), announced)

        found = 0
        for page in walk(order(0), fetch):
            found += page.count
            yield page.reply, page.content
        if found < SEARCH_CAP or highest == last_id:
            return
        last_id = highest


def _ties(session: _Session, endpoint: Endpoint, ids: Sequence[str]) -> Iterator[Any]:
    """The associations of objects that changed: a search does not tell them."""
    for target in records.TIES.get(endpoint.name, ()):
        intake = session.intake(records.associations(endpoint.name, target), None)
        for start in range(0, len(ids), BATCH_SIZE):
            wanted = [{"id": key} for key in dict.fromkeys(ids[start : start + BATCH_SIZE])]
            reply, rows, _, _ = _fetch(
                session.api, Request("POST", f"crm/v4/associations/{endpoint.name}/{target}/batch/read", json={"inputs": wanted})
            )
            yield from intake.take(reply, rows)
        yield from intake.finish()


def _campaigns(session: _Session, endpoint: Endpoint, state: MutableMapping[str, Any]) -> Iterator[Any]:
    """Campaigns, and the budget and spend of those that changed since they were last read."""
    intake = session.intake(endpoint, state.setdefault("known", {}))
    totals = session.intake(records.CAMPAIGN_TOTALS, state.setdefault("known_totals", {}))
    read: dict[str, str] = state.setdefault("read", {})
    for reply, rows in _listing(session.api, _PATHS["campaigns"], _OPTIONS["campaigns"]):
        yield from intake.take(reply, rows)
        for one in (msgspec.json.decode(row, type=_Changed) for row in rows):
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


def _forms(session: _Session, endpoint: Endpoint, state: MutableMapping[str, Any]) -> Iterator[Any]:
    """Forms, and the submissions of each, newest first down to those that are known."""
    intake = session.intake(endpoint, state.setdefault("known", {}))
    seen: dict[str, str] = state.setdefault("known_submissions", {})
    until: dict[str, int] = state.setdefault("submitted_until", {})
    submissions = session.intake(records.FORM_SUBMISSIONS, seen)
    recent: dict[str, int] = state.setdefault("recent_submissions", {})
    for reply, rows in _listing(session.api, _PATHS["forms"], _OPTIONS["forms"]):
        yield from intake.take(reply, rows)
        for form in (msgspec.json.decode(row, type=_Changed).id for row in rows):
            floor = until.get(form, 0) - int(OVERLAP.total_seconds() * 1000)
            path = f"form-integrations/v1/submissions/forms/{form}"
            for answer, found in _listing(session.api, path, {"limit": str(SUBMISSIONS_SIZE)}):
                documents = [_with("formId", form, row) for row in found]
                yield from submissions.take(answer, documents)
                moments = [msgspec.json.decode(row, type=_Submitted).submitted_at for row in found]
                for document, moment in zip(documents, moments, strict=True):
                    recent[records.FORM_SUBMISSIONS.identity(msgspec.json.decode(document, type=records.Submission))] = moment
                until[form] = max([until.get(form, 0), *moments])
                if not moments or min(moments) < floor:
                    break
    yield from intake.finish()
    yield from submissions.finish()
    floors = {form: moment - int(OVERLAP.total_seconds() * 1000) for form, moment in until.items()}
    state["recent_submissions"] = {key: moment for key, moment in recent.items() if moment >= floors.get(key.split("|")[0], 0)}
    state["known_submissions"] = {key: value for key, value in seen.items() if key in state["recent_submissions"]}

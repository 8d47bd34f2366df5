"""Pipedrive: customer relations of one company, through version 2 of the API, and version 1 where there is nothing newer.

Deals, persons, organizations and activities are listed whole once, then by their moment of change. Deleted deals have a listing of
their own, for thirty days; whatever else was deleted is missed in the next whole listing. Deliberately absent: leads of the inbox, notes,
files, mails, projects, and products' prices (deals have their own).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec

from dlt_sources.assembly import State, assemble, probe
from dlt_sources.connection import Connection, Finding, Unavailable
from dlt_sources.http import ApiClient, Application, Auth, Policy, RateLimit, Request, StaticToken
from dlt_sources.pipedrive import deals, living, pages, records
from dlt_sources.pipedrive.fields import Wanted, wanted
from dlt_sources.pipedrive.living import Session, Ways
from dlt_sources.pipedrive.pages import V1, V2, Pages, Verdict
from dlt_sources.records import Archive
from dlt_sources.records.intake import Endpoint

_DAYS_OF_DELETED = 30
_ESSENTIAL = frozenset({"deals", "persons", "organizations"})
_LONGEST_PAUSE, _BURST_SECONDS = 60.0, 2.0
_PATHS = {"deal_fields": "dealFields", "person_fields": "personFields"}
_OLD = frozenset({"users", "currencies"})


class PipedriveSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keys of a Pipedrive connection: a person's API token, or an app's id, secret and refresh token.

    ``base_url`` is the company's address, ``https://acme.pipedrive.com``. ``type_field`` is the custom field of deals that holds new,
    expansion or renewal; ``mql_field`` and ``sql_field`` are those of persons that hold when somebody qualified for marketing and for
    sales: their names, or their codes. Where the last run is ``deleted_poll_days`` ago, deleted deals may have left their own
    listing, and all deals are compared. ``flows_per_run`` is for how many deals at most the history of stages is read in a run.
    """

    base_url: str
    access_token: str = ""
    api_key: str = ""
    api_token: str = ""
    client_id: str = ""
    client_secret: str = ""
    refresh_token: str | None = None
    token_url: str = "https://oauth.pipedrive.com/oauth/token"  # noqa: S105 - an address
    authorize_url: str = "https://oauth.pipedrive.com/oauth/authorize"
    type_field: str = "Deal type"
    mql_field: str = "mql_date"
    sql_field: str = "sql_date"
    include_archived: bool = True
    overlap_minutes: int = 10
    deleted_poll_days: int = 25
    hours_between_sweeps: int = 168
    flows_per_run: int = 1000
    calls_per_2_seconds: int = 18

    def __post_init__(self) -> None:
        if not self.token and not (self.client_id and self.client_secret):
            raise ValueError("set access_token (or api_key, or api_token), or client_id and client_secret with a refresh_token")
        if not self.base_url.startswith(("http://", "https://")):
            raise ValueError("base_url must be the company's address, such as https://acme.pipedrive.com")
        if min(self.overlap_minutes, self.deleted_poll_days, self.hours_between_sweeps) < 0:
            raise ValueError("overlap_minutes, deleted_poll_days and hours_between_sweeps must not be negative")
        if self.deleted_poll_days >= _DAYS_OF_DELETED or min(self.flows_per_run, self.calls_per_2_seconds) <= 0:
            raise ValueError("deleted_poll_days must be below 30, flows_per_run and calls_per_2_seconds positive")

    @property
    def token(self) -> str:
        """The API token, under any of its names."""
        return self.access_token or self.api_key or self.api_token

    @property
    def address(self) -> str:
        """The root below which both versions are."""
        root = self.base_url.rstrip("/")
        return next((root.removesuffix(end) for end in ("/api/v2", "/api/v1", "/v1", "/api") if root.endswith(end)), root)

    def __repr__(self) -> str:
        return f"PipedriveSettings({self.base_url!r})"


def _auth(connection: Connection[PipedriveSettings]) -> Auth:
    """An API token in its header, or OAuth.

    The token endpoint names the company's address too (``api_domain``). Credentials go to ``base_url`` alone, so that an answer cannot
    lead them elsewhere; where both are of one origin, they are the same address anyhow.
    """
    settings = connection.settings
    if settings.token:
        return StaticToken(settings.token, header="x-api-token", prefix="")
    return application(settings).auth(connection.name, connection.tokens)


def application(settings: PipedriveSettings) -> Application:
    """What Pipedrive must know for a first consent; scopes are those of the app."""
    return Application(
        settings.authorize_url, settings.token_url, settings.client_id, settings.client_secret, "", settings.refresh_token
    )


def client(connection: Connection[PipedriveSettings]) -> ApiClient:
    """A client of the company."""
    settings = connection.settings
    policy = Policy(
        retries=6,
        max_delay=_LONGEST_PAUSE,
        limits=(RateLimit(settings.calls_per_2_seconds, _BURST_SECONDS),),
        throttle_pause=_BURST_SECONDS,
        classify=Verdict(connection.name),
    )
    return ApiClient(connection.name, settings.address, _auth(connection), policy, pacer=connection.pacer(policy.limits))


def source(connection: Connection[PipedriveSettings], unavailable: Unavailable | None = None) -> Any:
    """The dlt source: one resource per listing; products and flows of deals are read along with the deals.

    Listings that the credentials may not read are named in ``unavailable``, unless no customer relations remain without them.
    """
    settings = connection.settings
    archive = Archive(connection.archive, "pipedrive", connection.name)
    missing = unavailable if unavailable is not None else Unavailable()
    ways = Ways(
        timedelta(minutes=settings.overlap_minutes),
        timedelta(hours=settings.hours_between_sweeps),
        timedelta(days=settings.deleted_poll_days),
        settings.include_archived,
        settings.flows_per_run,
    )
    named = {
        "deals": ("deal", {"deal_type": settings.type_field}),
        "persons": ("person", {"mql_at": settings.mql_field, "sql_at": settings.sql_field}),
    }

    def read(endpoint: Endpoint, state: State) -> Iterator[Any]:
        with client(connection) as api:
            session = Session(api, archive, connection.name, ways, missing)
            find = partial(wanted, api, *named[endpoint.name]) if endpoint.name in named else partial(Wanted, {})
            if endpoint is records.DEALS:
                yield from deals.read(session, endpoint, state, find)
            elif endpoint in (records.PERSONS, records.ORGANIZATIONS, records.ACTIVITIES):
                yield from living.read(session, endpoint, state, find)
            else:
                yield from _whole(session, endpoint, state)

    return assemble("pipedrive", records.ENDPOINTS, read, essential=_ESSENTIAL, unavailable=missing)


def _whole(session: Session, endpoint: Endpoint, state: State) -> Iterator[Any]:
    """Small lists, read whole each time; unchanged rows are left out. What was removed stays: deals of old refer to it."""
    intake = session.intake(endpoint, state.setdefault("known", {}))
    for reply, rows in _small(session.api, endpoint):
        yield from intake.take(reply, rows)
    yield from intake.finish()


def _small(api: ApiClient, endpoint: Endpoint) -> Pages:
    if endpoint.name in _OLD:
        return pages.old_listing(api, endpoint.name)
    return pages.listing(api, _PATHS.get(endpoint.name, endpoint.name))


def check(connection: Connection[PipedriveSettings]) -> list[Finding]:
    """Tell in plain words whether the credentials are good and what they may read."""
    with client(connection) as api:
        return probe((endpoint.name, partial(_first_page, api, endpoint)) for endpoint in records.ENDPOINTS)


def _first_page(api: ApiClient, endpoint: Endpoint) -> int:
    path = f"{V1 if endpoint.name in _OLD else V2}/{_PATHS.get(endpoint.name, endpoint.name)}"
    return len(pages.fetch(api, Request("GET", path, {"limit": "1"}))[1])


__all__ = ["PipedriveSettings", "application", "check", "client", "source"]

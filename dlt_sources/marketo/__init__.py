"""Marketo Engage: leads, their activities, programs with their costs and members, e-mails, through REST and bulk extracts.

The first load comes in bulk files of at most 31 days each; later ones go on in the log from the newest moment that is known, less an
overlap. Where the vendor permits no bulk job, the log is read instead. Deliberately absent: opportunities, companies and salespersons,
which the CRM has and which Marketo refuses once it syncs with one; anonymous visitors; assets that carry no money.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from functools import partial
from typing import Any

import msgspec

from dlt_sources.assembly import State, assemble, probe
from dlt_sources.connection import Connection, Finding, Unavailable
from dlt_sources.http import ApiClient, OAuth2, Policy, RateLimit
from dlt_sources.marketo import assets, bulk, leads, log, members, records, wire
from dlt_sources.marketo.session import Session
from dlt_sources.records import Archive
from dlt_sources.records.intake import Endpoint

_LONGEST_PAUSE = 20.0  # of the vendor's rate limit
_ESSENTIAL = frozenset({"leads", "activities", "programs"})


class MarketoSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keys of a Marketo connection: the instance, and the id and secret of a custom service (Admin > LaunchPoint).

    ``base_url`` is the instance, ``https://123-ABC-456.mktorest.com``: the Endpoint that the vendor shows, without ``/rest``.
    ``token_url`` is its Identity URL with ``/oauth/token``. ``mql_field`` and ``sql_field`` are the fields of leads, by their REST
    names, that hold when somebody qualified for marketing and for sales. ``history_from`` is the first day to read, by default that
    of the oldest program, channel or activity. ``bulk`` False reads the log from the start on. Costs of programs that ended or cost
    something within ``restate_days`` are read at each run.
    """

    client_id: str
    client_secret: str
    base_url: str
    token_url: str | None = None
    bulk: bool = True
    history_from: str = ""
    mql_field: str = "mQLDate"
    sql_field: str = "sQLDate"
    overlap_minutes: int = 60
    restate_days: int = 90
    calls_per_20_seconds: int = 90
    poll_seconds: float = 0.5

    def __post_init__(self) -> None:
        if not self.client_id or not self.client_secret:
            raise ValueError("client_id and client_secret must be those of a custom service of the instance")
        if not self.base_url.startswith(("http://", "https://")):
            raise ValueError("base_url must be the instance, such as https://123-ABC-456.mktorest.com")
        if self.overlap_minutes < 0 or self.restate_days < 0 or self.calls_per_20_seconds <= 0 or self.poll_seconds <= 0:
            raise ValueError(
                "overlap_minutes and restate_days must not be negative, calls_per_20_seconds and poll_seconds positive"
            )
        if self.history_from:
            try:
                date.fromisoformat(self.history_from)
            except ValueError:
                raise ValueError("history_from must be a day such as 2023-01-31") from None

    @property
    def address(self) -> str:
        """The instance; /rest, /bulk and /identity follow."""
        return self.base_url.rstrip("/").removesuffix("/rest")

    def __repr__(self) -> str:
        return f"MarketoSettings({self.base_url!r})"


def client(connection: Connection[MarketoSettings]) -> ApiClient:
    """A client of the instance."""
    settings = connection.settings
    token_url = settings.token_url or f"{settings.address}/identity/oauth/token"
    auth = OAuth2(
        connection.name,
        connection.tokens,
        token_url=token_url,
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        in_query=True,
    )
    policy = Policy(
        retries=6,
        base_delay=1.0,
        max_delay=_LONGEST_PAUSE,
        read_timeout=300.0,
        deadline=1800.0,
        limits=(RateLimit(settings.calls_per_20_seconds, 20.0),),
        classify=bulk.file_is_late,
        refuses_token=wire.refuses_token,
    )
    pacer = connection.pacer(policy.limits)
    return ApiClient(connection.name, settings.address, auth, policy, extra_origins=[token_url], pacer=pacer)


def source(connection: Connection[MarketoSettings], unavailable: Unavailable | None = None) -> Any:
    """The dlt source: one resource per listing; costs and tags are read along with the programs.

    Listings that the API user may not read are named in ``unavailable``, unless no marketing remains without them.
    """
    archive = Archive(connection.archive, "marketo", connection.name)
    missing = unavailable if unavailable is not None else Unavailable()
    readers = {
        records.LEADS.name: leads.read,
        records.ACTIVITIES.name: log.read,
        records.MEMBERS.name: members.read,
        records.PROGRAMS.name: assets.programs,
    }

    def read(endpoint: Endpoint, state: State) -> Iterator[Any]:
        with client(connection) as api:
            session = Session(api, archive, connection.name, connection.settings, missing)
            yield from readers.get(endpoint.name, assets.whole)(session, endpoint, state)

    return assemble("marketo", records.ENDPOINTS, read, essential=_ESSENTIAL, unavailable=missing)


def check(connection: Connection[MarketoSettings]) -> list[Finding]:
    """Tell in plain words whether the credentials are good and what they may read."""
    with client(connection) as api:
        return probe((endpoint.name, partial(_first_page, api, endpoint)) for endpoint in records.ENDPOINTS)


_FIRST_PAGES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "leads": ("rest/v1/leads/describe.json", {}),
    "activities": ("rest/v1/activities/types.json", {}),
    "program_members": ("rest/v1/programs/members/describe.json", {}),
}


def _first_page(api: ApiClient, endpoint: Endpoint) -> int:
    path, params = _FIRST_PAGES.get(endpoint.name) or (assets.PATHS[endpoint.name], {})
    return len(wire.get(api, path, params)[1].rows)


__all__ = ["MarketoSettings", "check", "client", "source"]

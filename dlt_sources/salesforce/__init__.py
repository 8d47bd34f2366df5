"""Salesforce: customer relations of one org, through REST queries and, for first loads of many records, the Bulk API 2.0.

Objects are read whole once, then by their moment of change less ten minutes, since records are committed with a stamp of some
minutes ago. Deleted records are told by the recycle bin; what left it unseen is found once a day by comparing ids. Deliberately
absent: roll-ups and formulas, which change without a trace; e-mail messages, cases, quotes, custom objects; forecasts.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from dlt_sources.assembly import State, assemble, probe
from dlt_sources.connection import Connection, Finding, Unavailable
from dlt_sources.http import ApiClient, Application, Auth, AuthenticationRejected, OAuth2, Policy
from dlt_sources.records import Archive
from dlt_sources.records.intake import Endpoint
from dlt_sources.salesforce import records
from dlt_sources.salesforce.org import TOLD, Org
from dlt_sources.salesforce.reading import Reading
from dlt_sources.salesforce.records import Listing

SCOPES = "api refresh_token"
_LOGIN = "https://login.salesforce.com"
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_ASSERTION_SECONDS = 180
_ESSENTIAL = frozenset({"accounts", "opportunities"})
_LONGEST_QUERY = 180.0
_CUSTOM = ("entity_field", "mql_field", "sql_field", "utm_field", "term_field")


class SalesforceSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keys of a Salesforce connection. ``base_url`` is the org's own address (My Domain), ``token_url`` where tokens are issued.

    An app's ``client_id`` with ``username`` and the private key of the app's certificate (JWT bearer); or with ``client_secret``,
    and a ``refresh_token`` or none (client credentials). ``*_field`` name custom fields of the org, where it has such.
    """

    base_url: str
    client_id: str
    client_secret: str = ""
    username: str = ""
    private_key: str = ""
    private_key_file: str = ""
    refresh_token: str | None = None
    token_url: str = ""
    authorize_url: str = f"{_LOGIN}/services/oauth2/authorize"
    audience: str = _LOGIN
    api_version: str = "62.0"
    entity_field: str = ""
    mql_field: str = ""
    sql_field: str = ""
    utm_field: str = ""
    term_field: str = ""
    bulk_threshold: int = 20_000
    lookback_seconds: int = 600
    hours_between_sweeps: float = 24
    min_api_remaining: int = 0

    def __post_init__(self) -> None:
        if not self.client_id:
            raise ValueError("client_id must be the consumer key of the connected app")
        if bool(self.username) != bool(self.private_key or self.private_key_file):
            raise ValueError("username and private_key (or private_key_file) belong together: set both, or client_secret")
        if not self.username and not self.client_secret:
            raise ValueError("set client_secret (with a refresh_token or without), or username and private_key")
        if not 0 <= self.lookback_seconds <= 86_400:
            raise ValueError("lookback_seconds must be between 0 and a day (86400)")

    @property
    def token_address(self) -> str:
        """Where access tokens are issued: the org's own site, unless the settings name another."""
        return self.token_url or f"{self.base_url.rstrip('/')}/services/oauth2/token"

    def __repr__(self) -> str:
        return f"SalesforceSettings({self.base_url!r})"


def application(settings: SalesforceSettings) -> Application:
    """What Salesforce must know for a first consent."""
    return Application(
        settings.authorize_url,
        settings.token_address,
        settings.client_id if settings.client_secret else "",
        settings.client_secret,
        SCOPES,
        settings.refresh_token,
        client_in_form=True,
    )


def _auth(connection: Connection[SalesforceSettings]) -> Auth:
    """No answer tells how long a session lasts: it is renewed when the vendor refuses it."""
    settings = connection.settings
    signed = bool(settings.username)
    return OAuth2(
        connection.name,
        connection.tokens,
        token_url=settings.token_address,
        client_id=settings.client_id,
        client_secret="" if signed else settings.client_secret,
        first_refresh_token=None if signed else settings.refresh_token,
        assertion=(lambda: _assertion(connection.name, settings)) if signed else None,
        client_in_form=True,
    )


def _assertion(name: str, settings: SalesforceSettings) -> Mapping[str, str]:
    """Form fields that prove the app: a statement for the user, signed with the key of the app's certificate."""
    import jwt

    told = settings.private_key.replace("\\n", "\n")  # as environment variables carry it
    claims: dict[str, Any] = {"iss": settings.client_id, "sub": settings.username, "aud": settings.audience}
    try:
        key = told or Path(settings.private_key_file).expanduser().read_text()
        signed = jwt.encode(claims | {"exp": int(time.time()) + _ASSERTION_SECONDS}, key, algorithm="RS256")
    except (OSError, ValueError, TypeError, jwt.PyJWTError):
        # The library's texts could hold parts of the key.
        raise AuthenticationRejected(
            f"Connection '{name}': private_key or private_key_file holds no RSA private key in PEM form without a password."
        ) from None
    return {"grant_type": _JWT_BEARER, "assertion": signed}


def client(connection: Connection[SalesforceSettings]) -> ApiClient:
    """A client of the org."""
    policy = Policy(
        retries=4,
        max_delay=60.0,
        read_timeout=_LONGEST_QUERY,
        deadline=3 * _LONGEST_QUERY,
        told=TOLD,
        retry_statuses=Policy().retry_statuses | {406, 420},
    )
    return ApiClient(connection.name, connection.settings.base_url, _auth(connection), policy)


def _org(connection: Connection[SalesforceSettings], api: ApiClient, missing: Unavailable) -> Org:
    settings = connection.settings
    custom = {name: getattr(settings, name) for name in _CUSTOM}
    return Org(api, settings.api_version, custom, missing, remaining=settings.min_api_remaining)


def source(connection: Connection[SalesforceSettings], unavailable: Unavailable | None = None) -> Any:
    """The dlt source: one resource per object.

    Objects that the user may not read, and custom fields that the settings name and an object lacks, are named in ``unavailable``,
    unless no deals remain without them.
    """
    archive = Archive(connection.archive, "salesforce", connection.name)
    missing = unavailable if unavailable is not None else Unavailable()
    listings = {listing.endpoint.name: listing for listing in records.LISTINGS}

    def read(endpoint: Endpoint, state: State) -> Iterator[Any]:
        with client(connection) as api:
            yield from reading(connection, api, listings[endpoint.name], archive, state, missing).run()

    return assemble("salesforce", records.ENDPOINTS, read, essential=_ESSENTIAL, unavailable=missing)


def reading(
    connection: Connection[SalesforceSettings],
    api: ApiClient,
    listing: Listing,
    archive: Archive,
    state: State,
    missing: Unavailable,
) -> Reading:
    """How one object is read in this extraction."""
    settings = connection.settings
    return Reading(
        _org(connection, api, missing),
        listing,
        archive,
        state,
        lookback=settings.lookback_seconds,
        bulk_threshold=settings.bulk_threshold,
        hours_between_sweeps=settings.hours_between_sweeps,
    )


def check(connection: Connection[SalesforceSettings]) -> list[Finding]:
    """Tell in plain words whether the credentials are good, what they may read, and whether the custom fields exist."""
    with client(connection) as api:
        org = _org(connection, api, Unavailable())
        return probe((listing.endpoint.name, partial(org.first_page, listing)) for listing in records.LISTINGS)


__all__ = ["SalesforceSettings", "application", "check", "client", "reading", "source"]

"""SAP S/4HANA: ledger, open items, documents and plans of company codes, through the gateway's OData services.

Lines of the ledger are read from an aggregate: the whole key is selected, or rows would be summed, and one ledger is filtered, or
amounts would double. What changed is found by the moment or the day of change, with an overlap; supplier invoices, which do not
tell, are scanned anew; master data is read whole. Nothing is deleted in a ledger: reversals come with their flags.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Literal

import msgspec

from dlt_sources.assembly import State, assemble, probe
from dlt_sources.connection import Connection, Finding, Unavailable
from dlt_sources.http import ApiClient, Auth, OAuth2, Policy, RateLimit, StaticToken, basic
from dlt_sources.records import Archive
from dlt_sources.records.intake import Endpoint, Intake
from dlt_sources.sap import feeds, ledger
from dlt_sources.sap.odata import Reader
from dlt_sources.sap.records import LISTINGS
from dlt_sources.sap.wire import Listing

_LONGEST_PAUSE = 300.0  # seconds; a gateway under load asks for less, a used-up quota for hours
_RETRIED = frozenset({429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
_SAML = "urn:ietf:params:oauth:grant-type:saml2-bearer"
_ESSENTIAL = frozenset(name for name, listing in LISTINGS.items() if listing.essential)


class SapSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keys of a connection. One way to sign in: user and password, an OAuth client, or an API key.

    ``company_codes`` are separated by commas; none means all that the user may see.
    """

    base_url: str
    username: str = ""
    password: str = ""
    client_id: str = ""
    client_secret: str = ""
    token_url: str | None = None
    grant_type: Literal["client_credentials", "urn:ietf:params:oauth:grant-type:saml2-bearer"] = "client_credentials"
    assertion: str = ""
    scope: str = ""
    api_key: str = ""
    company_codes: str | list[str] = ""
    ledger: str = "0L"
    sap_client: str = ""
    sap_language: str = ""
    calls_per_minute: int = 600

    def __post_init__(self) -> None:
        ways = [bool(self.username), bool(self.client_id), bool(self.api_key)]
        if sum(ways) != 1:
            raise ValueError("give one way to sign in: username and password, client_id and client_secret, or api_key")
        if self.username and not self.password:
            raise ValueError("password of the communication user is missing")
        if self.client_id and not (self.client_secret and self.token_url):
            raise ValueError("client_id needs client_secret and token_url, the address of the token endpoint")
        if self.grant_type == _SAML and not self.assertion:
            raise ValueError("grant_type saml2-bearer needs assertion, the SAML assertion in base64url")
        if not self.ledger:
            raise ValueError("ledger must name one ledger, such as 0L: every ledger holds every posting")

    @property
    def codes(self) -> tuple[str, ...]:
        """The company codes."""
        told = self.company_codes.split(",") if isinstance(self.company_codes, str) else self.company_codes
        return tuple(code.strip() for code in told if code.strip())


def client(connection: Connection[SapSettings]) -> ApiClient:
    """A client of the gateway for one connection."""
    settings = connection.settings
    policy = Policy(
        limits=(RateLimit(settings.calls_per_minute, 60.0),),
        max_delay=_LONGEST_PAUSE,
        deadline=1800.0,
        read_timeout=600.0,  # large reads take minutes; proxies cut them off at ten
        retry_statuses=_RETRIED,
    )
    return ApiClient(connection.name, settings.base_url, _auth(connection), policy, pacer=connection.pacer(policy.limits))


def _auth(connection: Connection[SapSettings]) -> Auth:
    settings = connection.settings
    if settings.api_key:
        return StaticToken(settings.api_key, header="APIKey", prefix="")
    if settings.username:
        return basic(settings.username, settings.password)
    proof = {"grant_type": settings.grant_type, "assertion": settings.assertion}
    return OAuth2(
        connection.name,
        connection.tokens,
        token_url=settings.token_url or "",
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        scope=settings.scope or None,
        assertion=(lambda: proof) if settings.grant_type == _SAML else None,
    )


def _reader(api: ApiClient, settings: SapSettings) -> Reader:
    """A reader whose calls name the client and the language that the settings name."""
    params, headers = {}, {}
    if settings.sap_client:
        params["sap-client"] = headers["sap-client"] = settings.sap_client
    if settings.sap_language:
        params["sap-language"] = settings.sap_language
        headers["Accept-Language"] = settings.sap_language.lower()
    return Reader(api, params, headers)


def source(connection: Connection[SapSettings], unavailable: Unavailable | None = None) -> Any:
    """The dlt source: one resource per listing, each feeding the tables of its declaration.

    Listings whose communication scenario is missing are named in ``unavailable``, unless the ledger cannot be built without them.
    """
    settings = connection.settings
    archive = Archive(connection.archive, "sap", connection.name)
    scope = feeds.Scope(settings.codes, settings.ledger)

    def read(endpoint: Endpoint, state: State) -> Iterator[Any]:
        listing = LISTINGS[endpoint.name]
        with client(connection) as api:
            reader = _reader(api, settings)
            feed = _feed(reader, listing, scope, state)
            known = feed.known if feed else state.setdefault("known", {})
            choose = feed.choose if feed else None
            intake = Intake(endpoint, connection_id=connection.name, archive=archive, known=known, choose=choose)
            for reply, documents in feed.pages() if feed else _LISTS[listing.feed](reader, listing, scope, state):
                yield from intake.take(reply, documents)
        yield from intake.finish()

    endpoints = [listing.endpoint for listing in LISTINGS.values()]
    return assemble("sap", endpoints, read, essential=_ESSENTIAL, unavailable=unavailable)


def _feed(reader: Reader, listing: Listing, scope: feeds.Scope, state: State) -> feeds.Changes | feeds.Rescanned | None:
    """What follows the changes of a listing; None for one that is read whole."""
    if listing.feed == "rescanned":
        return feeds.Rescanned(reader, listing, scope, state)
    if listing.feed != "changes":
        return None
    if listing is ledger.GL_LINES:
        signs = feeds.ledger_signs(reader, listing, scope)
    elif listing is ledger.OPERATIONAL_ITEMS:
        signs = feeds.item_signs(reader, listing, scope)
    else:
        signs = feeds.billing_signs(scope)
    return feeds.Changes(reader, listing, signs, state)


_LISTS = {"whole": feeds.whole, "grouped": feeds.grouped, "slices": feeds.slices}


def check(connection: Connection[SapSettings]) -> list[Finding]:
    """Tell in plain words whether the credentials are good and which services they may read."""
    with client(connection) as api:
        reader = _reader(api, connection.settings)
        return probe((listing.title, partial(feeds.first_page, reader, listing)) for listing in LISTINGS.values())

"""Mailchimp: audiences, mailings with their reports, web shops and automations of one account, through the Marketing API 3.0.

There is no cursor and little order: members are read by moment of change, everything else whole or, for reports, as far back as they
still change. Deliberately absent: contents of mailings, segments, landing pages, SMS, carts and products of the shops (orders name
what was bought), and rates, which follow from the counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from typing import Any
from urllib.parse import urljoin, urlsplit

import msgspec

from dlt_sources.assembly import State, assemble, probe
from dlt_sources.connection import Connection, Finding, Unavailable
from dlt_sources.http import (
    ApiClient,
    Application,
    Auth,
    AuthenticationRejected,
    MalformedReply,
    Policy,
    ReauthorizationRequired,
    Reply,
    Request,
    SourceError,
    StaticToken,
    basic,
    origin,
)
from dlt_sources.mailchimp import reading, records
from dlt_sources.mailchimp.pages import fetch
from dlt_sources.records import Archive
from dlt_sources.records.intake import Endpoint

_CENTRE = re.compile(r"-([a-z]{2,}\d+)$")
_VENDOR = ".api.mailchimp.com"
_FORBIDDEN = 403
_ESSENTIAL = frozenset({"lists", "members", "campaigns", "reports"})
_READERS = {"members": reading.members, "reports": reading.reports, "orders": reading.orders}


class MailchimpSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keys of a Mailchimp connection: an API key, an access token, or an app's id and secret with consent.

    ``base_url`` is by default that of the data centre that a key names at its end (``...-us6``), or that the vendor names for a token.
    """

    api_key: str = ""
    access_token: str = ""
    client_id: str = ""
    client_secret: str = ""
    refresh_token: str | None = None
    base_url: str | None = None
    token_url: str = "https://login.mailchimp.com/oauth2/token"  # noqa: S105 - an address
    authorize_url: str = "https://login.mailchimp.com/oauth2/authorize"
    report_restate_days: int = 90
    hours_between_reconciliations: int = 168
    report_details_per_run: int = 200

    def __post_init__(self) -> None:
        if not self.api_key and not self.access_token and not (self.client_id and self.client_secret):
            raise ValueError("set api_key, or access_token, or client_id and client_secret with consent")
        if self.api_key and not self.base_url and not _CENTRE.search(self.api_key):
            raise ValueError("api_key must end with its data centre, such as -us6; or set base_url")
        if self.report_restate_days < 1 or self.report_details_per_run < 1:
            raise ValueError("report_restate_days and report_details_per_run must be 1 or more")


def _auth(connection: Connection[MailchimpSettings]) -> Auth:
    settings = connection.settings
    if settings.api_key:
        return basic("finance-hub", settings.api_key)
    if settings.access_token:
        return StaticToken(settings.access_token)
    if not settings.refresh_token and connection.tokens.current(connection.name) is None:
        raise ReauthorizationRequired(
            f"Connection '{connection.name}' has no consent yet: run `finance-hub connections authorize {connection.name}`."
        )
    return application(settings).auth(connection.name, connection.tokens)


def application(settings: MailchimpSettings) -> Application:
    """What Mailchimp must know for a first consent. It has no scopes; its access tokens have no end."""
    return Application(
        settings.authorize_url,
        settings.token_url,
        settings.client_id,
        settings.client_secret,
        "",
        settings.refresh_token,
        client_in_form=True,
    )


@dataclass(frozen=True)
class _TokenOnly:
    """The same credentials as the vendor wants them where it tells a token's data centre: ``OAuth`` instead of ``Bearer``."""

    auth: Auth

    def headers(self, method: str, url: str) -> Mapping[str, str]:
        """Return the header with the token."""
        return {"Authorization": self.auth.headers(method, url)["Authorization"].replace("Bearer ", "OAuth ", 1)}

    def rejected(self) -> bool:
        """Whether a new token can be had."""
        return self.auth.rejected()


def address(connection: Connection[MailchimpSettings]) -> str:
    """The root of the API for this connection: as set, as the key says, or as the vendor says of the token.

    Raises :class:`AuthenticationRejected` where the token is unknown there, and :class:`SourceError` for an address that is no
    Mailchimp's: credentials go nowhere else.
    """
    settings = connection.settings
    if settings.base_url:
        return settings.base_url
    if found := _CENTRE.search(settings.api_key or settings.access_token):
        return f"https://{found[1]}{_VENDOR}/3.0"
    about = urljoin(settings.token_url, "metadata")
    with ApiClient(connection.name, about, _TokenOnly(_auth(connection)), _policy()) as api:
        told = api.send(Request("GET", about), _metadata)
    endpoint = told.get("api_endpoint", "")
    if not isinstance(endpoint, str) or not endpoint:
        raise AuthenticationRejected(
            f"Connection '{connection.name}': Mailchimp does not know this token ({told.get('error', 'no data centre told')}); "
            f"run `finance-hub connections authorize {connection.name}`, or set a new access_token."
        )
    place = urlsplit(endpoint)
    if origin(endpoint) != origin(settings.token_url) and not (
        place.scheme == "https" and (place.hostname or "").endswith(_VENDOR)
    ):
        raise SourceError(
            f"Connection '{connection.name}': Mailchimp names {origin(endpoint)} as its address, which is not its own; set base_url."
        )
    return f"{endpoint.rstrip('/')}/3.0"


def _metadata(reply: Reply) -> dict[str, object]:
    try:
        return msgspec.json.decode(reply.body, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise MalformedReply(f"{reply.request} did not answer with an object; check token_url.") from None


def _policy() -> Policy:
    """Ten calls may be under way at once, of all that read the account; no header says how long to wait.

    Somebody who asks far too much gets a bare 403, which is no word on permissions.
    """

    def too_much(reply: Reply) -> bool | None:
        return True if reply.status == _FORBIDDEN and not reply.body.lstrip().startswith(b"{") else None

    return Policy(retries=6, read_timeout=150.0, max_delay=60.0, classify=too_much)


def client(connection: Connection[MailchimpSettings], base_url: str) -> ApiClient:
    """A client for one connection."""
    return ApiClient(connection.name, base_url, _auth(connection), _policy())


def source(connection: Connection[MailchimpSettings], unavailable: Unavailable | None = None) -> Any:
    """The dlt source: one resource per collection; the details of reports are read along with these.

    Tables that the credentials may not read are named in ``unavailable``, unless no marketing remains without them.
    """
    archive, settings = Archive(connection.archive, "mailchimp", connection.name), connection.settings
    located: Callable[[], str] = cache(partial(address, connection))

    def read(endpoint: Endpoint, state: State) -> Iterator[Any]:
        with client(connection, located()) as api:
            session = reading.Session(
                connection.name,
                api,
                archive,
                timedelta(days=settings.report_restate_days),
                timedelta(hours=settings.hours_between_reconciliations),
                settings.report_details_per_run,
            )
            yield from _READERS.get(endpoint.name, reading.whole)(session, endpoint, state)

    return assemble("mailchimp", records.ENDPOINTS, read, essential=_ESSENTIAL, unavailable=unavailable)


def check(connection: Connection[MailchimpSettings]) -> list[Finding]:
    """Tell in plain words whether the credentials are good and what they may read."""
    try:
        found = address(connection)
        api = client(connection, found)
    except SourceError as trouble:
        return [Finding(ok=False, subject="credentials", message=str(trouble))]

    def first_page(path: str, key: str) -> int:
        return len(fetch(api, Request("GET", path, {"count": "1", "offset": "0"}), key)[1])

    with api:
        return probe((path, partial(first_page, path, key)) for path, key in [*reading.WHOLE.values(), ("reports", "reports")])

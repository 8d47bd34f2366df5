"""QuickBooks Online: books of one company, through the Accounting API v3.

QuickBooks has no list of ledger entries: the ledger is what its transactions post, by the rules in the README. They are read by
query once, then by change data capture. Deliberately absent: reports (the hub computes them), estimates and orders (they post
nothing), payroll, attachments.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import msgspec

from dlt_sources.assembly import State, assemble, probe
from dlt_sources.connection import Connection, Finding, Unavailable
from dlt_sources.http import (
    ApiClient,
    Application,
    BadRequest,
    PermissionMissing,
    Policy,
    RateLimit,
    ReauthorizationRequired,
)
from dlt_sources.quickbooks import records
from dlt_sources.quickbooks.answers import TRACE_HEADER, query
from dlt_sources.quickbooks.reading import Books, rates, whole
from dlt_sources.records import Archive
from dlt_sources.records.intake import Endpoint, Intake

SCOPES = "com.intuit.quickbooks.accounting"
TOKEN_HEADERS = {"x-include-refresh-token-hard-expires-in": "true"}
_CONSENT_WARNING = timedelta(days=60)
_BOOKS = Endpoint("books", records.Deletion, (), lambda d: str(d.id))
_BY_NAME = {endpoint.name: entity for entity, endpoint in records.WHOLE.items()}


class QuickBooksSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keys of a QuickBooks connection; addresses are those of production by default.

    ``refresh_token`` is the first one, and may be left out where consent is given with ``connections authorize``; its value changes
    daily and is kept in the token store. ``throttle_pause`` is waited, in seconds, when QuickBooks says that calls are too many.
    """

    client_id: str
    client_secret: str
    realm_id: str
    refresh_token: str | None = None
    base_url: str = "https://quickbooks.api.intuit.com"
    token_url: str = "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer"  # noqa: S105 - an address
    authorize_url: str = "https://appcenter.intuit.com/connect/oauth2"
    calls_per_minute: int = 450
    calls_per_second: int = 8
    throttle_pause: float = 60.0

    def __post_init__(self) -> None:
        if not self.realm_id.strip().isdigit():
            raise ValueError("realm_id must be the company's number, as QuickBooks shows it under Account and settings")
        if self.calls_per_minute < 1 or self.calls_per_second < 1:
            raise ValueError("calls_per_minute and calls_per_second must be 1 or more")


def client(connection: Connection[QuickBooksSettings]) -> ApiClient:
    """A client of the Accounting API for one connection.

    Raises :class:`ReauthorizationRequired` where nobody has consented yet.
    """
    settings = connection.settings
    if not settings.refresh_token and connection.tokens.current(connection.name) is None:
        raise ReauthorizationRequired(
            f"Connection '{connection.name}' has no consent yet: run `finance-hub connections authorize {connection.name}`, "
            "or set refresh_token."
        )
    auth = application(settings).auth(connection.name, connection.tokens)
    policy = Policy(
        read_timeout=150.0,  # QuickBooks itself gives up after 120 seconds
        limits=(RateLimit(settings.calls_per_minute, 60.0), RateLimit(settings.calls_per_second, 1.0)),
        throttle_pause=settings.throttle_pause,
        trace_header=TRACE_HEADER,
    )
    return ApiClient(connection.name, settings.base_url, auth, policy, pacer=connection.pacer(policy.limits))


def application(settings: QuickBooksSettings) -> Application:
    """What Intuit must know for a first consent; its answer names the company, which must be that of the settings."""
    return Application(
        settings.authorize_url,
        settings.token_url,
        settings.client_id,
        settings.client_secret,
        SCOPES,
        settings.refresh_token,
        expects={"realmId": settings.realm_id},
        token_headers=TOKEN_HEADERS,
    )


def source(connection: Connection[QuickBooksSettings], unavailable: Unavailable | None = None) -> Any:
    """The dlt source: the books in one resource, since one call tells the changes of all entities, and small lists in theirs.

    What the company's plan lacks, or the credentials may not read, is named in ``unavailable``, unless no ledger can be built
    without it.
    """
    archive = Archive(connection.archive, "quickbooks", connection.name)
    missing = unavailable if unavailable is not None else Unavailable()
    realm_id = connection.settings.realm_id

    def intake(endpoint: Endpoint, known: dict[str, str]) -> Intake:
        return Intake(endpoint, connection_id=connection.name, archive=archive, known=known)

    def read(endpoint: Endpoint, state: State) -> Iterator[Any]:
        with client(connection) as api:
            if endpoint is _BOOKS:
                yield from Books(api, realm_id, state, intake, missing).read()
                return
            taking = intake(endpoint, state.setdefault("known", {}))
            answers = (
                rates(api, realm_id, state) if endpoint is records.EXCHANGE_RATES else whole(api, realm_id, _BY_NAME[endpoint.name])
            )
            try:
                for answer in answers:
                    if answer.rows:
                        yield from taking.take(answer.reply, answer.rows)
            except BadRequest as refusal:
                raise PermissionMissing(str(refusal)) from None
            yield from taking.finish()

    endpoints = (*records.WHOLE.values(), _BOOKS, records.EXCHANGE_RATES)
    essential = (records.COMPANY_INFO.name, records.PREFERENCES.name, _BOOKS.name)
    return assemble("quickbooks", endpoints, read, essential=essential, unavailable=missing)


def check(connection: Connection[QuickBooksSettings]) -> list[Finding]:
    """Tell in plain words whether the consent holds and for how long, and what may be read."""

    def first_page(entity: str) -> int:
        return len(query(api, connection.settings.realm_id, entity, f"select * from {entity} maxresults 1").rows)

    try:
        api = client(connection)
    except ReauthorizationRequired as trouble:
        return [Finding(ok=False, subject="consent", message=str(trouble))]
    with api:
        findings = probe((entity, partial(first_page, entity)) for entity in (*records.WHOLE, *records.CAPTURED))
    return [*_consent(connection), *findings]


def _consent(connection: Connection[QuickBooksSettings]) -> list[Finding]:
    """When the consent ends, once that is near."""
    tokens = connection.tokens.current(connection.name)
    ends = tokens.consent_expires_at if tokens else None
    if ends is None:
        return []
    left = ends - datetime.now(UTC)
    if left > _CONSENT_WARNING:
        return [Finding(ok=True, subject="consent", message=f"holds until {ends:%Y-%m-%d}")]
    return [
        Finding(
            ok=left > timedelta(),
            subject="consent",
            message=f"ends for good on {ends:%Y-%m-%d}, in {max(left.days, 0)} days, however much it is used: "
            f"run `finance-hub connections authorize {connection.name}` before.",
        )
    ]

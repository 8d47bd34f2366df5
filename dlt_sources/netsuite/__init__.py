"""NetSuite: books and budgets of one account, through SuiteQL over REST.

Small tables are read whole and what vanished from them is taken out; parties, items and transactions by their moment of change, less
an overlap, since moments are in the account's time zone; deletions from ``deletedrecord``. Fields and tables that an account lacks are
left out and told. Deliberately absent: the record API, which needs a call for each record.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping, MutableMapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from dlt_sources.assembly import State, assemble, probe
from dlt_sources.connection import Connection, Finding, Unavailable
from dlt_sources.http import ApiClient, Auth, AuthenticationRejected, OAuth1, OAuth2, Policy, SourceError
from dlt_sources.netsuite import records
from dlt_sources.netsuite.ledger import Versions, before, deleted_since, read_ledger
from dlt_sources.netsuite.records import Listing
from dlt_sources.netsuite.suiteql import Patience, Query, changed_from, key_of, moment_of
from dlt_sources.records import Archive
from dlt_sources.records.intake import Endpoint, Intake, fingerprint

_TOKEN_PATH = "services/rest/auth/oauth2/v1/token"  # noqa: S105 - an address
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_SECONDS = 1800
_ALGORITHMS = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
_ESSENTIAL = frozenset({"transaction", "account"})
_RATES_OVERLAP = timedelta(days=40)  # rates of a month are corrected at its end
_LONGEST_QUERY = 900.0  # seconds; NetSuite gives up then
_BAD_REQUEST = 400
_BATCH_ROWS = 10_000


class NetSuiteSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keys of a NetSuite connection; the addresses follow from the account.

    OAuth 2.0: ``client_id``, ``certificate_id`` and the private key of that certificate, as PEM text or in a file. The old way (TBA):
    ``consumer_key``, ``consumer_secret``, ``token_id``, ``token_secret``. ``accounting_book`` is an id; the primary one by default.
    """

    account_id: str | int
    client_id: str = ""
    certificate_id: str = ""
    private_key: str = ""
    private_key_file: str = ""
    consumer_key: str = ""
    consumer_secret: str = ""
    token_id: str = ""
    token_secret: str = ""
    accounting_book: str | int = ""
    overlap_hours: float = 26.0
    base_url: str | None = None
    token_url: str | None = None

    def __post_init__(self) -> None:
        if not str(self.account_id).strip():
            raise ValueError("account_id must be the account's id, such as 1234567 or 1234567_SB1")
        if not str(self.accounting_book).isdigit() and self.accounting_book != "":
            raise ValueError("accounting_book must be the id of an accounting book, a whole number")
        if not 0 <= self.overlap_hours <= 24 * 366:
            raise ValueError("overlap_hours must be between 0 and a year")
        old_way = {name: getattr(self, name) for name in ("consumer_key", "consumer_secret", "token_id", "token_secret")}
        if self.client_id or self.certificate_id or not any(old_way.values()):
            if not (self.client_id and self.certificate_id and (self.private_key or self.private_key_file)):
                raise ValueError(
                    "client_id, certificate_id and private_key (or private_key_file) are needed, or the four keys of TBA"
                )
        elif missing := [name for name, value in old_way.items() if not value]:
            raise ValueError(f"{missing[0]} is missing: token-based authentication needs all four of {', '.join(old_way)}")

    @property
    def address(self) -> str:
        """Where the account's services are."""
        return (
            self.base_url or f"https://{str(self.account_id).strip().lower().replace('_', '-')}.suitetalk.api.netsuite.com"
        ).rstrip("/")

    @property
    def token_address(self) -> str:
        """Where access tokens are issued; also whom an assertion is for."""
        return self.token_url or f"{self.address}/{_TOKEN_PATH}"

    def __repr__(self) -> str:
        return f"NetSuiteSettings({self.account_id!r})"


def client(connection: Connection[NetSuiteSettings], patience: Patience) -> ApiClient:
    """A client of the account's REST services."""
    settings = connection.settings
    policy = Policy(
        retries=6,
        base_delay=1.0,
        max_delay=60.0,
        read_timeout=_LONGEST_QUERY,
        deadline=2 * _LONGEST_QUERY,
        told=frozenset({_BAD_REQUEST}),
        classify=patience.classify,
    )
    return ApiClient(connection.name, settings.address, _auth(connection), policy, extra_origins=[settings.token_address])


def _auth(connection: Connection[NetSuiteSettings]) -> Auth:
    settings = connection.settings
    if not settings.client_id:
        return OAuth1(
            consumer_key=settings.consumer_key,
            consumer_secret=settings.consumer_secret,
            token=settings.token_id,
            token_secret=settings.token_secret,
            realm=str(settings.account_id).strip().upper().replace("-", "_"),
        )
    return OAuth2(
        connection.name,
        connection.tokens,
        token_url=settings.token_address,
        client_id=settings.client_id,
        assertion=lambda: _assertion(connection.name, settings),
    )


def _assertion(name: str, settings: NetSuiteSettings) -> Mapping[str, str]:
    """Form fields that prove the integration: a statement signed with the certificate's key."""
    import jwt
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    told = settings.private_key.replace("\\n", "\n")  # as environment variables carry it
    try:
        pem = told.encode() if told else Path(settings.private_key_file).expanduser().read_bytes()
        key = load_pem_private_key(pem, password=None)
        curve = key.curve.name if isinstance(key, ec.EllipticCurvePrivateKey) else ""
        algorithm = _ALGORITHMS[curve] if curve else "PS256"
        now = int(time.time())
        claims: dict[str, Any] = {"iss": settings.client_id, "scope": ["rest_webservices"], "aud": settings.token_address}
        claims |= {"iat": now, "exp": now + _ASSERTION_SECONDS, "jti": uuid.uuid4().hex}
        signed = jwt.encode(claims, key, algorithm=algorithm, headers={"typ": "JWT", "kid": settings.certificate_id})  # type: ignore[arg-type]
    except (OSError, ValueError, TypeError, KeyError, jwt.PyJWTError):
        # The library's texts could hold parts of the key.
        raise AuthenticationRejected(
            f"Connection '{name}': private_key or private_key_file holds no RSA or EC private key in PEM form without a password."
        ) from None
    return {"client_assertion_type": _ASSERTION_TYPE, "client_assertion": signed}


def source(connection: Connection[NetSuiteSettings], unavailable: Unavailable | None = None) -> Any:
    """The dlt source: one resource per table, but one for transactions with both kinds of their lines.

    Tables and fields (``transactionline.class``) that the account or the role lacks are named in ``unavailable``, unless the books
    cannot be built without them.
    """
    archive = Archive(connection.archive, "netsuite", connection.name)
    missing = unavailable if unavailable is not None else Unavailable()
    overlap = timedelta(hours=connection.settings.overlap_hours)
    whole = {listing.table: listing for listing in records.WHOLE}
    changing = {listing.table: listing for listing in records.CHANGING}
    dated = {listing.table: listing for listing in records.DATED}

    def open_intake(listing: Listing, known: MutableMapping[str, str] | None) -> Intake:
        return Intake(listing.endpoint, connection_id=connection.name, archive=archive, known=known, batch_rows=_BATCH_ROWS)

    def read(endpoint: Endpoint, state: State) -> Iterator[Any]:
        patience = Patience()
        with client(connection, patience) as api:
            query = Query(api, missing, patience)
            if endpoint is records.LEDGER:
                yield from read_ledger(query, state, open_intake, book=_book(query, connection.settings), overlap=overlap)
            elif endpoint.name in whole:
                yield from _whole(query, whole[endpoint.name], state, open_intake)
            elif endpoint.name in changing:
                yield from _changed(query, changing[endpoint.name], state, open_intake, overlap)
            else:
                listing = dated[endpoint.name]
                yield from _dated(
                    query, listing, state, open_intake, _RATES_OVERLAP if listing is records.CURRENCY_RATES else overlap
                )

    return assemble("netsuite", records.ENDPOINTS, read, essential=_ESSENTIAL, unavailable=missing)


def check(connection: Connection[NetSuiteSettings]) -> list[Finding]:
    """Tell in plain words whether the credentials are good and what the role may read."""
    patience = Patience()
    with client(connection, patience) as api:
        query = Query(api, Unavailable(), patience)
        return probe((listing.table, partial(query.first_page, listing)) for listing in records.LISTINGS)


def _book(query: Query, settings: NetSuiteSettings) -> str:
    """The accounting book to read: the one in the settings, else the primary one, which is 1 where books are not told."""
    if settings.accounting_book != "":
        return str(settings.accounting_book)
    try:
        rows = [
            msgspec.json.decode(row, type=records.AccountingBook) for answer in query.pages(records.BOOKS) for row in answer.rows
        ]
    except (SourceError, msgspec.DecodeError):
        return "1"
    return next((row.id for row in rows if row.isprimary == "T"), "1")


def _whole(query: Query, listing: Listing, state: State, open_intake: Any) -> Iterator[Any]:
    """A small table: unchanged rows are left out, rows that are there no more are taken out."""
    known: dict[str, str] = state.setdefault("known", {})
    intake, seen = open_intake(listing, known), set()
    for answer in query.pages(listing):
        yield from intake.take(answer.reply, answer.rows)
        seen |= {"|".join(key_of(row, listing)) for row in answer.rows}
    vanished = sorted(known.keys() - seen)
    yield from intake.gone([tuple(key.split("|")) for key in vanished])
    for key in vanished:
        del known[key]
    yield from intake.finish()


def _changed(query: Query, listing: Listing, state: State, open_intake: Any, overlap: timedelta) -> Iterator[Any]:
    """Rows that changed since the newest moment of the last run, less the overlap; all where the account tells no moments."""
    newest = max(query.newest(listing), state.get("changed_until", ""))
    first = "changed_until" not in state
    floor = before(state.get("changed_until") or newest, overlap)
    known = None if first else dict(state.get("known", {}))
    intake = open_intake(listing, known)
    yield from intake.gone(deleted_since(query, listing, state, overlap))
    recent: dict[str, str] = {}
    for answer in query.pages(listing, [] if first else changed_from(listing, floor)):
        yield from intake.take(answer.reply, answer.rows)
        recent |= {key_of(row, listing)[0]: fingerprint(row) for row in answer.rows if moment_of(row, listing) >= floor}
    yield from intake.finish()
    state.update(changed_until=newest, known=recent)


def _dated(query: Query, listing: Listing, state: State, open_intake: Any, overlap: timedelta) -> Iterator[Any]:
    """Rows that are only ever added, by day or moment, less the overlap."""
    newest: str = state.get("changed_until", "")
    floor = _earlier(newest, overlap)
    known: dict[str, str] = state.setdefault("known", {})
    moments: dict[str, str] = {}
    intake = open_intake(listing, known)
    for answer in query.since(listing, floor):
        yield from intake.take(answer.reply, answer.rows)
        for row in answer.rows:
            moment = moment_of(row, listing)
            moments["|".join(key_of(row, listing))] = moment
            newest = max(newest, moment)
        edge = _earlier(newest, overlap)
        for key in [key for key, moment in moments.items() if moment < edge]:
            del moments[key]
            known.pop(key, None)
    yield from intake.finish()
    state["known"] = {key: known[key] for key in moments if key in known}
    state["changed_until"] = newest


def _earlier(moment: str, overlap: timedelta) -> str:
    """A moment or a day less the overlap, in the same form."""
    return before(f"{moment} 00:00:00", overlap)[: len(moment)] if len(moment) == len("2026-01-31") else before(moment, overlap)


__all__ = ["NetSuiteSettings", "Versions", "check", "client", "source"]

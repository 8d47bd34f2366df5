"""Oracle Fusion Cloud Financials: ledger, documents of Payables and Receivables, through the REST API or BICC's extracts.

Journals and documents are read by their moment of change with a day's overlap, balances by period, small lists whole. Cancelled,
voided and reversed documents come with their status. Deliberately absent: unposted journals, documents not yet final, projects.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from typing import Any

import httpx
import msgspec

from dlt_sources.assembly import State, assemble, probe
from dlt_sources.connection import Connection, Finding, Unavailable
from dlt_sources.files import Bucket, Folder, Store
from dlt_sources.http import ApiClient, Policy, Reply
from dlt_sources.oracle_fusion import documents, extracts, ledger, listings, records
from dlt_sources.oracle_fusion.credentials import auth_of, pem, thumbprint
from dlt_sources.oracle_fusion.ledger import Books, Chart, Told
from dlt_sources.oracle_fusion.manifests import listed
from dlt_sources.oracle_fusion.rest import Judge, Rest
from dlt_sources.records import Archive, Table
from dlt_sources.records.intake import Endpoint, Intake

_ESSENTIAL = frozenset({"ledgers", "journal_batches"})
_PAIR = re.compile(r"^\s*([A-Za-z_]\w*)\s*(?:=\s*(\w+)\s*)?$")


class OracleSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keys of an Oracle Fusion connection.

    Credentials: ``username`` and ``password``; or ``client_id``, ``client_secret`` and ``scope`` at ``token_url``; the same with
    ``username`` and ``private_key`` for a user's assertion; or ``username``, ``private_key``, ``certificate`` and ``issuer``.
    ``segments`` names the chart's segments in order (``company, account, cost_center=department``: role, and the chart's own name
    where it differs). ``extract_folder`` or ``extract_url`` read BICC's extracts in place of the REST API.
    """

    base_url: str | None = None
    ledger: str = ""
    username: str = ""
    password: str = ""
    client_id: str = ""
    client_secret: str = ""
    token_url: str | None = None
    scope: str = ""
    private_key: str = ""
    key_id: str = ""
    certificate: str = ""
    issuer: str = ""
    business_unit: str = ""
    segments: str = ""
    delimiter: str = "-"
    value_sets: str = ""
    rate_currencies: str = "USD,EUR,GBP,JPY"
    rate_type: str = "Corporate"
    first_day: str = ""
    extract_folder: str = ""
    extract_url: str | None = None

    def __post_init__(self) -> None:
        for text, name in ((self.segments, "segments"), (self.value_sets, "value_sets")):
            if not all(_PAIR.match(part) for part in text.split(",") if text):
                raise ValueError(f"{name} must be names with commas between, such as company, account, cost_center=department")
        if not re.fullmatch(r"[A-Z]{3}(\s*,\s*[A-Z]{3})*", self.rate_currencies):
            raise ValueError("rate_currencies must be three-letter codes separated by commas, such as USD,EUR")
        if len(self.delimiter) != 1:
            raise ValueError("delimiter must be the one character between the segments of an account combination")
        if self.first_day:
            date.fromisoformat(self.first_day)
        if self.extract_folder and self.extract_url:
            raise ValueError("set extract_folder or extract_url, not both")
        if self.extract_folder or self.extract_url:
            if not self.segments:
                raise ValueError("segments must name the chart's segments in order: extracts number them only")
            return
        if not self.base_url:
            raise ValueError("base_url must be the pod's address up to .../fscmRestApi/resources/11.13.18.05")
        self._check_credentials()

    def _check_credentials(self) -> None:
        if self.issuer:
            if not (self.username and self.private_key and self.certificate):
                raise ValueError("a trusted issuer needs username, private_key and certificate beside issuer")
            try:
                thumbprint(pem(self.certificate))
            except ValueError:
                raise ValueError("certificate must be the PEM text of the certificate that the pod trusts") from None
            return
        if self.client_id:
            if not (self.client_secret and self.token_url):
                raise ValueError("client_id needs client_secret and token_url, such as https://<domain>/oauth2/v1/token")
            if self.private_key and not self.username:
                raise ValueError("private_key with client_id signs the assertion of a user: set username")
            return
        if not (self.username and self.password):
            raise ValueError("credentials are missing: set username and password, or client_id, client_secret and token_url")

    def chart(self) -> Chart:
        """The chart of accounts as far as the settings tell it."""
        segments = tuple((attribute or role, role) for role, attribute in _pairs(self.segments))
        return Chart(segments, self.delimiter, {role: code or role for role, code in _pairs(self.value_sets)})


def _pairs(text: str) -> list[tuple[str, str]]:
    return [(match[1], match[2] or "") for part in text.split(",") if (match := _PAIR.match(part))]


ENDPOINTS: tuple[Endpoint, ...] = (
    records.LEDGERS,
    records.CHARTS_OF_ACCOUNTS,
    records.CHART_SEGMENTS,
    records.ACCOUNT_COMBINATIONS,
    records.SEGMENT_VALUES,
    records.ACCOUNTING_PERIODS,
    records.PERIOD_STATUSES,
    records.JOURNAL_BATCHES,
    records.LEDGER_BALANCES,
    records.CURRENCY_RATES,
    documents.SUPPLIERS,
    documents.INVOICES,
    documents.PAYMENTS,
    documents.RECEIVABLES_INVOICES,
    documents.CREDIT_MEMOS,
    documents.STANDARD_RECEIPTS,
)
TABLES: tuple[Table, ...] = (*(table for endpoint in ENDPOINTS for table in endpoint.tables), extracts.PRIMARY_KEYS)


def client(connection: Connection[OracleSettings], judge: Callable[[Reply], bool | None] = lambda _reply: None) -> ApiClient:
    """A client of the pod. ``judge`` sees refusals first."""
    settings = connection.settings
    policy = Policy(retries=5, max_delay=60.0, deadline=900.0, read_timeout=180.0, classify=judge)
    return ApiClient(connection.name, settings.base_url or "", auth_of(connection.name, settings, connection.tokens), policy)


def source(connection: Connection[OracleSettings], unavailable: Unavailable | None = None) -> Any:
    """The dlt source: one resource per collection, each feeding the tables of its declaration.

    Collections that the credentials may not read are named in ``unavailable``, unless the ledger cannot be built without them.
    """
    settings = connection.settings
    archive = Archive(connection.archive, "oracle_fusion", connection.name)
    if settings.extract_folder or settings.extract_url:
        return _extracts(connection, archive)
    told = Told(settings.chart())

    def read(endpoint: Endpoint, state: State) -> Iterator[Any]:
        known = state.setdefault("known", {})
        intake = Intake(endpoint, connection_id=connection.name, archive=archive, known=known)
        parts = Intake(endpoint, connection_id=connection.name, archive=archive, known=None, listing="parts")
        judge = Judge()
        with client(connection, judge) as api:
            rows = _read(endpoint, Books(Rest(api, judge), settings.ledger, told), state, intake, parts)
            yield from rows if endpoint.name in _ESSENTIAL else listings.optional(rows)
        yield from intake.finish()
        yield from parts.finish()

    def _read(endpoint: Endpoint, found: Books, state: State, intake: Intake, parts: Intake) -> Iterator[Any]:
        if endpoint.name == records.JOURNAL_BATCHES.name:
            return ledger.journals(found, state, intake, parts)
        if endpoint.name == records.CURRENCY_RATES.name:
            currencies = [code.strip() for code in settings.rate_currencies.split(",")]
            first_day = date.fromisoformat(settings.first_day) if settings.first_day else None
            return ledger.currency_rates(found, state, intake, currencies, settings.rate_type, first_day)
        if endpoint.name == records.LEDGER_BALANCES.name:
            return ledger.ledger_balances(found, state, intake)
        if endpoint.name in _OF_THE_CHART:
            return _OF_THE_CHART[endpoint.name](found, intake)
        return listings.read_listing(found.rest, endpoint, state, intake, archive, settings.business_unit)

    endpoints = [records.of_ledger(settings.ledger) if each is records.JOURNAL_BATCHES else each for each in ENDPOINTS]
    return assemble("oracle_fusion", endpoints, read, essential=_ESSENTIAL, unavailable=unavailable)


def _extracts(connection: Connection[OracleSettings], archive: Archive) -> Any:
    """One resource for all extracts: a manifest names files of many tables."""
    settings = connection.settings

    def read(_endpoint: Endpoint, state: State) -> Iterator[Any]:
        yield from extracts.of(connection.name, _store(connection), settings.chart(), settings.ledger, TABLES, archive, state)

    return assemble("oracle_fusion", (extracts.EXTRACTS,), read, essential=(extracts.EXTRACTS.name,))


def _store(connection: Connection[OracleSettings]) -> Store:
    settings = connection.settings
    if settings.extract_url:
        return Bucket(connection.name, settings.extract_url, key="extract_url")
    return Folder(connection.name, settings.extract_folder, key="extract_folder")


_OF_THE_CHART: dict[str, Callable[[Books, Intake], Iterator[Any]]] = {
    records.CHART_SEGMENTS.name: ledger.chart_segments,
    records.ACCOUNT_COMBINATIONS.name: ledger.account_combinations,
    records.SEGMENT_VALUES.name: ledger.segment_values,
}


def deep_link(settings: OracleSettings, document_kind: str, document_id: str) -> str | None:
    """The pod's own page of a supplier's invoice; of other documents Oracle publishes no address."""
    if document_kind not in {"purchase", "purchase_credit"} or not settings.base_url:
        return None
    pod = httpx.URL(settings.base_url).copy_with(path="/fscmUI/faces/deeplink", query=None)
    return f"{pod}?objType=AP_VIEWINVOICE&action=VIEW&objKey=InvoiceId%3D{document_id}"


def check(connection: Connection[OracleSettings]) -> list[Finding]:
    """Tell in plain words whether the credentials are good and what they may read."""
    if connection.settings.extract_folder or connection.settings.extract_url:
        return probe([("extracts", lambda: len(listed(_store(connection)).manifests))])
    judge = Judge()
    with client(connection, judge) as api:
        rest = Rest(api, judge)
        paths = ["journalBatches", "accountCombinationsLOV", *(listing.path for listing in listings.LISTINGS.values())]
        findings = probe((path, partial(_first_page, rest, path)) for path in dict.fromkeys(paths))
        if findings[-1].ok and connection.settings.ledger:
            found = Books(rest, connection.settings.ledger, Told(Chart())).ledgers()
            message = "found" if found else "there is no such ledger that the credentials may see; correct ledger"
            findings.append(Finding(ok=bool(found), subject=f"ledger {connection.settings.ledger}", message=message))
    return findings


def _first_page(rest: Rest, path: str) -> int:
    return len(rest.first(path, {"limit": "1", "onlyData": "true"})[1])

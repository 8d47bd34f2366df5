"""The hub's source against the emulator: what it may not read, what changes while it reads, and what does not fit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
import pytest

from dlt_sources.connection import Connection
from dlt_sources.http import IncompleteRead, TokenStore, load_key
from dlt_sources.xero import SCOPES, XeroSettings, application, client, deep_link
from dlt_sources.xero.listings import changed
from dlt_sources.xero.records import BATCH_PAYMENTS, INVOICES, MANUAL_JOURNALS
from finance_hub import ingestion, settings, warehouse
from sandbox.server import RunningSandbox
from tests.conftest import connect
from tests.http.fault_server import FaultServer, http, say

IN_THEIR_PLACE = ("Payments", "ManualJournals")


class Hub:
    """A hub that reads the small books."""

    def __init__(self, home: Path, url: str) -> None:
        self.found = settings.load(connect(home, url))
        warehouse.prepare(self.found)

    def read(self) -> ingestion.Loaded:
        return ingestion.load(self.found, ingestion.extract(self.found, self.found.connections["books"]))

    def count(self, table: str) -> int:
        with warehouse.reading(self.found.warehouse) as database:
            return int(database.execute(f"select count(*) from xero.{table}").fetchone()[0])


@pytest.fixture
def hub(sandbox: RunningSandbox, tmp_path: Path) -> Hub:
    return Hub(tmp_path, sandbox.url)


@pytest.fixture
def refuse(sandbox: RunningSandbox) -> Iterator[Any]:
    """Let the vendor answer 403 on some listings."""

    def order(*listings: str) -> None:
        for listing in listings:
            fault = {"vendor": "xero", "path": f"*/{listing}", "kind": "forbidden", "times": 99}
            httpx.post(f"{sandbox.url}/_sandbox/faults", json=fault)

    yield order
    httpx.delete(f"{sandbox.url}/_sandbox/faults")


def test_without_journals_the_run_goes_on_and_names_their_tables(hub: Hub, refuse: Any) -> None:
    refuse("Journals")
    loaded = hub.read()
    assert loaded.unavailable.keys() == {"journals", "journal_lines", "journal_line_tracking"}
    assert all("403" in reason for reason in loaded.unavailable.values())
    assert loaded.rows["invoices"] > 20
    assert hub.count("manual_journal_lines") == 2
    assert hub.count("bank_transfers") == 1
    assert hub.read().rows == {}


def test_journals_that_come_later_are_read_from_the_first(hub: Hub, sandbox: RunningSandbox, refuse: Any) -> None:
    refuse("Journals")
    hub.read()
    httpx.delete(f"{sandbox.url}/_sandbox/faults")
    assert hub.read().rows.keys() == {"journals", "journal_lines", "journal_line_tracking"}


@pytest.mark.parametrize("listing", IN_THEIR_PLACE)
def test_a_ledger_that_is_neither_in_journals_nor_in_documents_is_a_failure(hub: Hub, refuse: Any, listing: str) -> None:
    refuse("Journals", listing)
    with pytest.raises(Exception, match=rf"rebuilt from documents, and {listing} may not be read either"):
        hub.read()
    assert hub.count("invoices") == 0


def test_journals_that_were_read_once_must_stay_readable(hub: Hub, refuse: Any) -> None:
    hub.read()
    refuse("Journals")
    with pytest.raises(Exception, match="would stand still while documents go on"):
        hub.read()


def test_with_journals_documents_are_what_can_be_spared(hub: Hub, refuse: Any) -> None:
    refuse("Prepayments", "ManualJournals", "TaxRates")
    loaded = hub.read()
    assert {"prepayments", "manual_journals", "tax_rates"} <= loaded.unavailable.keys()
    assert loaded.rows["journals"] > 50


def test_a_check_tells_what_becomes_of_a_ledger_without_journals(hub: Hub, refuse: Any) -> None:
    refuse("Journals")
    findings = {finding.subject: finding for finding in ingestion.check(hub.found, "books")}
    assert [subject for subject, finding in findings.items() if not finding.ok] == ["Journals"]
    assert findings["Journals"].message.endswith("Without them the ledger is rebuilt from documents.")
    assert len(findings) == 18


def test_scopes_are_those_of_the_settings() -> None:
    keys = {"client_id": "i", "client_secret": "s"}
    assert application(XeroSettings(**keys)).scope == f"openid offline_access {SCOPES}"
    granular = "accounting.invoices.read accounting.payments.read"
    assert application(XeroSettings(**keys, scopes=granular)).scope == f"openid offline_access {granular}"


@pytest.mark.parametrize(
    ("kind", "page"),
    [
        ("sale", "AccountsReceivable/View.aspx?InvoiceID=1"),
        ("payment_received", "Bank/ViewTransaction.aspx?bankTransactionID=1"),
        ("payment_made", "Bank/ViewTransaction.aspx?bankTransactionID=1"),
        ("bank_transfer", "Bank/ViewTransfer.aspx?bankTransferID=1"),
        ("journal", "Journal/View.aspx?invoiceID=1"),
    ],
)
def test_a_document_leads_to_the_vendors_own_page(kind: str, page: str) -> None:
    assert deep_link(XeroSettings("i", "s"), kind, "1") == f"https://go.xero.com/{page}"
    assert deep_link(XeroSettings("i", "s"), "allocation", "1") is None


TOKEN = say(http(json.dumps({"access_token": "a", "expires_in": 1800, "token_type": "Bearer"}).encode()))


def page(listing: str, *rows: object, number: int, count: int, total: int) -> Any:
    pagination = {"page": number, "pageSize": 1000, "pageCount": count, "itemCount": total}
    return say(http(json.dumps({"pagination": pagination, listing: rows}).encode()))


def invoice(key: str, second: int, **more: object) -> dict[str, object]:
    return {"InvoiceID": key, "UpdatedDateUTC": f"/Date({1_700_000_000_000 + second * 1000}+0000)/", **more}


def read(server: FaultServer, folder: Path, endpoint: Any, state: dict[str, Any]) -> list[Any]:
    keys = XeroSettings("i", "s", base_url=f"{server.url}/api.xro/2.0", token_url=f"{server.url}/token", calls_per_minute=10_000)
    with client(Connection("books", keys, folder, TokenStore(folder / "tokens", load_key(folder / "key")))) as api:
        return [msgspec.json.decode(row) for _, rows in changed(api, endpoint, state) for row in rows]


def test_a_listing_that_changed_while_it_was_read_is_read_again(tmp_path: Path) -> None:
    """A moved to the end between two pages, and C up into the first one, which had been read."""
    actions = [
        TOKEN,
        page("Invoices", invoice("A", 1), invoice("B", 2), number=1, count=2, total=4),
        page("Invoices", invoice("D", 4), invoice("A", 5), number=2, count=2, total=4),
        page("Invoices", invoice("B", 2), invoice("C", 3), number=1, count=2, total=4),
        page("Invoices", invoice("D", 4), invoice("A", 5), number=2, count=2, total=4),
    ]
    state: dict[str, Any] = {}
    with FaultServer(actions) as server:
        found = read(server, tmp_path, INVOICES, state)
    assert {each["InvoiceID"] for each in found} == {"A", "B", "C", "D"}
    assert state["changed_until"] == "2023-11-14T22:13:25"


def test_a_listing_that_never_stands_still_is_a_failure(tmp_path: Path) -> None:
    walk = [page("Invoices", invoice("A", second), number=number, count=2, total=2) for second, number in enumerate((1, 2) * 3)]
    with FaultServer([TOKEN, *walk]) as server, pytest.raises(IncompleteRead, match="change faster"):
        read(server, tmp_path, INVOICES, {})


def test_a_document_that_does_not_fit_holds_up_no_other(tmp_path: Path) -> None:
    rows = [invoice("A", 1), invoice("B", 2, Total="a lot"), {"InvoiceID": "C", "UpdatedDateUTC": "soon"}]
    state: dict[str, Any] = {}
    with FaultServer([TOKEN, page("Invoices", *rows, number=1, count=1, total=3)]) as server:
        assert len(read(server, tmp_path, INVOICES, state)) == 3, "the intake sets aside what does not fit"
    assert state["known_at"].keys() == {"A"}


@pytest.mark.parametrize(
    ("endpoint", "query"),
    [
        (INVOICES, {"pageSize": ["1000"], "order": ["UpdatedDateUTC ASC"], "page": ["1"]}),
        (MANUAL_JOURNALS, {"pageSize": ["1000"], "page": ["1"]}),
        (BATCH_PAYMENTS, {"order": ["UpdatedDateUTC ASC"]}),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_each_listing_is_asked_for_as_its_vendor_understands(tmp_path: Path, endpoint: Any, query: dict[str, list[str]]) -> None:
    """Only some are paged; manual journals that are asked for in an order come as one page, whatever their number."""
    listing = {"batch_payments": "BatchPayments", "manual_journals": "ManualJournals"}.get(endpoint.name, "Invoices")
    empty = say(http(json.dumps({listing: []}).encode()))
    with FaultServer([TOKEN, empty]) as server:
        read(server, tmp_path, endpoint, {"changed_until": "2026-01-01T00:02:00"})
    head = server.requests[1].splitlines()
    assert parse_qs(urlsplit(head[0].split(" ")[1]).query) == query
    assert "if-modified-since: 2026-01-01T00:00:00" in [line.lower().replace("t00", "T00") for line in head]

"""The vendor's own client reads the emulator, with nothing changed but the address."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from xero_python.accounting import AccountingApi
from xero_python.api_client import ApiClient, Configuration
from xero_python.api_client.oauth2 import OAuth2Token, TokenApi
from xero_python.exceptions import HTTPStatusException, NotFoundException
from xero_python.identity import IdentityApi

from sandbox.server import RunningSandbox, Shown

CLIENT = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}


class Xero:
    """xero-python, pointed at the emulator."""

    def __init__(self, url: str, token: dict[str, object]) -> None:
        TokenApi.refresh_token_url = TokenApi.client_credentials_token_url = f"{url}/xero/connect/token"
        self.token = token
        self.client = ApiClient(Configuration(oauth2_token=OAuth2Token(**CLIENT)), pool_threads=1)
        self.client.oauth2_token_getter(lambda: self.token)
        self.client.oauth2_token_saver(self._save)
        self.accounting = AccountingApi(self.client, base_url=f"{url}/xero/api.xro/2.0")
        self.identity = IdentityApi(self.client, base_url=f"{url}/xero")
        connections = httpx.get(f"{url}/_sandbox/connections").json().values()
        self.tenant = next(keys["tenant_id"] for keys in connections if keys["system"] == "xero")

    def _save(self, token: dict[str, object]) -> None:
        self.token = token


@pytest.fixture
def xero(sandbox: RunningSandbox) -> Xero:
    return Xero(sandbox.url, grant(sandbox.url, grant_type="client_credentials"))


def grant(url: str, **form: str) -> dict[str, object]:
    answer = httpx.post(f"{url}/xero/connect/token", data=form, auth=("sandbox-client", "sandbox-secret"))
    assert answer.status_code == 200, answer.text
    return {"refresh_token": "", **answer.json()}


def test_consent_with_pkce_gives_tokens_and_each_refresh_rotates_them(sandbox: RunningSandbox) -> None:
    verifier = "v" * 50
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    query = {"client_id": "sandbox-client", "response_type": "code", "redirect_uri": "http://127.0.0.1:1/back", "state": "s"}
    answer = httpx.get(f"{sandbox.url}/xero/identity/connect/authorize", params={**query, "code_challenge": challenge})
    back = parse_qs(urlsplit(answer.headers["location"]).query)
    assert back["state"] == ["s"]
    token = grant(sandbox.url, grant_type="authorization_code", code=back["code"][0], code_verifier=verifier)
    xero = Xero(sandbox.url, token)
    xero.client.refresh_oauth2_token()
    assert xero.token["refresh_token"] not in {"", token["refresh_token"]}
    assert len(xero.accounting.get_organisations(xero.tenant).organisations) == 1


@pytest.mark.parametrize("form", [{"grant_type": "refresh_token", "refresh_token": "unknown"}, {"grant_type": "password"}])
def test_a_bad_grant_is_refused_as_the_vendor_does(sandbox: RunningSandbox, form: dict[str, str]) -> None:
    answer = httpx.post(f"{sandbox.url}/xero/connect/token", data=form, auth=("sandbox-client", "sandbox-secret"))
    assert answer.status_code == 400
    assert answer.json()["error"] in {"invalid_grant", "unsupported_grant_type"}


def test_the_organisation_tells_its_year_end_and_its_tenant(xero: Xero) -> None:
    organisation = xero.accounting.get_organisations(xero.tenant).organisations[0]
    assert (organisation.financial_year_end_month, organisation.financial_year_end_day) == (2, 29)
    assert organisation.base_currency.value == "CAD"
    assert [connection.tenant_id for connection in xero.identity.get_connections()] == [xero.tenant]


def journals(xero: Xero) -> Iterator[object]:
    offset = 0
    while page := xero.accounting.get_journals(xero.tenant, offset=offset).journals:
        yield from page
        offset = max(journal.journal_number for journal in page)


def test_journals_are_paged_by_number_with_gaps_and_every_one_balances(xero: Xero) -> None:
    found = list(journals(xero))
    numbers = [journal.journal_number for journal in found]
    assert numbers == sorted(set(numbers))
    assert numbers[1] - numbers[0] == 2
    assert all(sum(line.net_amount for line in journal.journal_lines) == 0 for journal in found)


def test_documents_are_paged_with_lines_and_their_count(xero: Xero) -> None:
    pages = [xero.accounting.get_invoices(xero.tenant, page=page, page_size=10) for page in (1, 2)]
    assert pages[0].pagination.item_count > 20
    assert len({invoice.invoice_id for page in pages for invoice in page.invoices}) == 20
    assert all(invoice.line_items for invoice in pages[0].invoices)
    assert all(not invoice.line_items for invoice in xero.accounting.get_invoices(xero.tenant).invoices)


def test_changes_since_a_moment_are_all_that_comes(xero: Xero) -> None:
    since = datetime(2020, 3, 15, tzinfo=UTC)
    found = xero.accounting.get_invoices(xero.tenant, if_modified_since=since, page=1).invoices
    assert found
    assert all(invoice.updated_date_utc >= since for invoice in found)
    assert len(found) < xero.accounting.get_invoices(xero.tenant, page=1).pagination.item_count


def test_filters_and_a_single_document_are_answered(xero: Xero) -> None:
    voided = xero.accounting.get_invoices(xero.tenant, where='Status=="VOIDED" AND Type=="ACCPAY"', page=1).invoices
    assert [invoice.invoice_number for invoice in voided] == ["WRONG"]
    assert xero.accounting.get_invoice(xero.tenant, voided[0].invoice_id).invoices[0].status == "VOIDED"
    with pytest.raises(NotFoundException):
        xero.accounting.get_invoice(xero.tenant, "00000000-0000-0000-0000-000000000000")


@pytest.mark.parametrize(
    ("where", "holds"),
    [
        ('Type=="ACCPAY" OR Status=="VOIDED"', lambda one: one.type == "ACCPAY" or one.status == "VOIDED"),
        (
            'Status!="PAID" AND (Type=="ACCREC" || Total>100)',
            lambda one: one.status != "PAID" and (one.type == "ACCREC" or one.total > 100),
        ),
        ("AmountDue>0", lambda one: one.amount_due),
        ("!(AmountDue>0)", lambda one: not one.amount_due),
        ("InvoiceNumber!=null", lambda one: one.invoice_number is not None),
        ('InvoiceNumber.StartsWith("WR")', lambda one: (one.invoice_number or "").startswith("WR")),
        ('InvoiceNumber.EndsWith("1")', lambda one: (one.invoice_number or "").endswith("1")),
        ('Contact.Name.ToLower()=="acme"', lambda one: one.contact.name.lower() == "acme"),
        ('Contact.Name.ToLower().Contains("a")', lambda one: "a" in one.contact.name.lower()),
        ("Date>=DateTime(2020,02,01) AND Date<DateTime(2020,03,01)", lambda one: (one.date.year, one.date.month) == (2020, 2)),
        ('DueDate>=DateTime.Parse("2020-03-01")', lambda one: one.due_date and one.due_date.isoformat() >= "2020-03-01"),
    ],
)
def test_a_where_finds_what_holds_and_nothing_else(xero: Xero, where: str, holds: Callable[[Any], object]) -> None:
    every = xero.accounting.get_invoices(xero.tenant).invoices
    found = xero.accounting.get_invoices(xero.tenant, where=where).invoices
    assert {one.invoice_id for one in found} == {one.invoice_id for one in every if holds(one)}


def test_an_order_goes_by_any_field(xero: Xero) -> None:
    totals = [one.total for one in xero.accounting.get_invoices(xero.tenant, order="Total DESC, InvoiceNumber").invoices]
    assert totals == sorted(totals, reverse=True)
    assert len(set(totals)) > 1


@pytest.mark.parametrize(
    "where", ["Status=", '"A"', "Status==(", 'Status=="A" Type', "Name.Reverse()", "Date>DateTime(2020,14,1)", "a;b"]
)
def test_a_where_that_is_none_is_refused(xero: Xero, where: str) -> None:
    with pytest.raises(HTTPStatusException, match="400"):
        xero.accounting.get_invoices(xero.tenant, where=where)


def test_every_other_listing_is_read_by_the_vendors_client(xero: Xero) -> None:
    assert len(xero.accounting.get_accounts(xero.tenant).accounts) == 7
    assert len(xero.accounting.get_contacts(xero.tenant, page=1).contacts) == 2
    assert len(xero.accounting.get_tracking_categories(xero.tenant).tracking_categories[0].options) == 1
    assert len(xero.accounting.get_credit_notes(xero.tenant, page=1).credit_notes) == 1
    assert len(xero.accounting.get_bank_transactions(xero.tenant, page=1).bank_transactions) == 1
    assert [currency.code.value for currency in xero.accounting.get_currencies(xero.tenant).currencies] == ["CAD", "GBP", "USD"]
    transfer = xero.accounting.get_bank_transfers(xero.tenant).bank_transfers[0]
    assert (transfer.from_bank_account.code, transfer.to_bank_account.code, transfer.amount) == ("090", "091", 250)
    for empty in ("payments", "prepayments", "overpayments"):
        assert getattr(getattr(xero.accounting, f"get_{empty}")(xero.tenant, page=1), empty) == []
    for empty in ("budgets", "items", "batch_payments", "tax_rates"):
        assert getattr(getattr(xero.accounting, f"get_{empty}")(xero.tenant), empty) == []


def test_a_manual_journal_stands_as_it_was_last_edited_and_its_journals_name_it(xero: Xero) -> None:
    manual = xero.accounting.get_manual_journals(xero.tenant, page=1).manual_journals[0]
    assert (manual.narration, manual.status, sorted(line.line_amount for line in manual.journal_lines)) == (
        "Shares paid in",
        "POSTED",
        [-120, 120],
    )
    assert len([journal for journal in journals(xero) if journal.source_id == manual.manual_journal_id]) == 3
    assert xero.accounting.get_manual_journal(xero.tenant, manual.manual_journal_id).manual_journals[0].journal_lines
    assert not xero.accounting.get_manual_journals(xero.tenant).manual_journals[0].journal_lines, "lines come with pages only"


def test_manual_journals_asked_for_in_an_order_come_as_one_page(xero: Xero) -> None:
    answer = xero.accounting.get_manual_journals(xero.tenant, order="UpdatedDateUTC ASC", page=1, page_size=1)
    assert answer.pagination is None
    assert answer.manual_journals[0].journal_lines


def test_the_minute_limit_is_real_and_named(books: Path) -> None:
    with RunningSandbox(Shown(books=books)) as running, httpx.Client() as client:
        headers = {"Authorization": f"Bearer {grant(running.url, grant_type='client_credentials')['access_token']}"}
        answers = [client.get(f"{running.url}/xero/api.xro/2.0/Organisation", headers=headers) for _ in range(125)]
    limited = [answer for answer in answers if answer.status_code == 429]
    assert limited, "two windows of a minute hold 120 calls at most"
    assert limited[0].headers["X-Rate-Limit-Problem"] == "minute"
    assert 1 <= int(limited[0].headers["Retry-After"]) <= 61


@pytest.mark.parametrize(
    ("headers", "status"), [({}, 401), ({"Authorization": "Bearer wrong"}, 401), ({"Xero-Tenant-Id": "another"}, 403)]
)
def test_wrong_tokens_and_tenants_are_refused(sandbox: RunningSandbox, headers: dict[str, str], status: int) -> None:
    if status == 403:
        headers = {**headers, "Authorization": f"Bearer {grant(sandbox.url, grant_type='client_credentials')['access_token']}"}
    answer = httpx.get(f"{sandbox.url}/xero/api.xro/2.0/Accounts", headers=headers)
    assert answer.status_code == status
    assert answer.json()["Status"] == status


def test_an_unknown_fault_is_refused_with_the_known_ones(sandbox: RunningSandbox) -> None:
    answer = httpx.post(f"{sandbox.url}/_sandbox/faults", json={"vendor": "xero", "kind": "gremlins"})
    assert answer.status_code == 400
    assert "throttle" in answer.json()["error"]

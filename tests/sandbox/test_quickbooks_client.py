"""The vendor's own clients read the emulator, with nothing changed but the addresses."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import httpx
import intuitlib.config
import pytest
from intuitlib.client import AuthClient
from intuitlib.enums import Scopes
from intuitlib.exceptions import AuthClientError
from quickbooks import QuickBooks
from quickbooks.cdc import change_data_capture
from quickbooks.exceptions import ObjectNotFoundException, ValidationException
from quickbooks.objects import (
    Account,
    Bill,
    BillPayment,
    Budget,
    Class,
    CompanyInfo,
    CreditMemo,
    Customer,
    Deposit,
    Employee,
    Invoice,
    Item,
    JournalEntry,
    Payment,
    Preferences,
    Purchase,
    RefundReceipt,
    SalesReceipt,
    Term,
    Transfer,
    Vendor,
    VendorCredit,
)
from quickbooks.objects.creditcardpayment_entity import CreditCardPayment

from sandbox.server import RunningSandbox
from tests.sandbox.quickbooks import SAMPLE_REALM, keys


def signed_in(url: str, monkeypatch: pytest.MonkeyPatch, environment: str = "production") -> AuthClient:
    """Intuit's own sign-in: the discovery document tells it the rest."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    name = "openid_configuration" if environment == "production" else "openid_sandbox_configuration"
    monkeypatch.setitem(intuitlib.config.DISCOVERY_URL, environment, f"{url}/quickbooks/.well-known/{name}/")
    monkeypatch.setattr(QuickBooks, "api_url_v3", f"{url}/quickbooks/v3")
    monkeypatch.setattr(QuickBooks, "sandbox_api_url_v3", f"{url}/quickbooks/sandbox/v3")
    auth = AuthClient("sandbox-client", "sandbox-secret", "http://localhost:8770/callback", environment)
    answer = httpx.get(auth.get_authorization_url([Scopes.ACCOUNTING], state_token="s"))
    back = httpx.URL(answer.headers["location"]).params
    assert back["state"] == "s"
    auth.get_bearer_token(back["code"], realm_id=back["realmId"])
    return auth


@pytest.fixture
def books(quickbooks: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> QuickBooks:
    auth = signed_in(quickbooks.url, monkeypatch)
    return QuickBooks(
        auth_client=auth, refresh_token=auth.refresh_token, company_id=auth.realm_id, minorversion=75, use_decimal=True
    )


@pytest.fixture
def sample(quickbooks: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> QuickBooks:
    auth = signed_in(quickbooks.url, monkeypatch, "sandbox")
    return QuickBooks(
        auth_client=auth, refresh_token=auth.refresh_token, company_id=auth.realm_id, minorversion=75, use_decimal=True
    )


def test_the_consent_names_the_company_and_a_refresh_keeps_it(quickbooks: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    auth = signed_in(quickbooks.url, monkeypatch)
    first, refresh = auth.access_token, auth.refresh_token
    auth.refresh()
    assert auth.realm_id == keys(quickbooks.url)["realm_id"]
    assert auth.access_token != first
    assert auth.refresh_token == refresh, "its value changes once a day"
    assert (auth.expires_in, auth.x_refresh_token_expires_in) == (3600, 8726400)
    auth.revoke()
    with pytest.raises(AuthClientError, match="invalid_grant"):
        auth.refresh()


def test_a_company_is_read_page_by_page(books: QuickBooks) -> None:
    count = Invoice.count(qb=books)
    pages = [
        Invoice.all(order_by="Metadata.LastUpdatedTime", start_position=start, max_results=50, qb=books)
        for start in range(1, count + 1, 50)
    ]
    invoices = [invoice for page in pages for invoice in page]
    assert len({invoice.Id for invoice in invoices}) == len(invoices) == count
    assert [len(page) for page in pages[:-1]] == [50] * (len(pages) - 1)
    assert all(isinstance(invoice.TotalAmt, Decimal | int) and invoice.CustomerRef.value for invoice in invoices)
    assert all(sum(line.Amount for line in i.Line if line.DetailType == "SalesItemLineDetail") == i.TotalAmt for i in invoices)


@pytest.mark.parametrize(
    "kind", [Account, Bill, BillPayment, Budget, Class, CompanyInfo, CreditCardPayment, CreditMemo, Customer, Deposit, Employee, Item,
             JournalEntry, Payment, Purchase, Term, Transfer, Vendor, VendorCredit],
)  # fmt: skip
def test_every_entity_is_decoded_by_the_vendors_client(kind: type, books: QuickBooks) -> None:
    found = kind.all(max_results=1000, qb=books)
    assert found
    assert all(each.Id for each in found)
    assert kind.get(found[0].Id, qb=books).Id == found[0].Id


def test_the_sample_company_has_what_the_company_has_not(sample: QuickBooks) -> None:
    assert [len(kind.all(qb=sample)) for kind in (SalesReceipt, RefundReceipt)] == [2, 1]
    assert Preferences.get(qb=sample).CurrencyPrefs.MultiCurrencyEnabled
    assert Invoice.get("1", qb=sample).Line[3].DiscountLineDetail.DiscountPercent == 10
    with pytest.raises(ObjectNotFoundException):
        Invoice.get("999", qb=sample)


def test_changes_are_captured_by_entity(books: QuickBooks) -> None:
    found = change_data_capture([Invoice, Account, Term], datetime.fromisoformat("2026-06-20T00:00:00"), qb=books)
    assert len(found.Invoice) > 0
    assert all(invoice.MetaData.LastUpdatedTime >= "2026-06-20" for invoice in found.Invoice)
    assert len(found.Account) > 0, "postings touch their accounts"
    assert not hasattr(found, "Term"), "an entity without a change is an empty object"


def test_reports_are_those_of_the_ledger(books: QuickBooks) -> None:
    trial = books.get_report("TrialBalance", {"end_date": "2026-06-30"})
    rows = [row["ColData"] for row in trial["Rows"]["Row"] if "ColData" in row]
    assert sum(Decimal(cells[1]["value"] or 0) - Decimal(cells[2]["value"] or 0) for cells in rows) == 0
    ledger = books.get_report(
        "GeneralLedger", {"start_date": "2026-05-01", "end_date": "2026-05-31", "columns": "subt_nat_amount,tx_date,txn_type"}
    )
    keys_of = [column["MetaData"][0]["Value"] for column in ledger["Columns"]["Column"]]
    assert keys_of == ["tx_date", "txn_type", "subt_nat_amount"], "in an order of the vendor's own"
    bank = ledger["Rows"]["Row"][0]
    assert bank["Header"]["ColData"][0]["id"]
    assert bank["Rows"]["Row"][0]["ColData"][0]["value"] == "Beginning Balance"
    profit = books.get_report(
        "ProfitAndLoss", {"start_date": "2026-01-01", "end_date": "2026-03-31", "summarize_column_by": "Month"}
    )
    assert [column["ColTitle"] for column in profit["Columns"]["Column"]] == ["", "Jan 2026", "Feb 2026", "Mar 2026"]
    sheet = books.get_report("BalanceSheet", {"start_date": "2026-01-01", "end_date": "2026-06-30"})
    totals = {row["group"]: Decimal(row["Summary"]["ColData"][1]["value"]) for row in sheet["Rows"]["Row"]}
    assert totals["TotalAssets"] == totals["Liabilities"] + totals["Equity"]


def test_a_wide_report_says_in_a_good_answer_that_it_is_too_much(books: QuickBooks) -> None:
    columns = "tx_date,txn_type,doc_num,name,memo,split_acc,account_name,account_num,klass_name,dept_name,subt_nat_amount,rbal_nat_amount,debt_home_amt,credit_home_amt"
    ledger = books.get_report("GeneralLedger", {"start_date": "2024-01-01", "end_date": "2026-06-30", "columns": columns})
    assert "Unable to display more data. Please reduce the date range." in str(ledger)


def test_sub_accounts_are_sections_of_their_parents(sample: QuickBooks) -> None:
    ledger = sample.get_report("GeneralLedger", {"start_date": "2026-01-01", "end_date": "2026-03-31"})
    chequing = ledger["Rows"]["Row"][0]
    assert [row["Header"]["ColData"][0]["value"] for row in chequing["Rows"]["Row"] if row["type"] == "Section"] == ["Savings"]


def test_a_wrong_query_is_the_clients_validation_error(books: QuickBooks, sample: QuickBooks) -> None:
    with pytest.raises(ValidationException, match="Invalid query"):
        Invoice.where("Colour = 'red'", qb=books)
    assert sample.company_id == SAMPLE_REALM
    assert sample.query("select * from ExchangeRate where SourceCurrencyCode = 'USD'")["QueryResponse"]["ExchangeRate"][0][
        "Rate"
    ] == Decimal("1.3712")

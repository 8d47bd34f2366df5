"""QuickBooks through the hub's own extraction and load: whole, to the cent, and only what changed thereafter."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from quickbooks import QuickBooks
from quickbooks.cdc import change_data_capture
from quickbooks.objects import Bill

from dlt_sources.http import AuthenticationRejected, ReauthorizationRequired, TokenSet, ask
from dlt_sources.quickbooks import QuickBooksSettings, application, reading
from dlt_sources.quickbooks.living import IdSet
from finance_hub import ingestion, settings
from finance_hub.ingestion import Loaded
from finance_hub.settings import Settings
from sandbox.server import RunningSandbox, Shown
from sandbox.vendors.faults import KINDS
from sandbox.vendors.quickbooks.app import QuickBooksApi
from sandbox.vendors.quickbooks.store import SampleBooks
from sandbox.vendors.tokens import FIRST_REFRESH_TOKEN
from sandbox.vendors.wire import VirtualClock
from tests.sandbox.quickbooks import Api, build, consent, home, keys, living, load, wrong_months
from tests.sandbox.quickbooks import ask as rows
from tests.sandbox.test_quickbooks_client import signed_in

SAMPLE = "/sandbox"


@pytest.fixture(scope="module")
def whole(quickbooks: RunningSandbox, tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Loaded]:
    """A home that has read the company once, and its ledger."""
    found = home(tmp_path_factory.mktemp("whole"), quickbooks.url)
    loaded = load(found)
    build(found)
    return found, loaded


@pytest.fixture(scope="module")
def sampled(quickbooks: RunningSandbox, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home that has read the sample company once, and its ledger."""
    found = home(tmp_path_factory.mktemp("sample"), quickbooks.url, SAMPLE)
    load(found)
    build(found)
    return found


def test_a_first_load_is_the_company_to_the_cent(whole: tuple[Settings, Loaded], meridian: Path) -> None:
    found, loaded = whole
    assert (loaded.quarantined, loaded.unavailable) == (0, {})
    assert wrong_months(found, meridian, "2026-06-30 23:59:59") == []
    assert rows(found, "select count(*) from intermediate.int_quickbooks_gl_quarantined") == [(0,)]
    assert rows(found, "select line_id from gl group by line_id having count(*) > 1") == []
    assert rows(found, "select count(*) from quickbooks.extraction where undeclared_fields <> ''") == [(0,)]
    types = {each for (each,) in rows(found, "select distinct transaction_type from quickbooks.transactions")}
    assert len(types) == 11, "sales and refund receipts are the sample company's"


@pytest.mark.heavy
@pytest.mark.parametrize("company", ["simulated", "sample"])
def test_open_documents_are_the_balance_of_their_control_accounts(
    company: str, whole: tuple[Settings, Loaded], sampled: Settings
) -> None:
    """Also where QuickBooks tells no open amount: of what payments leave, and of entries on control accounts."""
    sql = """
        with documents as (
            select case when document_kind like 'sale%' then 'receivable' else 'payable' end as ledger,
                sum(case when document_kind in ('sale', 'purchase_credit') then open_func else -open_func end) as amount
            from intermediate.int_quickbooks_documents_conformed group by 1
        ),
        control as (
            select case account_type when 'Accounts Receivable' then 'receivable' else 'payable' end as ledger, sum(amount_func) as amount
            from gl join quickbooks.accounts on gl.account_id = accounts.id where account_type in ('Accounts Receivable', 'Accounts Payable') group by 1
        )
        select ledger, documents.amount, control.amount from documents full join control using (ledger)
    """
    ties = rows(whole[0] if company == "simulated" else sampled, sql)
    assert len(ties) == 2
    assert all(ours == theirs for _, ours, theirs in ties)


def test_a_second_run_loads_nothing_and_asks_once_for_all_changes(
    quickbooks: RunningSandbox, whole: tuple[Settings, Loaded]
) -> None:
    found, _ = whole
    before = living(found)
    httpx.delete(f"{quickbooks.url}/_sandbox/log")
    assert load(found).rows == {}
    calls = [call["path"].rpartition("/")[2] for call in httpx.get(f"{quickbooks.url}/_sandbox/log").json()]
    assert calls.count("cdc") == 1
    assert len(calls) <= 8, "the small lists, the changes, a token"
    assert living(found) == before


@pytest.mark.heavy
def test_many_small_pages_bring_what_one_large_page_brings(
    quickbooks: RunningSandbox, sampled: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole pages of one moment too, such as lists that were imported at once."""
    monkeypatch.setattr(reading, "PAGE_SIZE", 3)
    found = home(tmp_path, quickbooks.url, SAMPLE)
    load(found)
    assert living(found) == living(sampled)


def test_the_posting_rules_make_the_ledger_of_the_sample_company(quickbooks: RunningSandbox, sampled: Settings) -> None:
    """By transaction and account: taxes, discounts, bundles, shipping, cash back, cards, unapplied money, two currencies."""
    options = {
        "start_date": "2026-01-01",
        "end_date": "2026-12-31",
        "columns": "tx_date,txn_type,account_name,debt_home_amt,credit_home_amt",
    }
    report = Api(quickbooks.url, SAMPLE).client.get("reports/GeneralLedger", params=options).json()
    told: dict[tuple[str, str], Decimal] = {}
    for cells in _cells(report["Rows"]["Row"]):
        key = (cells[1]["id"], cells[2]["id"])
        told[key] = told.get(key, Decimal(0)) + Decimal(cells[3]["value"] or 0) - Decimal(cells[4]["value"] or 0)
    made = {
        (transaction, account): amount
        for transaction, account, amount in rows(
            sampled, "select document_id, account_id, sum(amount_func) from gl group by all having sum(amount_func) <> 0"
        )
    }
    assert len(told) > 80
    assert {key: (told.get(key), made.get(key)) for key in told.keys() | made.keys() if told.get(key) != made.get(key)} == {}
    assert rows(sampled, "select count(*) from intermediate.int_quickbooks_gl_quarantined") == [(0,)]


def _cells(found: list[dict[str, Any]]) -> Iterator[list[dict[str, str]]]:
    """The data rows of a report, however deep, without opening balances."""
    for row in found:
        if "Rows" in row:
            yield from _cells(row["Rows"]["Row"])
        elif "id" in row["ColData"][1]:
            yield row["ColData"]


def test_what_the_ledger_and_its_users_need_is_kept(sampled: Settings) -> None:
    assert rows(sampled, "select rate from quickbooks.exchange_rates") == [(Decimal("1.3712"),)]
    assert rows(
        sampled, "select home_currency, default_shipping_account_id, book_close_date::varchar from quickbooks.preferences"
    ) == [("CAD", "13", "2025-12-31")]
    assert rows(sampled, "select name from quickbooks.classes where not active") == [("Winter",)]
    assert rows(
        sampled, "select tax_code_id, side, tax_rate_id from quickbooks.tax_code_rates where tax_code_id = '2' order by all"
    ) == [
        ("2", "purchase", "3"),
        ("2", "sales", "1"),
        ("2", "sales", "2"),
    ]
    assert rows(
        sampled, "select entity_type, entity_id from quickbooks.transaction_lines where entity_id is not null order by 1"
    ) == [
        ("CUSTOMER", "1"),
        ("Vendor", "3"),
    ]
    assert rows(sampled, "select name, string_value from quickbooks.transaction_custom_fields") == [("Season", "2026")]
    bundle = "select line_number, group_line_number, amount from quickbooks.transaction_lines where transaction_id = '2' order by 1 limit 3"
    assert rows(sampled, bundle) == [(1, None, 135), (2, 1, 90), (3, 1, 45)]


class Moved:
    """A sandbox whose clock moves, and a home that reads it now and then."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.settings = home(folder, url)
        self.first = load(self.settings)

    def read_after(self, days: float) -> Loaded:
        httpx.post(f"{self.url}/_sandbox/advance", json={"days": days})
        httpx.delete(f"{self.url}/_sandbox/log")
        loaded = load(self.settings)
        build(self.settings)
        return loaded

    def calls(self) -> list[str]:
        """What was called since the clock last moved, without tokens."""
        return [call["path"].rpartition("/")[2] for call in httpx.get(f"{self.url}/_sandbox/log").json()]

    def deletions(self) -> list[tuple[Any, ...]]:
        return rows(self.settings, "select entity, detected_by, deleted_at::date::varchar from quickbooks.deletions order by 3")


@pytest.fixture(scope="module")
def moved(meridian: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moved]:
    """From 5 August 2025 on: a bill is voided on the 8th, others are deleted and entered again on 16 and 28 October."""
    at = datetime(2025, 8, 5, tzinfo=UTC)
    with RunningSandbox(Shown(company=meridian, limits=False, only=frozenset({"quickbooks"}), at=at)) as running:
        yield Moved(running.url, tmp_path_factory.mktemp("moved"))


@pytest.mark.heavy
def test_after_twenty_days_only_what_changed_travels(moved: Moved, meridian: Path) -> None:
    second = moved.read_after(20)
    assert 0 < second.rows["transactions"] < moved.first.rows["transactions"] / 5
    assert "items" not in second.rows
    assert wrong_months(moved.settings, meridian, "2025-08-25 00:00:00") == []
    voided = "select total_amt, balance, private_note, sync_token from quickbooks.transactions where private_note like 'Voided%' and updated_at > '2025-08-05'"
    assert rows(moved.settings, voided) == [(0, 0, "Voided", "1")]
    assert load(moved.settings).rows == {}
    kept = ingestion.open_connection(moved.settings, moved.settings.connections["quickbooks_bf"]).tokens.current("quickbooks_bf")
    assert kept is not None
    assert kept.refresh_token not in (moved.settings.home / "hub.toml").read_text(), "its value has changed, and is kept"


@pytest.mark.heavy
def test_beyond_the_look_back_what_changed_is_queried(moved: Moved, meridian: Path) -> None:
    loaded = moved.read_after(40)
    assert moved.calls().count("query") > 20
    assert 0 < loaded.rows["transactions"] < moved.first.rows["transactions"] / 3
    assert wrong_months(moved.settings, meridian, "2025-10-04 00:00:00") == []
    assert moved.deletions() == []


@pytest.mark.heavy
def test_what_was_deleted_is_told_with_its_entity_and_id(moved: Moved, meridian: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moved.read_after(14)
    assert moved.deletions() == [("Bill", "change data capture", "2025-10-16")]
    assert wrong_months(moved.settings, meridian, "2025-10-18 00:00:00") == []
    auth = signed_in(moved.url, monkeypatch)
    books = QuickBooks(auth_client=auth, refresh_token=auth.refresh_token, company_id=auth.realm_id, minorversion=75)
    gone = [
        bill
        for bill in change_data_capture([Bill], "2025-10-05T00:00:00Z", qb=books).Bill
        if getattr(bill, "status", "") == "Deleted"
    ]
    assert [(bill.Id,) for bill in gone] == rows(moved.settings, "select id from quickbooks.deletions"), (
        "the vendor's client is told the same"
    )


@pytest.mark.heavy
def test_beyond_the_look_back_deletions_are_found_by_listing(moved: Moved, meridian: Path) -> None:
    moved.read_after(41)
    assert moved.deletions()[1][:2] == ("Bill", "listing")
    assert wrong_months(moved.settings, meridian, "2025-11-28 00:00:00") == []


@pytest.mark.heavy
def test_a_full_answer_of_change_data_capture_is_not_taken_for_all(
    moved: Moved, meridian: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Asked for each entity on its own, and where that is full too, by query: the tables are those of a full load."""
    monkeypatch.setattr(reading, "MOST_CAPTURED", 12)
    moved.read_after(10)
    calls = moved.calls()
    assert calls.count("cdc") > 20
    assert calls.count("query") > 8, "more than the small lists"
    assert wrong_months(moved.settings, meridian, "2025-12-08 00:00:00") == []
    full = home(tmp_path, moved.url)
    load(full)
    found, expected = living(moved.settings), living(full)
    assert found.keys() == expected.keys()
    assert {table: "differs" for table in found if found[table] != expected[table]} == {}


LOUD = {"day_limit", "error_200", "forbidden", "redirect", "unauthorized"}
PASSING = ("truncate", "gateway_html", "throttle")


def script(url: str, kind: str, **more: object) -> None:
    order = {
        "vendor": "quickbooks",
        "path": "*/query",
        "kind": kind,
        "after": 12,
        "times": 9 if kind in LOUD else 1,
        "seconds": 0.01,
    }
    httpx.post(f"{url}/_sandbox/faults", json=order | more)


@pytest.fixture
def unscripted(quickbooks: RunningSandbox) -> Iterator[RunningSandbox]:
    """The sandbox, whose scripts are cleared thereafter."""
    yield quickbooks
    httpx.delete(f"{quickbooks.url}/_sandbox/faults")


def test_faults_that_pass_are_outlasted_and_what_is_refused_is_named(
    unscripted: RunningSandbox, sampled: Settings, tmp_path: Path
) -> None:
    script(unscripted.url, "forbidden", after=2, times=1)  # the third of the small lists
    for number, kind in enumerate(PASSING):
        script(unscripted.url, kind, after=10 + 7 * number, **({"form": "xml"} if kind == "throttle" else {}))
    found = home(tmp_path, unscripted.url, SAMPLE)
    assert list(load(found).unavailable) == ["tax_agencies"]
    assert living(found) == living(sampled) | {"tax_agencies": []}


@pytest.mark.parametrize(
    "kind", [kind if kind == "error_200" else pytest.param(kind, marks=pytest.mark.heavy) for kind in sorted(KINDS)]
)
def test_a_fault_gives_the_right_rows_or_a_loud_failure(
    kind: str, unscripted: RunningSandbox, sampled: Settings, tmp_path: Path
) -> None:
    script(unscripted.url, kind)
    found = home(tmp_path, unscripted.url, SAMPLE)
    if kind in LOUD:
        with pytest.raises(Exception, match="quickbooks_bf") as failure:
            load(found)
        assert "intuit_tid" in ingestion.cause(failure.value) or kind == "redirect"
        assert rows(found, "select count(*) from quickbooks.transactions") == [(0,)]
    else:
        load(found)
        assert living(found) == living(sampled)


def test_a_throttled_call_waits_as_long_as_the_settings_say(unscripted: RunningSandbox, tmp_path: Path) -> None:
    script(unscripted.url, "throttle", after=0)
    with pytest.raises(Exception, match="quota is used up"):
        load(home(tmp_path, unscripted.url, SAMPLE, throttle_pause="1000"))
    assert QuickBooksSettings("id", "secret", "1").throttle_pause == 60


@contextmanager
def damaged(sql: str) -> Iterator[str]:
    """An emulator in this process whose sample company was damaged; its address."""
    books, clock = SampleBooks(), VirtualClock(datetime(2026, 6, 30, tzinfo=UTC))
    books._db.execute(sql)
    server = uvicorn.Server(
        uvicorn.Config(QuickBooksApi(SampleBooks(), books, clock, limits=False).app(), log_level="critical", port=0)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        threading.Event().wait(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


DAMAGE = """
    update object set body = replace(body, '"TotalAmt": 272', '"TotalAmt": "two hundred"') where entity = 'Invoice' and id = '1';
    update object set body = replace(body, '"TotalAmt": 135', '"TotalAmt": 1e-20') where entity = 'Invoice' and id = '2';
    update object set body = replace(body, '"TxnDate": "2026-01-07"', '"TxnDate": "soon"') where entity = 'Invoice' and id = '3';
    update object set body = json_merge_patch(body, '{"Line": {"a": 1}}') where entity = 'Bill' and id = '12';
    update object set body = json_merge_patch(body, '{"Novelty": 1}') where entity = 'Transfer';
    update object set body = json_merge_patch(body, '{"TotalAmt": 80.01}') where entity = 'Bill' and id = '29';
"""


@pytest.mark.heavy
def test_a_document_that_does_not_fit_is_set_aside_whole_with_its_bytes_and_one_that_does_not_balance_with_its_reason(
    quickbooks: RunningSandbox, sampled: Settings, tmp_path: Path
) -> None:
    with damaged(DAMAGE) as url:
        toml = home(tmp_path, quickbooks.url, SAMPLE).home / "hub.toml"
        written = re.sub(r'refresh_token = ".*"', f'refresh_token = "{FIRST_REFRESH_TOKEN}"', toml.read_text())
        toml.write_text(written.replace(f"{quickbooks.url}/quickbooks", url))
        found = settings.load(tmp_path)
        assert load(found).quarantined == 4
    reasons = [reason for (reason,) in rows(found, "select reason from quickbooks.quarantine order by payload::json->>'Id'")]
    for told, expected in zip(reasons, ("Invalid decimal", "`array", "more than 12 decimals", "'soon' is not a day"), strict=True):
        assert expected in told
    assert rows(
        found,
        "select count(*) from quickbooks.transaction_lines where transaction_type = 'Invoice' and transaction_id in ('1', '2', '3')",
    ) == [(0,)]
    count = "select count(*) from quickbooks.transactions"
    assert rows(found, count)[0][0] == rows(sampled, count)[0][0] - 4
    assert rows(found, "select distinct undeclared_fields from quickbooks.extraction where undeclared_fields <> ''") == [
        ("Novelty",)
    ]
    build(found)
    waiting = "select document_type, document_id, reason, amount_func, detail from intermediate.int_quickbooks_gl_quarantined"
    assert rows(found, waiting) == [
        ("Bill", "29", "unbalanced_journal", Decimal("80.0100"), "debits 80.00, credits 80.01 CAD"),
    ]
    assert rows(found, "select count(*) from gl where document_id = '29'") == [(0,)]
    assert rows(found, "select sum(amount_func) from gl") == [(0,)], "what is in the ledger balances"


def test_a_lost_consent_is_told_in_plain_words(quickbooks: RunningSandbox, tmp_path: Path) -> None:
    found = home(tmp_path, quickbooks.url, refresh_token='"a-dead-token"')
    with pytest.raises(Exception, match="authorize quickbooks_bf") as failure:
        load(found)
    assert "a-dead-token" not in ingestion.cause(failure.value)
    (found.home / "hub.toml").write_text(
        "".join(line for line in (found.home / "hub.toml").open() if not line.startswith("refresh_token"))
    )
    new = settings.load(found.home)
    (finding,) = ingestion.check(new, "quickbooks_bf")
    assert not finding.ok
    assert "lost its consent" in finding.message or "no consent yet" in finding.message


def test_the_check_names_company_scopes_and_the_end_of_the_consent(quickbooks: RunningSandbox, tmp_path: Path) -> None:
    found = home(tmp_path, quickbooks.url)
    findings = {finding.subject: finding for finding in ingestion.check(found, "quickbooks_bf")}
    assert all(finding.ok for finding in findings.values())
    assert findings["consent"].message.startswith("holds until 20")
    store = ingestion.open_connection(found, found.connections["quickbooks_bf"]).tokens
    now = datetime.now(UTC)
    kept = store.current("quickbooks_bf")
    assert kept is not None
    ending = TokenSet(
        access_token=kept.access_token,
        refresh_token=kept.refresh_token,
        issued_at=now,
        expires_at=now + timedelta(hours=1),
        consent_expires_at=now + timedelta(days=20),
    )
    first = found.connections["quickbooks_bf"].keys.refresh_token
    store.save("quickbooks_bf", ending, first_refresh_token=first)
    warned = ingestion.check(found, "quickbooks_bf")[0]
    assert warned.ok
    assert "in 19 days" in warned.message
    assert "authorize quickbooks_bf" in warned.message


def test_keys_of_another_environment_are_told_with_what_to_mend(quickbooks: RunningSandbox, tmp_path: Path) -> None:
    found = home(tmp_path, quickbooks.url, realm_id='"123456"')
    findings = ingestion.check(found, "quickbooks_bf")
    assert "check realm_id and base_url" in findings[-1].message
    with pytest.raises(Exception, match="check realm_id and base_url"):
        load(found)


@pytest.mark.parametrize(("realm", "trouble"), [("right", None), ("99", "consent was given for realmId")])
def test_the_first_consent_is_for_the_company_of_the_settings(quickbooks: RunningSandbox, realm: str, trouble: str | None) -> None:
    known = keys(quickbooks.url)
    found = QuickBooksSettings(
        known["client_id"],
        known["client_secret"],
        known["realm_id"] if realm == "right" else realm,
        token_url=known["token_url"],
        authorize_url=f"{quickbooks.url}/quickbooks/connect/oauth2",
    )

    def show(address: str) -> None:
        answer = httpx.get(address)
        httpx.get(answer.headers["location"].replace("localhost", "127.0.0.1"))

    if trouble:
        with pytest.raises(AuthenticationRejected, match=trouble):
            ask("books", application(found), port=0, show=show, wait_seconds=5)
    else:
        tokens = ask("books", application(found), port=0, show=show, wait_seconds=5)
        assert tokens.refresh_token
        assert tokens.consent_expires_at is not None
        assert tokens.refresh_expires_at is not None


def test_without_any_consent_nothing_is_sent(quickbooks: RunningSandbox, tmp_path: Path) -> None:
    found = home(tmp_path, quickbooks.url)
    toml = found.home / "hub.toml"
    toml.write_text("".join(line for line in toml.open() if not line.startswith("refresh_token")))
    with pytest.raises(Exception, match="no consent yet") as failure:
        load(settings.load(found.home))
    assert isinstance(failure.value.__cause__ or failure.value.__context__, ReauthorizationRequired) or "no consent" in str(
        failure.value
    )
    assert consent(quickbooks.url)["realmId"] == keys(quickbooks.url)["realm_id"]


def test_a_realm_that_is_no_number_is_told_before_anything_runs(quickbooks: RunningSandbox, tmp_path: Path) -> None:
    with pytest.raises(settings.SettingsError, match="realm_id must be the company's number"):
        home(tmp_path, quickbooks.url, realm_id='"BrightForms"')


def test_sets_of_ids_are_small_and_exact() -> None:
    ids = [str(number) for number in range(1, 40_000, 3)] + ["5000000000000017240", "007", "SHIPPING_ITEM_ID"]
    found = IdSet(ids)
    text = found.encode()
    assert len(text) < 400
    again = IdSet.decode(text)
    assert (set(again), len(again)) == (set(ids), len(ids))
    again.discard("1")
    again.discard("007")
    again.discard("70000")
    assert set(again) == set(ids) - {"1", "007"}
    again.add("1")
    again.add("007")
    assert again.encode() == text

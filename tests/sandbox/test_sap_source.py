"""The company's books through the SAP source: to the cent, incrementally, with reversals, clearings and faults."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from finance_hub import ingestion, settings, warehouse
from sandbox.vendors import sap
from sandbox.vendors.faults import KINDS
from tests.conftest import connect
from tests.sandbox.serving import AS_OF, between, serving

NAME = "sap_de"
LOUD = {"day_limit", "error_200", "forbidden", "redirect", "unauthorized"}
SAMPLE = {"day_limit", "error_200", "forbidden", "redirect"}
LEDGER = "from sap.gl_account_line_items where ledger = '0L'"
EARLY = datetime(2023, 9, 16, 23, 59, 59, tzinfo=UTC)
"""A day on which a bill is parked; bills of before are edited and voided in the next weeks."""


def read(home: Path) -> dict[str, int]:
    """One run of the connection; rows by table."""
    found = settings.load(home)
    warehouse.prepare(found)
    loaded = ingestion.load(found, ingestion.extract(found, found.connections[NAME]))
    assert (loaded.quarantined, loaded.unavailable) == (0, {})
    return loaded.rows


def connected(home: Path, url: str) -> Path:
    return connect(home, url, currency="EUR", as_of="2026-06-30", only={"sap"})


@dataclass(frozen=True)
class Books:
    """The raw tables, and the moment up to which the company's records count."""

    db: duckdb.DuckDBPyConnection
    horizon: str

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.db.execute(sql.replace("HORIZON", self.horizon).replace("FROM_LEDGER", LEDGER)).fetchall()


@dataclass(frozen=True)
class Later:
    """Twenty days on: the server, a home as it was before and one that has read since, what the runs brought, lines of the ledger."""

    url: str
    before: Path
    home: Path
    idle: dict[str, int]
    rows: dict[str, int]
    lines: int


@pytest.fixture(scope="module")
def later(meridian: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Later]:
    home = tmp_path_factory.mktemp("home")
    with serving(sap, meridian, at=EARLY) as (url, _):
        read(connected(home, url))
        idle = read(home)
        before = copied(home, tmp_path_factory.mktemp("before"))
        httpx.post(f"{url}/_sandbox/advance", json={"days": 20}, timeout=60)
        rows = read(home)
        yield Later(url, before, home, idle, rows, lines(home))


def copied(home: Path, folder: Path) -> Path:
    """A home with the same settings and the same warehouse."""
    (folder / "warehouse").mkdir(parents=True)
    shutil.copyfile(home / "hub.toml", folder / "hub.toml")
    shutil.copyfile(settings.load(home).warehouse, settings.load(folder).warehouse)
    return folder


def lines(home: Path) -> int:
    with warehouse.reading(settings.load(home).warehouse) as database:
        return int(database.execute(f"select count(*) {LEDGER}").fetchone()[0])


def content(home: Path) -> dict[str, list[tuple[object, ...]]]:
    """The content of every raw table, without what differs by run."""
    with warehouse.reading(settings.load(home).warehouse) as database:
        tables = database.execute("""
            select table_name from information_schema.tables where table_schema = 'sap'
              and table_name not like '\\_dlt%' escape '\\' and table_name not in ('extraction', 'quarantine')
        """).fetchall()
        return {
            table: database.execute(f'select * exclude (_dlt_load_id, _page_id) from sap."{table}" order by all').fetchall()
            for (table,) in tables
        }


def differing(ours: Path, theirs: Path) -> dict[str, str]:
    first, second = content(ours), content(theirs)
    assert first.keys() == second.keys()
    assert len(first["gl_account_line_items"]) > 500
    return {table: "differs" for table in first if first[table] != second[table]}


@pytest.fixture(scope="module", params=["2023", pytest.param("2026", marks=pytest.mark.heavy)])
def books(
    request: pytest.FixtureRequest, meridian: Path, later: Later, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Books]:
    """What was read, with the company beside it: in two runs of the first months, or in one of the whole history."""
    home, at = later.home, EARLY + timedelta(days=20)
    if request.param == "2026":
        home, at = tmp_path_factory.mktemp("books"), AS_OF
        with serving(sap, meridian) as (url, _):
            read(connected(home, url))
    with warehouse.reading(settings.load(home).warehouse) as database:
        database.execute(f"attach '{meridian}' as meridian (read_only)")
        yield Books(database, f"timestamp '{at:%Y-%m-%d %H:%M:%S}'")


def test_every_account_and_month_is_that_of_the_companys_journals(books: Books) -> None:
    wrong = books.rows("""
        with told as (
            select gl_account, date_trunc('month', posting_date) as month, sum(amount_in_company_code_currency) as amount FROM_LEDGER group by all
        ),
        kept as (
            select lpad(account_code, 10, '0') as gl_account, date_trunc('month', journal_date) as month, sum(amount_func) as amount
            from meridian.company.journal_line join meridian.company.journal using (journal_id)
            where entity_id = 'de' and recorded_at <= HORIZON group by all
        )
        select * from told full join kept using (gl_account, month) where told.amount is distinct from kept.amount
    """)
    assert wrong == []
    assert books.rows("select count(*) FROM_LEDGER")[0][0] > 500


def test_every_document_balances_in_each_currency_and_one_ledger_is_read(books: Books) -> None:
    unbalanced = books.rows("""
        select fiscal_year, accounting_document FROM_LEDGER group by all having sum(amount_in_company_code_currency) <> 0
            or sum(amount_in_transaction_currency) <> 0 or sum(amount_in_global_currency) <> 0
    """)
    assert unbalanced == []
    assert books.rows("select distinct ledger, company_code from sap.gl_account_line_items") == [("0L", "1010")]


def test_lines_carry_what_the_ledger_model_needs(books: Books) -> None:
    missing = books.rows("""
        select count(*) filter (posting_date is null or document_date is null or creation_date_time is null or last_change_date_time is null
                or fiscal_year_period is null or gl_account is null or accounting_document_type is null or accounting_doc_created_by_user is null
                or transaction_currency is null or company_code_currency is null or debit_credit_code is null),
            count(*) filter ((amount_in_company_code_currency < 0) <> (debit_credit_code = 'H'))
        FROM_LEDGER
    """)
    assert missing == [(0, 0)]
    types = {row[0] for row in books.rows("select distinct accounting_document_type from sap.gl_account_line_items")}
    assert {"RV", "DR", "RE", "KR", "DZ", "KZ", "SA", "PY", "AF", "AD"} <= types
    partners = books.rows(
        "select distinct partner_company, coalesce(customer, supplier) FROM_LEDGER and partner_company is not null"
    )
    assert partners == books.rows(
        "select trading_partner, business_partner from sap.business_partners where trading_partner is not null"
    )


def test_departments_campaigns_and_products_of_the_ledger_lead_to_their_masters(books: Books) -> None:
    lost = books.rows("""
        select count(*) filter (l.cost_center is not null and c.cost_center is null), count(*) filter (l.order_id is not null and o.internal_order is null),
            count(*) filter (l.profit_center is not null and p.profit_center is null), count(*) - (select count(*) from sap.gl_account_line_items)
        from sap.gl_account_line_items l
        left join sap.cost_centers c on c.cost_center = l.cost_center and l.posting_date between c.validity_start_date and c.validity_end_date
        left join sap.internal_orders o on o.internal_order = l.order_id
        left join sap.profit_centers p on p.profit_center = l.profit_center
    """)
    assert lost == [(0, 0, 0, 0)], "and one validity holds on a day"
    wrong = books.rows("""
        with told as (
            select assignment_reference as code, sum(amount_in_company_code_currency) as cost FROM_LEDGER and order_id is not null group by 1
        ),
        kept as (
            select upper(replace(c.utm_campaign, 'de-', '')) as code, sum(amount_func) as cost from meridian.company.journal_line l
            join meridian.company.journal j using (journal_id) join meridian.company.campaign c using (campaign_id)
            where j.entity_id = 'de' and j.recorded_at <= HORIZON group by 1
        )
        select * from told full join kept using (code) where told.cost is distinct from kept.cost
    """)
    assert wrong == []


def test_open_items_are_the_control_accounts_and_the_open_documents(books: Books) -> None:
    ties = books.rows("""
        select gl_account, sum(amount_in_company_code_currency) filter (not is_cleared), any_value(balance)
        from sap.operational_items join (select gl_account, sum(amount_in_company_code_currency) as balance FROM_LEDGER group by 1) using (gl_account)
        group by 1 order by 1
    """)
    assert [account for account, _, _ in ties] == ["0000001100", "0000001150", "0000002000", "0000002050"]
    assert [account for account, still_open, balance in ties if abs(still_open - balance) > 1] == []
    # What is left of an invoice: its own open item, and the open items that refer to it.
    wrong = books.rows("""
        with told as (
            select document_reference_id as number, sum(amount_in_transaction_currency) as amount from (
                select i.amount_in_transaction_currency, coalesce(o.document_reference_id, i.document_reference_id) as document_reference_id
                from sap.operational_items i left join sap.operational_items o on o.accounting_document = i.invoice_reference
                    and o.fiscal_year = i.invoice_reference_fiscal_year and o.accounting_document_item = i.invoice_item_reference
                where not i.is_cleared and i.financial_account_type = 'D'
            ) group by 1 having amount <> 0
        ),
        kept as (
            select number, total - coalesce((select sum(amount_txn) from meridian.company.payment p where p.document_id = d.document_id
                and p.recorded_at <= HORIZON and (p.deleted_at is null or p.deleted_at > HORIZON)), 0)
                - coalesce((select sum(c.total) from meridian.company.document c where c.credits_document_id = d.document_id and c.recorded_at <= HORIZON
                    and not exists (select 1 from meridian.company.payment q where q.document_id = c.document_id)), 0) as amount
            from meridian.company.document d where entity_id = 'de' and kind = 'sale' and recorded_at <= HORIZON
              and deleted_at is null and (voided_at is null or voided_at > HORIZON)
            union all
            select number, -total from meridian.company.document d where entity_id = 'de' and kind = 'sale_credit' and recorded_at <= HORIZON
              and exists (select 1 from meridian.company.payment q where q.document_id = d.document_id and q.recorded_at > HORIZON)
        )
        select * from told full join (from kept where amount <> 0) kept using (number) where told.amount is distinct from kept.amount
    """)
    assert wrong == []


def test_reversals_are_flagged_on_both_sides(books: Books) -> None:
    kept = books.rows("""
        select count(*) from meridian.company.journal where entity_id = 'de' and reverses_journal_id is not null and recorded_at <= HORIZON
    """)[0][0]
    told = books.rows("""
        select count(distinct (fiscal_year, accounting_document)) filter (is_reversal), count(distinct (fiscal_year, accounting_document)) filter (is_reversed)
        FROM_LEDGER
    """)
    assert told == [(kept, kept)]
    pairs, found, difference = books.rows("""
        select count(*), count(o.supplier_invoice), sum(r.invoice_gross_amount - o.invoice_gross_amount)
        from sap.supplier_invoices r left join sap.supplier_invoices o
            on o.supplier_invoice = r.reverse_document and o.fiscal_year = r.reverse_document_fiscal_year and o.is_reversed
        where r.is_reversal
    """)[0]
    assert pairs == found > 2
    assert difference == 0
    cancelled = books.rows("""
        select count(*), count(o.billing_document) from sap.billing_documents c left join sap.billing_documents o
            on o.billing_document = c.cancelled_billing_document and o.billing_document_is_cancelled where c.sd_document_category = 'N'
    """)[0]
    assert cancelled[0] == cancelled[1] > 0


def test_documents_are_the_sum_of_their_items_and_lead_to_the_ledger(books: Books) -> None:
    wrong = books.rows("""
        select billing_document from sap.billing_documents h join sap.billing_document_items i using (billing_document)
        group by billing_document, total_gross_amount, total_net_amount having sum(i.gross_amount) <> total_gross_amount or sum(i.net_amount) <> total_net_amount
        union all
        select supplier_invoice from sap.supplier_invoices h
        join (select supplier_invoice, sum(supplier_invoice_item_amount) as net from sap.supplier_invoice_gl_items group by 1) using (supplier_invoice)
        left join (select supplier_invoice, sum(tax_amount) as tax from sap.supplier_invoice_taxes group by 1) using (supplier_invoice)
        where net + coalesce(tax, 0) <> invoice_gross_amount
        union all
        select h.billing_document from sap.billing_documents h left join sap.gl_account_line_items l
            on l.reference_document_type = 'VBRK' and l.reference_document = h.billing_document and l.accounting_document = h.accounting_document
        where l.accounting_document is null
        union all
        select h.supplier_invoice from sap.supplier_invoices h left join sap.gl_account_line_items l
            on l.reference_document_type = 'RMRP' and l.reference_document = h.supplier_invoice and l.reference_document_context = h.fiscal_year
        where l.accounting_document is null and h.supplier_invoice_status = '5'
    """)
    assert wrong == []


def test_plans_and_parties_are_those_of_the_company(books: Books) -> None:
    wrong = books.rows("""
        with told as (
            select planning_category, gl_account, fiscal_year_period, sum(amount_in_company_code_currency) as amount
            from sap.plan_entries join sap.plan_periods using (connection_id, planning_category, company_code, ledger_fiscal_year, fiscal_period)
            where entries > 0 group by all
        ),
        kept as (
            select case version when 'original' then 'BUDGET02' else 'PLN_Q1' end as planning_category, lpad(account_code, 10, '0') as gl_account,
                strftime(month, '%Y0%m') as fiscal_year_period, sum(case a.class when 'revenue' then -amount else amount end) as amount
            from meridian.company.budget b join meridian.company.budget_line using (budget_id) join meridian.company.account a using (entity_id, account_code)
            where entity_id = 'de' and b.created_at <= HORIZON and version in ('original', 'reforecast_q1') group by all
        )
        select * from told full join kept using (planning_category, gl_account, fiscal_year_period) where told.amount is distinct from kept.amount
    """)
    assert wrong == []
    names = books.rows("select customer_name from sap.customers where customer_account_group = 'CUST' order by 1")
    kept = "select billing_name from meridian.company.customer where entity_id = 'de' and created_at <= HORIZON order by 1"
    assert names == books.rows(kept)
    assert books.rows("select count(*) from sap.business_partner_emails where email_address like '%@%'")[0][0] >= len(names)


def test_a_second_run_changes_nothing(later: Later) -> None:
    assert later.idle == {}


def test_only_changes_travel_and_the_tables_are_those_of_a_full_load(later: Later, tmp_path: Path) -> None:
    assert 0 < later.rows["gl_account_line_items"] < later.lines / 2
    assert {"gl_accounts", "suppliers", "plan_entries", "ledgers"}.isdisjoint(later.rows)
    read(connected(tmp_path, later.url))
    assert differing(later.home, tmp_path) == {}


def test_reversals_clearings_and_deleted_drafts_are_seen(later: Later) -> None:
    horizon = f"timestamp '{EARLY:%Y-%m-%d %H:%M:%S}'"
    with warehouse.reading(settings.load(later.home).warehouse) as database:
        changed = database.execute(f"""
            select count(*) filter (clearing_date is not null), count(distinct (fiscal_year, accounting_document)) filter (is_reversed)
            {LEDGER} and last_change_date_time > {horizon} and creation_date_time <= {horizon}
        """).fetchone()
        statuses = dict(database.execute("select supplier_invoice, supplier_invoice_status from sap.supplier_invoices").fetchall())
    with warehouse.reading(settings.load(later.before).warehouse) as database:
        parked = database.execute(
            "select supplier_invoice from sap.supplier_invoices where supplier_invoice_status = 'A'"
        ).fetchall()
    assert changed[0] > 0, "invoices of before were paid"
    assert changed[1] == 1, "a bill of before was edited: reversed, and posted again"
    assert [statuses[number] for (number,) in parked] == ["2"]


@pytest.mark.heavy
def test_forty_days_later_it_is_the_same_as_a_full_load(meridian: Path, later: Later, tmp_path: Path) -> None:
    ours = copied(later.home, tmp_path / "ours")
    with serving(sap, meridian, at=EARLY) as (url, _):
        httpx.post(f"{url}/_sandbox/advance", json={"days": 40}, timeout=60)
        toml = ours / "hub.toml"
        toml.write_text(toml.read_text().replace(later.url, url))
        read(ours)
        read(connected(tmp_path / "full", url))
    assert differing(ours, tmp_path / "full") == {}


def test_new_validities_of_a_cost_centre_replace_the_old_one(meridian: Path, tmp_path: Path) -> None:
    with serving(sap, meridian) as (url, clock):
        reader = httpx.Client(base_url=f"{url}/sap/sap/opu/odata/sap/API_COSTCENTER_SRV", auth=("SANDBOX_USER", "sandbox-secret"))
        query = {"$filter": "CostCenter eq '10101801'", "$format": "json"}
        before = reader.get("/A_CostCenter", params=query).json()["d"]["results"]
        httpx.post(f"{url}/_sandbox/advance", json={"days": 20}, timeout=60)
        after = reader.get("/A_CostCenter", params=query).json()["d"]["results"]
    assert clock.horizon > AS_OF
    assert [row["CostCtrResponsiblePersonName"] for row in before] == ["A. Brandt"]
    assert [row["CostCtrResponsiblePersonName"] for row in after] == ["A. Brandt", "S. Jung"]
    assert after[1]["ValidityEndDate"] == before[0]["ValidityEndDate"] != after[0]["ValidityEndDate"]


@pytest.mark.parametrize(
    "kind", [kind if kind in SAMPLE else pytest.param(kind, marks=pytest.mark.heavy) for kind in sorted(KINDS)]
)
def test_a_fault_gives_the_right_rows_or_a_loud_failure(kind: str, later: Later, tmp_path: Path) -> None:
    home = copied(later.before, tmp_path / "home")
    known = lines(home)
    order = {"vendor": "sap", "path": "*/GLAccountLineItem", "kind": kind, "times": 9 if kind in LOUD else 1, "seconds": 0.01}
    httpx.post(f"{later.url}/_sandbox/faults", json=order)
    try:
        if kind in LOUD:
            with pytest.raises(Exception, match=r"GLAccountLineItem|sap_de"):
                read(home)
            assert lines(home) == known
        else:
            read(home)
            assert lines(home) == later.lines
    finally:
        httpx.delete(f"{later.url}/_sandbox/faults")


def signing_in(home: Path, url: str, way: str) -> Path:
    """The same connection, with another way to sign in."""
    ways = {
        "oauth": f'client_id = "sandbox-client"\nclient_secret = "sandbox-secret"\ntoken_url = "{url}/sap/oauth/token"\n',
        "saml": f'client_id = "sandbox-client"\nclient_secret = "sandbox-secret"\ntoken_url = "{url}/sap/sap/bc/sec/oauth2/token"\n'
        'grant_type = "urn:ietf:params:oauth:grant-type:saml2-bearer"\nassertion = "PHNhbWw+"\n',
        "api_key": 'api_key = "sandbox-api-key"\n',
        "wrong": 'username = "SANDBOX_USER"\npassword = "not-this-one"\n',
    }
    kept = [line for line in (home / "hub.toml").open() if not line.startswith(("username", "password"))]
    (home / "hub.toml").write_text("".join(kept) + ways[way])
    return home


def test_a_run_goes_on_through_a_dead_token_a_busy_gateway_and_a_cut_off_answer(later: Later, tmp_path: Path) -> None:
    home = signing_in(copied(later.before, tmp_path / "home"), later.url, "oauth")
    for after, kind in enumerate(("unauthorized", "throttle", "truncate", "html_200")):
        order = {"vendor": "sap", "path": "*/GLAccountLineItem", "kind": kind, "after": 0 if after == 0 else 1}
        httpx.post(f"{later.url}/_sandbox/faults", json=order)
    read(home)
    assert lines(home) == later.lines


@pytest.mark.parametrize("way", ["oauth", "saml", "api_key", "wrong"])
def test_each_way_to_sign_in_is_checked_in_plain_words(way: str, later: Later, tmp_path: Path) -> None:
    home = signing_in(connected(tmp_path, later.url), later.url, way)
    findings = ingestion.check(settings.load(home), NAME)
    if way == "wrong":
        assert [finding.ok for finding in findings] == [False]
        assert "does not accept the credentials" in findings[0].message
        assert "not-this-one" not in findings[0].message
    else:
        assert [finding.subject for finding in findings if not finding.ok] == []
        assert len(findings) > 15


def test_a_service_that_is_not_there_is_named_and_the_run_goes_on(later: Later, tmp_path: Path) -> None:
    found = settings.load(copied(later.before, tmp_path / "home"))
    for path in ("*/A_SupplierInvoice", "*/API_COMPANYCODE_SRV/*"):
        httpx.post(f"{later.url}/_sandbox/faults", json={"vendor": "sap", "path": path, "kind": "forbidden", "times": 9})
    try:
        staged = ingestion.extract(found, found.connections[NAME])
    finally:
        httpx.delete(f"{later.url}/_sandbox/faults")
    assert set(staged.unavailable) == {
        "supplier_invoices", "supplier_invoice_gl_items", "supplier_invoice_order_items", "supplier_invoice_taxes",
    }, "company codes are had elsewhere"  # fmt: skip
    assert "No service found" in staged.unavailable["supplier_invoices"]


def test_values_that_do_not_fit_are_set_aside_with_their_reason(later: Later, tmp_path: Path) -> None:
    home = copied(later.before, tmp_path / "home")

    def spoil(path: str, body: bytes) -> bytes:
        if "/GLAccountLineItem" not in path:
            return body
        body = re.sub(rb'("AmountInCompanyCodeCurrency":)"[^"]*"', rb'\1"12,34"', body, count=1)
        head, _, tail = body.rpartition(b'"FiscalYear":"2023"')
        return head + b'"FiscalYear":2023' + tail

    with between(later.url, spoil) as url:
        toml = home / "hub.toml"
        toml.write_text(toml.read_text().replace(later.url, url))
        found = settings.load(home)
        loaded = ingestion.load(found, ingestion.extract(found, found.connections[NAME]))
    assert loaded.quarantined == 2
    with warehouse.reading(found.warehouse) as database:
        reasons = sorted(row[0] for row in database.execute("select reason from sap.quarantine").fetchall())
        unaccounted = database.execute("""
            select documents_received - documents_unchanged - documents_quarantined - rows_loaded
            from sap.extraction where table_name = 'gl_account_line_items' order by finished_at desc limit 1
        """).fetchone()
    assert ["FiscalYear" in reasons[0], "AmountInCompanyCodeCurrency" in reasons[1]] == [True, True]
    assert unaccounted == (0,)
    assert later.lines - 2 <= lines(home) < later.lines

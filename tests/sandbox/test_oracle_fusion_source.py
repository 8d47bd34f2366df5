"""Oracle Fusion through the hub: the company's ledger to the yen, changes as time passes, and right rows or a loud failure."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import httpx
import msgspec
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from dlt_sources.connection import Unavailable
from dlt_sources.oracle_fusion import TABLES, OracleSettings, deep_link, source
from dlt_sources.records import Archive
from finance_hub import ingestion, settings, warehouse
from finance_hub.ingestion import Loaded, cause
from sandbox.server import RunningSandbox, Shown
from sandbox.vendors.faults import KINDS
from sandbox.vendors.oracle_fusion import PASSWORD, USERNAME
from tests.conftest import connect
from tests.sandbox.test_oracle_fusion_wire import key_and_certificate

NAME = "oracle_fusion_jp"
LEDGER = """
    select split_part(l.account_combination, '-', 2) as account_code, strptime(h.period_name, '%b-%y')::date as month,
        sum(coalesce(l.accounted_dr, 0) - coalesce(l.accounted_cr, 0)) as amount
    from oracle_fusion.journal_lines l join oracle_fusion.journal_headers h using (connection_id, journal_key)
    where h.status = 'P' group by all having amount <> 0
"""
TRUTH = """
    select account_code, date_trunc('month', journal_date)::date as month, sum(amount_func) as amount
    from meridian.company.journal_line join meridian.company.journal using (journal_id)
    where entity_id = 'jp' and recorded_at <= timestamp '{horizon}' group by all having amount <> 0
"""


def load(home: Path) -> Loaded:
    found = settings.load(home)
    warehouse.prepare(found)
    return ingestion.load(found, ingestion.extract(found, next(iter(found.connections.values()))))


def extract_only(home: Path, *listings: str) -> ingestion.Staged:
    """Extract some listings, as a run would all of them."""
    found = settings.load(home)
    warehouse.prepare(found)
    connection = next(iter(found.connections.values()))
    folder = Path(tempfile.mkdtemp(dir=home))
    with warehouse.reading(found.warehouse) as database:
        pipeline = ingestion._pipeline("oracle_fusion", connection.name, folder, database)
        pipeline.sync_destination()
    pipeline.extract(source(ingestion.open_connection(found, connection)).with_resources(*listings))
    pipeline.normalize()
    return ingestion.Staged(connection.name, "oracle_fusion", str(folder))


def count_rows(home: Path, *listings: str) -> Counter[str]:
    """Rows by table that some listings give at a first read, without loading them."""
    found = settings.load(home)
    rows: Counter[str] = Counter()
    for arrow in source(ingestion.open_connection(found, next(iter(found.connections.values())))).with_resources(*listings):
        columns = set(arrow.column_names) - {"connection_id", "_page_id"}
        rows[next((table.name for table in TABLES if {column.name for column in table.columns} == columns), "log")] += (
            arrow.num_rows
        )
    return rows


def ask(home: Path, sql: str, company: Path | None = None) -> list[tuple[Any, ...]]:
    with duckdb.connect() as db:
        db.execute(f"attach '{settings.load(home).warehouse}' as hub (read_only)")
        if company:
            db.execute(f"attach '{company}' as meridian (read_only)")
        db.execute("use hub")
        return db.execute(sql).fetchall()


def raw(home: Path, left_out: str = "_dlt_load_id, _page_id") -> dict[str, str]:
    """A digest of every raw table, without what differs by run."""
    found = settings.load(home)
    with warehouse.reading(found.warehouse) as database:
        names = database.execute("""
            select table_name from information_schema.tables where table_schema = 'oracle_fusion'
                and table_name not like '\\_dlt%' escape '\\' and table_name not in ('extraction', 'quarantine')
        """).fetchall()
        return {
            name: hashlib.sha256(
                repr(
                    database.execute(f'select * exclude ({left_out}) from oracle_fusion."{name}" order by all').fetchall()
                ).encode()
            ).hexdigest()
            for (name,) in names
        }


def differences(home: Path, company: Path, horizon: str) -> list[tuple[Any, ...]]:
    """Accounts and months in which the raw ledger is not the company's."""
    return ask(
        home,
        f"""with told as ({LEDGER}), kept as ({TRUTH.format(horizon=horizon)})
        select * from told full join kept using (account_code, month) where told.amount is distinct from kept.amount""",
        company,
    )


@pytest.fixture(scope="module")
def home(group: RunningSandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hub that has read the pod once."""
    made = connect(tmp_path_factory.mktemp("fusion"), group.url, only={"oracle_fusion"})
    loaded = load(made)
    assert loaded.quarantined == 0
    assert loaded.unavailable == {}
    return made


def test_the_ledger_is_the_companys_by_account_and_month(home: Path, meridian: Path) -> None:
    assert differences(home, meridian, "2026-06-30 23:59:59") == []
    assert ask(home, "select distinct undeclared_fields from oracle_fusion.extraction") == [("",)]
    unbalanced = ask(
        home,
        """select journal_key from oracle_fusion.journal_lines group by 1
        having sum(coalesce(accounted_dr, 0)) <> sum(coalesce(accounted_cr, 0)) or sum(coalesce(entered_dr, 0)) <> sum(coalesce(entered_cr, 0))""",
    )
    assert unbalanced == []


def test_balances_of_the_pod_are_those_of_its_journals(home: Path) -> None:
    wrong = ask(
        home,
        """
        with moved as (
            select h.ledger_name as ledger, h.period_name as period, l.account_combination as combination,
                sum(coalesce(l.accounted_dr, 0) - coalesce(l.accounted_cr, 0)) as amount
            from oracle_fusion.journal_lines l join oracle_fusion.journal_headers h using (connection_id, journal_key) group by all
        )
        select * from moved full join (from oracle_fusion.ledger_balances where period_activity <> 0) b using (ledger, period, combination)
        where amount is distinct from period_activity and coalesce(amount, 0) <> 0
        """,
    )
    assert wrong == []


def test_open_documents_are_the_control_accounts(home: Path) -> None:
    told = ask(
        home,
        f"""
        with control as (select account_code, sum(amount) as amount from ({LEDGER}) group by 1)
        select
            (select sum(invoice_balance_amount) from oracle_fusion.receivables_invoices)
                + (select coalesce(sum(transaction_balance_due), 0) from oracle_fusion.receivables_credit_memos),
            (select amount from control where account_code = '1100'),
            (select sum(round(i.unpaid_amount * coalesce(d.conversion_rate::decimal(38, 12), 1), 0))
                from oracle_fusion.invoice_installments i join oracle_fusion.invoices d using (connection_id, invoice_id)),
            (select -sum(amount) from control where account_code in ('2000', '2050'))
        """,
    )
    receivable, receivable_control, payable, payable_control = told[0]
    assert receivable == receivable_control
    assert abs(payable - payable_control) < 10, "bills in dollars are open at their own rate, to the yen"


def test_documents_of_every_sort_have_arrived_with_their_parts(home: Path) -> None:
    counts = dict(ask(home, " union all ".join(
        f"select '{name}', count(*) from oracle_fusion.{name}" for name in (
            "chart_segments", "segment_values", "account_combinations", "period_statuses", "currency_rates", "suppliers", "supplier_addresses",
            "invoices", "invoice_lines", "invoice_distributions", "payments", "payment_invoices", "receivables_invoices",
            "receivables_invoice_distributions", "receivables_credit_memos", "standard_receipts", "receipt_references",
        )
    )))  # fmt: skip
    assert min(counts.values()) > 0
    assert counts["invoice_distributions"] > counts["invoice_lines"], (
        "a corrected bill has its first coding, the reversal and the second"
    )
    assert (
        counts["payments"] - counts["payment_invoices"]
        == ask(home, "select count(*) from oracle_fusion.payments where payment_type = 'Refund'")[0][0]
    )
    assert dict(ask(home, "select role, position from oracle_fusion.chart_segments"))["account"] == 2
    assert ask(home, "select count(*) from oracle_fusion.journal_batches where status <> 'P'") == [(0,)]
    unknown = """select account_combination from oracle_fusion.journal_lines except select account_combination from oracle_fusion.account_combinations"""
    assert ask(home, unknown) == []


def test_every_line_leads_back_to_a_page_that_holds_it(home: Path) -> None:
    archive = Archive(settings.load(home).home / "archive", "oracle_fusion", NAME)
    lines = ask(
        home,
        """select _page_id, je_header_id, account_combination, coalesce(accounted_dr, accounted_cr)::bigint
        from oracle_fusion.journal_lines using sample reservoir(40 rows) repeatable (7)""",
    )
    pages = {page_id: archive.page(page_id) for page_id in {line[0] for line in lines}}
    for page_id, header_id, combination, amount in lines:
        key = f"{header_id:016X}".encode()
        assert key in pages[page_id] or str(header_id).encode() in pages[page_id]
        assert combination.encode() in pages[page_id]
        assert f":{amount}".encode() in pages[page_id]


def test_a_second_run_with_nothing_new_loads_nothing_and_changes_no_table(home: Path) -> None:
    before = raw(home, "_dlt_load_id")
    assert load(home).rows == {}
    assert raw(home, "_dlt_load_id") == before


@pytest.fixture(scope="module")
def moving(meridian: Path) -> Iterator[RunningSandbox]:
    """A pod whose time passes."""
    with RunningSandbox(Shown(company=meridian, limits=False)) as running:
        yield running


def pass_time(running: RunningSandbox, days: int) -> str:
    """Let time pass; the new horizon."""
    told = httpx.post(f"{running.url}/_sandbox/advance", json={"days": days}, timeout=120).json()["horizon"]
    return str(told).replace("T", " ").removesuffix("+00:00")


@pytest.mark.heavy
def test_as_time_passes_only_changes_travel_and_the_result_is_that_of_a_full_load(
    moving: RunningSandbox, meridian: Path, home: Path, tmp_path: Path
) -> None:
    incremental = tmp_path / "incremental"
    shutil.copytree(home, incremental)
    connect(incremental, moving.url, only={"oracle_fusion"})
    lines = ask(incremental, "select count(*) from oracle_fusion.journal_lines")[0][0]
    for _ in range(2):
        horizon = pass_time(moving, 20)
        rows = load(incremental).rows
        assert 0 < rows["journal_lines"] < lines / 10
        assert 0 < rows["invoices"] < 60
        assert differences(incremental, meridian, horizon) == []
    full = connect(tmp_path / "full", moving.url, only={"oracle_fusion"})
    load(full)
    ours, theirs = raw(incremental), raw(full)
    assert ours.keys() == theirs.keys()
    assert [table for table in ours if ours[table] != theirs[table]] == []
    cleared = "select count(*) from oracle_fusion.payments where payment_status = 'Cleared' and clearing_date > '2026-07-01'"
    assert ask(incremental, cleared)[0][0] > 5, "what was paid before the first load changed afterwards"


@pytest.mark.heavy
def test_where_changes_cannot_be_searched_for_the_open_periods_are_read(
    moving: RunningSandbox, meridian: Path, tmp_path: Path
) -> None:
    httpx.post(f"{moving.url}/oracle_fusion/_sandbox/unqueryable", json={"journalBatches": ["LastUpdateDate"]}, timeout=60)
    found = settings.load(connect(tmp_path, moving.url, only={"oracle_fusion"}))
    ingestion.load(found, extract_only(tmp_path, "journal_batches"))
    assert ingestion.load(found, extract_only(tmp_path, "journal_batches")).rows == {}
    horizon = pass_time(moving, 15)
    assert 0 < ingestion.load(found, extract_only(tmp_path, "journal_batches")).rows["journal_lines"] < 1000
    assert differences(tmp_path, meridian, horizon) == []


def fault(url: str, **order: object) -> None:
    httpx.post(f"{url}/_sandbox/faults", json={"vendor": "oracle_fusion", **order}, timeout=60)


LOUD = {"day_limit", "error_200", "forbidden", "redirect", "unauthorized"}
SAMPLE = {"bad_json", "error_200", "server_error", "unauthorized"}


@pytest.mark.parametrize(
    "kind", [kind if kind in SAMPLE else pytest.param(kind, marks=pytest.mark.heavy) for kind in sorted(KINDS)]
)
def test_a_fault_gives_the_right_rows_or_a_loud_failure(kind: str, group: RunningSandbox, home: Path, tmp_path: Path) -> None:
    """Against the batches, from the second page on."""
    connect(tmp_path, group.url, only={"oracle_fusion"})
    fault(group.url, path="*/journalBatches", kind=kind, after=2, times=9 if kind in LOUD else 1, seconds=0.01)
    try:
        if kind in LOUD:
            with pytest.raises(Exception, match=NAME) as failure:
                count_rows(tmp_path, "journal_batches")
            assert "sandbox-secret" not in cause(failure.value)
        else:
            found = count_rows(tmp_path, "journal_batches")["journal_lines"]
            assert found == ask(home, "select count(*) from oracle_fusion.journal_lines")[0][0]
    finally:
        httpx.delete(f"{group.url}/_sandbox/faults", timeout=60)


def test_a_pod_that_cannot_count_narrow_or_give_whole_pages_is_read_whole(
    group: RunningSandbox, home: Path, tmp_path: Path
) -> None:
    connect(tmp_path, group.url, only={"oracle_fusion"})
    fault(group.url, path="*", kind="server_error", query="*totalResults=true*", times=1000)
    fault(group.url, path="*/child/values", kind="server_error", query="*fields=*", times=1000)
    fault(group.url, path="*/invoices", kind="rewrite", set={"limit": "97"}, times=1000)
    try:
        found = count_rows(tmp_path, "segment_values", "invoices", "ledger_balances")
    finally:
        httpx.delete(f"{group.url}/_sandbox/faults", timeout=60)
    for table in ("segment_values", "invoices", "invoice_lines", "invoice_distributions", "ledger_balances"):
        assert ask(home, f"select count(*) from oracle_fusion.{table}") == [(found[table],)]


def test_what_the_credentials_may_not_read_is_named_and_the_run_goes_on(group: RunningSandbox, tmp_path: Path) -> None:
    found = settings.load(connect(tmp_path, group.url, only={"oracle_fusion"}))
    unavailable = Unavailable()
    fault(group.url, path="*/ledgerBalances", kind="forbidden", times=99)
    fault(group.url, path="*/suppliers", kind="forbidden", times=99)
    try:
        made = source(ingestion.open_connection(found, found.connections[NAME]), unavailable)
        assert len(list(made.with_resources("ledgers", "ledger_balances", "suppliers", "payments"))) > 3
    finally:
        httpx.delete(f"{group.url}/_sandbox/faults", timeout=60)
    assert set(unavailable.reasons) == {"ledger_balances", "suppliers", "supplier_addresses"}
    assert "403" in unavailable.reasons["suppliers"]


def test_documents_can_be_narrowed_to_a_business_unit(group: RunningSandbox, home: Path, tmp_path: Path) -> None:
    toml = connect(tmp_path, group.url, only={"oracle_fusion"}) / "hub.toml"
    plain = toml.read_text()
    for unit, expected in (
        ("Meridian Japan KK BU", ask(home, "select count(*) from oracle_fusion.receivables_invoices")[0][0]),
        ("O'Hara BU", 0),
    ):
        toml.write_text(f'{plain}business_unit = "{unit}"\n')
        assert count_rows(tmp_path, "receivables_invoices")["receivables_invoices"] == expected


def write_settings(home: Path, **keys: str) -> Path:
    home.mkdir(parents=True, exist_ok=True)
    quoted = "\n".join(f"{name} = {msgspec.json.encode(value).decode()}" for name, value in keys.items())
    (home / "hub.toml").write_text(
        f'as_of_date = "2026-06-30"\n[connections.books]\nsystem = "oracle_fusion"\nentity = "KK"\n{quoted}\n'
    )
    return home


@pytest.mark.parametrize("way", ["basic", "assertion", "trusted_issuer"])
def test_every_way_to_sign_in_is_accepted(way: str, group: RunningSandbox, tmp_path: Path) -> None:
    private, certificate = key_and_certificate()
    httpx.post(f"{group.url}/oracle_fusion/_sandbox/certificate", content=certificate, timeout=60)
    offered = httpx.get(f"{group.url}/_sandbox/connections", timeout=60).json()[NAME]
    keys = {"base_url": offered["base_url"].replace("11.13.18.05", "latest"), "ledger": offered["ledger"], "username": USERNAME}
    if way == "basic":
        keys |= {"password": PASSWORD}
    elif way == "assertion":
        keys |= {name: offered[name] for name in ("client_id", "client_secret", "token_url", "scope")} | {
            "private_key": private,
            "key_id": "hub",
        }
    else:
        keys |= {"issuer": "hub", "private_key": private.replace("\n", "\\n"), "certificate": certificate}
    findings = ingestion.check(settings.load(write_settings(tmp_path, **keys)), "books")
    assert [finding for finding in findings if not finding.ok] == []
    assert findings[-1].message == "found"


def test_a_check_tells_in_plain_words_what_is_wrong(group: RunningSandbox, tmp_path: Path) -> None:
    offered = httpx.get(f"{group.url}/_sandbox/connections", timeout=60).json()[NAME]
    wrong = write_settings(tmp_path / "a", base_url=offered["base_url"], username=USERNAME, password="not-the-password")
    findings = ingestion.check(settings.load(wrong), "books")
    assert len(findings) == 1
    assert "does not accept the credentials" in findings[0].message
    assert "not-the-password" not in findings[0].message
    missing = write_settings(tmp_path / "b", base_url=offered["base_url"], username=USERNAME, password=PASSWORD, ledger="Nobody's")
    assert "correct ledger" in ingestion.check(settings.load(missing), "books")[-1].message


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({}, "base_url must be the pod's address"),
        ({"base_url": "https://x.example/r"}, "credentials are missing"),
        ({"base_url": "https://x.example/r", "client_id": "a", "client_secret": "b"}, "token_url"),
        ({"base_url": "https://x.example/r", "issuer": "a", "username": "b", "private_key": "c", "certificate": "d"}, "PEM text"),
        ({"extract_folder": "x"}, "segments must name"),
        ({"extract_folder": "x", "extract_url": "https://x.example/o", "segments": "account"}, "not both"),
        ({"base_url": "https://x.example/r", "username": "a", "password": "b", "rate_currencies": "dollars"}, "three-letter"),
    ],
)
def test_a_wrong_setting_is_one_sentence(keys: dict[str, str], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        OracleSettings(**keys)


def test_a_suppliers_invoice_leads_to_the_pods_own_page() -> None:
    base_url = "https://pod.fa.example/fscmRestApi/resources/11.13.18.05"
    pod = OracleSettings(base_url=base_url, username="a", password="b")
    page = "https://pod.fa.example/fscmUI/faces/deeplink?objType=AP_VIEWINVOICE&action=VIEW&objKey=InvoiceId%3D300100"
    assert deep_link(pod, "purchase", "300100") == page
    assert deep_link(pod, "sale", "300100") is None, "of other documents Oracle publishes no address"
    assert deep_link(OracleSettings(extract_folder="x", segments="account"), "purchase", "300100") is None


BATCH = {"JeBatchId": 1, "Status": "P", "DefaultPeriodName": "Jan-26", "LastUpdateDate": "2026-01-31T10:00:00.123+00:00"}


def plain_pod(batches: list[Any], lines: dict[str, list[Any]]) -> Starlette:
    """A pod of another make: no expand, no header ids, no counts; it answers what it does not know with 404."""

    def collection(rows: list[Any]) -> Response:
        return JSONResponse({"items": rows, "count": len(rows), "hasMore": False, "limit": 499, "offset": 0, "links": []})

    def links(request: Request, key: str, child: str) -> list[dict[str, str]]:
        own = f"{request.url.scheme}://{request.url.netloc}{request.url.path}/{key}"
        return [{"rel": "self", "href": own, "name": "x"}, {"rel": "child", "href": f"{own}/child/{child}", "name": child}]

    def answer(request: Request) -> Response:
        path = request.path_params["path"]
        if path == "ledgersLOV":
            return collection([{"LedgerId": 7, "Name": "Books", "CurrencyCode": "JPY"}])
        if path == "journalBatches":
            return collection(
                [
                    row
                    if not isinstance(row, dict)
                    else {**row, "links": links(request, str(row.get("JeBatchId")), "journalHeaders")}
                    for row in batches
                ]
            )
        if path.endswith("/journalHeaders"):
            return collection(
                [
                    {"JournalName": key, "LedgerName": "Books", "Status": "P", "links": links(request, key, "journalLines")}
                    for key in lines
                ]
            )
        if path.endswith("/journalLines"):
            return collection(lines[path.split("/")[-3]])
        return PlainTextResponse("Not Found", 404)

    return Starlette(routes=[Route("/r/{path:path}", answer)])


@pytest.fixture
def served() -> Iterator[Callable[[Starlette], str]]:
    """Serves an application; gives its address."""
    servers: list[tuple[uvicorn.Server, threading.Thread]] = []

    def serve(app: Starlette) -> str:
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", lifespan="off"))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        servers.append((server, thread))
        while not server.started:
            time.sleep(0.01)
        return f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/r"

    yield serve
    for server, thread in servers:
        server.should_exit = True
        thread.join()


def test_another_pod_without_expand_or_header_ids_is_read_by_its_links_and_what_it_lacks_is_named(
    served: Callable[[Starlette], str], tmp_path: Path
) -> None:
    sides = [
        {"JeLineNumber": 1, "AccountedDr": 5.25, "EnteredDr": 5.25},
        {"JeLineNumber": 2, "AccountedCr": "5.25", "EnteredCr": 5.25},
    ]
    url = served(plain_pod([BATCH, {**BATCH, "JeBatchId": 2, "Status": "U"}], {"0001AA": sides, "0001BB": sides}))
    loaded = load(write_settings(tmp_path, base_url=url, username="u", password="secret-1"))
    assert loaded.rows["journal_lines"] == 4
    assert {"invoices", "standard_receipts", "account_combinations"} <= set(loaded.unavailable)
    rows = ask(
        tmp_path,
        "select journal_key, count(*), sum(accounted_dr), sum(accounted_cr) from oracle_fusion.journal_lines group by 1 order by 1",
    )
    assert [(key, count, float(debit), float(credit)) for key, count, debit, credit in rows] == [
        ("0001AA", 2, 5.25, 5.25),
        ("0001BB", 2, 5.25, 5.25),
    ]


@pytest.mark.heavy
def test_bad_values_are_set_aside_with_their_reasons_and_the_rest_is_loaded(
    served: Callable[[Starlette], str], tmp_path: Path
) -> None:
    lines = {
        "good": [{"JeLineNumber": 1, "AccountedDr": 1}, {"JeLineNumber": 2, "AccountedCr": 1}],
        "bad": [{"JeLineNumber": 1, "AccountedDr": "a lot"}],
        "fine": [{"JeLineNumber": 1, "AccountedDr": 0.0000000000001}],
    }
    url = served(plain_pod([BATCH, None, {"Status": "P", "JeBatchId": "one"}], lines))
    loaded = load(write_settings(tmp_path, base_url=url, username="u", password="secret-1"))
    assert loaded.rows["journal_lines"] == 2
    assert loaded.quarantined == 4
    reasons = " / ".join(reason for (reason,) in ask(tmp_path, "select reason from oracle_fusion.quarantine"))
    assert "more than 12 decimals" in reasons
    assert "AccountedDr" in reasons or "decimal" in reasons
    assert "JeBatchId" in reasons or "int" in reasons
    assert load(tmp_path).rows == {}

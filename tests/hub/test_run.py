"""The whole way of real-shaped books: vendor, archive, warehouse, statements, snapshot; made by the README's own commands."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path

import duckdb
import httpx
import pytest

from dlt_sources.records import Archive
from finance_hub import ingestion, publish, settings, trace, warehouse
from finance_hub.alerts import Outbox
from finance_hub.refresh import refresh
from sandbox.server import RunningSandbox, Shown
from sandbox.vendors.faults import KINDS
from tests.conftest import connect
from tests.hub.conftest import HUB

ROOT = Path(__file__).parents[2]
README = [
    line for block in re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL) for line in block.splitlines()
]


def hub(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([HUB, *arguments], capture_output=True, text=True, check=False)


def ask(home: Path, sql: str) -> list[dict[str, object]]:
    answer = hub("query", sql, "--home", str(home), "--format", "json")
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def raw_tables(path: Path) -> dict[str, str]:
    """A digest of every raw table's content."""
    with warehouse.reading(path) as database:
        names = database.execute(
            "select table_name from information_schema.tables where table_schema = 'xero' order by 1"
        ).fetchall()
        return {
            name: hashlib.sha256(repr(database.execute(f'from xero."{name}" order by all').fetchall()).encode()).hexdigest()
            for (name,) in names
        }


@pytest.fixture(scope="module")
def made(sandbox: RunningSandbox, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A hub that every command of the README has made on the small books, in the order given, and what they printed.

    Those that look around after the demo use the default home: here that of the hub that the others make.
    """
    folder = tmp_path_factory.mktemp("readme")
    home = folder / "my-hub"
    commands = [shlex.split(line) for line in README if line.startswith(".venv/bin/finance-hub")]
    commands.sort(key=lambda command: "--home" not in command)
    assert len(commands) >= 8
    printed = []
    for arguments in commands:
        program = shutil.which("finance-hub") or str(ROOT / arguments[0])
        environment = os.environ | ({} if "--home" in arguments else {"FINANCE_HUB_HOME": "my-hub"})
        ran = subprocess.run([program, *arguments[1:]], cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, f"{arguments}: {ran.stdout}{ran.stderr}"
        printed.append(ran.stdout)
        if arguments[1] == "connections" and "check" not in arguments:
            connect(home, sandbox.url)
            toml = home / "hub.toml"
            toml.write_text(toml.read_text().replace("[connections.books]", "[connections.uk_books]"))
    return home, printed


@pytest.fixture(scope="module")
def home(made: tuple[Path, list[str]]) -> Path:
    """The hub that the README's commands made."""
    return made[0]


def test_the_commands_of_the_readme_work_in_the_order_given(made: tuple[Path, list[str]]) -> None:
    assert any("revenue" in text for text in made[1])
    assert any("Served:" in text for text in made[1])
    assert any("Journals: readable" in text for text in made[1])


def test_the_make_targets_of_the_readme_run_what_the_makefile_says() -> None:
    """`make test` is what runs this; `make demo` and `make ui` run commands that have tests of their own."""
    targets = [command.split()[1] for command in README if command.startswith("make ")]
    assert targets == ["demo", "test", "ui"]
    for target in targets:
        told = subprocess.run(["make", "--dry-run", target], cwd=ROOT, check=True, capture_output=True, text=True).stdout
        assert ("pytest" if target == "test" else f"finance-hub {target}") in told


def test_the_statements_hold_the_known_totals(home: Path) -> None:
    classes = {
        row["account_class"]: Decimal(str(row["total"]))
        for row in ask(home, "select account_class, sum(amount_func) as total from profit_and_loss group by 1")
    }
    sales = sum(
        (Decimal(1000 + number) / rate).quantize(Decimal("0.01"))
        for number, rate in enumerate((1, Decimal("0.75"), Decimal("0.6"), Decimal("0.75")))
    )
    assert classes == {"revenue": 6 * sales, "expense": 6 * Decimal("500.25") + 12}
    earnings = {
        row["account_id"]: Decimal(str(row["amount_func"]))
        for row in ask(home, "from balance_sheet where period_month = '2020-03-01' and account_class = 'equity'")
    }
    profit = sales - Decimal("500.25")
    assert earnings["retained_earnings_system"] == 4 * profit - 12, "29 February belongs to the closed year"
    assert earnings["current_year_earnings"] == profit


def test_open_documents_tie_to_their_control_account(home: Path) -> None:
    ties = {row["ledger"]: row for row in ask(home, "from subledger_tie")}
    assert ties["receivable"]["document_count"] == 4
    assert Decimal(str(ties["receivable"]["difference"])) == 0
    assert Decimal(str(ties["payable"]["control_amount"])) == 0


@pytest.mark.heavy
def test_a_run_with_nothing_new_changes_no_raw_table(home: Path) -> None:
    found = settings.load(home)
    before = raw_tables(found.warehouse)
    outcome = refresh(found)
    assert outcome.problems == []
    assert outcome.loaded[0].rows == {}
    assert raw_tables(found.warehouse) == before


def test_every_raw_row_leads_back_to_the_bytes_that_the_vendor_sent(home: Path) -> None:
    found = settings.load(home)
    with warehouse.reading(found.warehouse) as database:
        invoices = database.execute("select invoice_id, _page_id from xero.invoices").fetchall()
    archive = Archive(found.home / "archive", "xero", "uk_books")
    for invoice_id, page_id in invoices:
        assert invoice_id.encode() in archive.page(page_id)


TRACED = ("general_ledger", "trial_balance", "profit_and_loss", "balance_sheet", "cash_flow")


@pytest.mark.parametrize("model", TRACED)
def test_every_figure_is_what_its_lines_add_up_to(home: Path, model: str) -> None:
    """All rows of the small books, but those that frame a cash flow: opening, closing, exchange rates."""
    found = settings.load(home)
    columns = trace.columns_of(model)
    with warehouse.reading(publish.current(home)) as database:
        rows = database.execute(f"select {', '.join(f'{name}::varchar' for name in columns)} from marts.{model}").fetchall()
    keys = [dict(zip(columns, row, strict=True)) for row in rows]
    keys = [key for key in keys if key.get("category", "operating") in {"operating", "investing", "financing"}][:60]
    assert keys
    for key in keys:
        trail = trace.trace(found, model, key, limit=1)
        assert trail.ties, key
        assert trail.line_count or trail.figure == 0, key


@pytest.mark.parametrize(
    ("model", "of_lines"),
    [
        ("consolidated_profit_and_loss", "account_class in ('revenue', 'expense')"),
        ("consolidated_balance_sheet", "account_class = 'asset'"),
        ("consolidated_cash_flow", "category = 'operating'"),
    ],
)
def test_a_figure_of_the_group_leads_to_the_lines_of_its_entities(home: Path, model: str, of_lines: str) -> None:
    found = settings.load(home)
    columns = ", ".join(f"{name}::varchar" for name in trace.columns_of(model))
    with warehouse.reading(publish.current(home)) as database:
        row = database.execute(f"select {columns} from marts.{model} where {of_lines} order by abs(entities_rpt) desc").fetchone()
    trail = trace.trace(found, model, dict(zip(trace.columns_of(model), row, strict=True)), limit=1)
    assert trail.line_count > 0
    assert trail.ties is None, "what is translated and eliminated is no plain sum of lines"


def test_a_figure_leads_back_to_the_vendors_own_words(home: Path) -> None:
    shown = hub("trace", "profit_and_loss", "account_code=200,period_month=2020-04-01", "--home", str(home))
    assert shown.returncode == 0, shown.stderr
    assert "the figure" in shown.stdout
    assert "go.xero.com/AccountsReceivable" in shown.stdout
    assert '"NetAmount": -1670.00' in shown.stdout, "to the digit, as it was sent"
    several = hub("trace", "profit_and_loss", "account_code=200", "--home", str(home))
    assert several.returncode == 2
    assert "period_month" in several.stderr
    unknown = hub("trace", "campaign_roi", "campaign_id=1", "--home", str(home))
    assert "cannot be traced" in unknown.stderr


def test_the_answer_can_be_read_as_csv_and_a_wrong_question_is_told(home: Path) -> None:
    answer = hub("query", "select 1 as one", "--home", str(home), "--format", "csv")
    assert answer.stdout == "one\n1\n"
    wrong = hub("query", "select nothing from nowhere", "--home", str(home))
    assert wrong.returncode == 2
    assert "nowhere" in wrong.stderr


def test_a_wrong_secret_is_told_in_plain_words(home: Path, tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_text(
        (home / "hub.toml").read_text().replace("sandbox-secret", "wrong-secret-1").replace("sandbox-refresh-0", "x" * 8)
    )
    checked = hub("connections", "check", "uk_books", "--home", str(tmp_path))
    assert checked.returncode == 2
    assert "consent" in checked.stdout
    assert "wrong-secret-1" not in checked.stdout + checked.stderr


def test_snapshots_are_pruned_and_the_pointer_names_the_newest(home: Path) -> None:
    found = settings.load(home)
    for _ in range(publish.KEPT + 1):
        newest = publish.publish(found)
    assert publish.current(found.home) == newest
    assert len(list((found.home / "serve").glob("hub_*.duckdb"))) == publish.KEPT


def test_a_failed_check_publishes_nothing_and_keeps_the_former_snapshot(home: Path, tmp_path: Path) -> None:
    found = settings.load(home)
    served = publish.current(found.home)
    with warehouse.writing(found.warehouse) as database:
        line, amount = database.execute("select journal_line_id, net_amount from xero.journal_lines limit 1").fetchone()
        database.execute("update xero.journal_lines set net_amount = net_amount + 0.01 where journal_line_id = ?", [line])
    try:
        ran = hub("run", "--home", str(home))
    finally:
        with warehouse.writing(found.warehouse) as database:
            database.execute("update xero.journal_lines set net_amount = ? where journal_line_id = ?", [amount, line])
    assert ran.returncode == 1
    assert "journals_balance" in ran.stderr
    assert "Check journals_balance of core.fct_gl_line failed" in [incident.title for incident in Outbox(home).incidents()]
    assert "Nothing was published" in ran.stderr
    assert publish.current(found.home) == served


JOURNALS = 64  # 1 opening, 5 months of 10, 6 in the last, 2 of the voided bill, 1 bank payment, 1 transfer, 3 of the edited journal
LOUD = {"day_limit", "error_200", "redirect", "unauthorized"}
SAMPLE = {"truncate", "error_200", "forbidden", "unauthorized"}


@pytest.mark.parametrize(
    "kind", [kind if kind in SAMPLE else pytest.param(kind, marks=pytest.mark.heavy) for kind in sorted(KINDS)]
)
def test_a_fault_gives_the_right_rows_or_a_loud_failure(sandbox: RunningSandbox, tmp_path: Path, kind: str) -> None:
    found = settings.load(connect(tmp_path, sandbox.url))
    warehouse.prepare(found)
    order = {
        "vendor": "xero",
        "path": "*/Journals",
        "kind": kind,
        "times": 9 if kind in {*LOUD, "forbidden"} else 1,
        "seconds": 0.01,
    }
    httpx.post(f"{sandbox.url}/_sandbox/faults", json=order)
    connection = found.connections["books"]
    try:
        if kind in LOUD:
            with pytest.raises(Exception, match=r"books|Journals"):
                ingestion.extract(found, connection)
        else:
            loaded = ingestion.load(found, ingestion.extract(found, connection))
            if kind == "forbidden":
                assert "journals" in loaded.unavailable, "the run goes on, and says what it was not shown"
            else:
                assert loaded.rows["journals"] == JOURNALS
    finally:
        httpx.delete(f"{sandbox.url}/_sandbox/faults")
    with warehouse.reading(found.warehouse) as database:
        count = database.execute("select count(*) from xero.journals").fetchone()[0]
    assert count == (0 if kind in {*LOUD, "forbidden"} else JOURNALS)


@pytest.mark.heavy
def test_real_books_arrive_whole_and_their_statements_tie(real_books: Path, tmp_path: Path) -> None:
    with RunningSandbox(Shown(books=real_books, limits=False)) as running:
        home = connect(tmp_path, running.url, currency=None, as_of="2021-03-31")
        outcome = refresh(settings.load(home))
    assert outcome.problems == []
    assert outcome.loaded[0].rows["journal_lines"] == 4033
    with warehouse.reading(settings.load(home).warehouse) as database:
        tracked = database.execute("select count(*) from xero.journal_line_tracking").fetchone()[0]
        banked = database.execute("select sum(net_amount) from xero.journal_lines where account_type = 'BANK'").fetchone()[0]
    assert tracked == outcome.loaded[0].rows["journal_line_tracking"] == 15, "one line has two options of one category"
    assert outcome.loaded[0].quarantined == 0
    with duckdb.connect(str(outcome.snapshot), read_only=True) as snapshot:
        totals = dict(snapshot.execute("select account_class, sum(amount_func) from profit_and_loss group by 1").fetchall())
        position = dict(
            snapshot.execute(
                "select account_class, sum(amount_func) from balance_sheet where period_month = '2021-03-01' group by 1"
            ).fetchall()
        )
        assert snapshot.execute("select distinct currency_rpt from trial_balance").fetchall() == [("CAD",)], "that of the books"
        ties = {
            row[0]: row[1:]
            for row in snapshot.execute("select ledger, subledger_amount, control_amount from subledger_tie").fetchall()
        }
        ageing = dict(snapshot.execute("select ledger, sum(open_func) from ar_ap_aging group by 1").fetchall())
        flows = snapshot.execute("""
            select method, sum(amount_func) filter (category in ('operating', 'investing', 'financing')),
                max_by(amount_func, period_month) filter (category = 'closing_cash')
            from cash_flow group by 1 order by 1
        """).fetchall()
    assert totals == {"revenue": Decimal("566973.74"), "expense": Decimal("64821.85")}
    assert position["asset"] == Decimal("259991.95") == position["liability"] + position["equity"]
    assert ageing == {ledger: subledger for ledger, (subledger, _control) in ties.items()}
    assert flows == [(method, banked, banked) for method in ("direct", "indirect")], "all that flowed is in the bank accounts"
    assert ties == {"receivable": (Decimal("60596.17"), Decimal("60596.16")), "payable": (Decimal("88.46"), Decimal("88.46"))}

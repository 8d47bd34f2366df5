"""The hub's source against folders of exports: whole, replaced, twice there, set aside, and what a check says."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from dlt_sources.planguru.mapping import EXAMPLE
from sandbox.server import RunningSandbox, Shown
from sandbox.vendors.planguru import write_exports
from sandbox.vendors.wire import VirtualClock
from tests.http.fault_server import FaultServer, http, say
from tests.sandbox.hub import Hub, let_pass
from tests.sandbox.planguru import GOOD, TABLES, hub_of, write

TOKEN = {"Authorization": "Bearer sandbox-planguru-token"}
AS_OF = datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC)
AMOUNTS = "select category, period::varchar, amount::decimal(20, 4)::varchar from planguru.cells order by category, period"
BAD = [*GOOD[:4], ["Total Revenue", 150, 111.1, 120.15], *GOOD[5:]]


@pytest.fixture(scope="module", autouse=True)
def quick_retries() -> Iterator[None]:
    """Faults are retried at once: how long to wait is tested with the client."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dlt_sources.http.policy.Policy.backoff", lambda _policy, _attempt: 0.01)
        yield


@pytest.fixture(scope="module")
def served(meridian: Path) -> Iterator[RunningSandbox]:
    with RunningSandbox(Shown(company=meridian, limits=False, only=frozenset({"planguru"}))) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one good workbook."""
    write(tmp_path / "plans" / "Budget 2026.xlsx", ("IS Sales", GOOD), hidden=("IS Sales",))
    return tmp_path / "plans"


def aged(path: Path, seconds: int) -> Path:
    """A file that was changed some seconds after the beginning of 2026."""
    moment = datetime(2026, 1, 1, tzinfo=UTC).timestamp() + seconds
    os.utime(path, (moment, moment))
    return path


def balanced(hub: Hub) -> bool:
    """Whether all that was received is loaded, unchanged or set aside."""
    told = "select sum(documents_received - documents_unchanged - documents_quarantined - rows_loaded) from planguru.extraction"
    return hub.query(told) == [(0,)]


def test_a_workbook_becomes_exact_amounts_with_their_places(folder: Path, tmp_path: Path) -> None:
    hub = hub_of(tmp_path / "hub", folder)
    assert hub.load() == {"cells": 8, "sheets": 1}
    assert hub.query(AMOUNTS) == [
        ("Sales", "2026-01-01", "100.0000"),
        ("Sales", "2026-02-01", "110.1000"),
        ("Sales", "2026-03-01", "120.0500"),
        ("Services", "2026-01-01", "50.0000"),
        ("Services", "2026-03-01", "0.1000"),
        ("Wages", "2026-01-01", "70.5000"),
        ("Wages", "2026-02-01", "70.5000"),
        ("Wages", "2026-03-01", "70.5000"),
    ]
    told = """
        select distinct company, scenario, fiscal_year, created_on::varchar, is_locked, statement, department, currency, measure, span, file_name, sheet_name
        from planguru.cells
    """
    assert hub.query(told) == [
        (
            "Firm Ltd",
            "Budget 2026",
            2026,
            "2025-12-12",
            False,
            "IS",
            "Sales",
            "USD",
            "amount",
            "month",
            "Budget 2026.xlsx",
            "IS Sales",
        )
    ]
    assert hub.query(
        "select class, account_code, cell_address from planguru.cells where category = 'Wages' and period = '2026-02-01'"
    ) == [("Costs", "6000", "C15")]
    assert hub.query("select is_hidden, status, amounts, totals from planguru.sheets") == [(True, "read", 8, 6)]
    assert balanced(hub)


def test_a_file_that_has_not_changed_is_not_read_again_and_one_that_is_there_twice_is_read_once(
    folder: Path, tmp_path: Path
) -> None:
    hub = hub_of(tmp_path / "hub", folder)
    hub.load()
    loads = hub.query("select count(*) from planguru._dlt_loads")
    assert hub.load() == {}
    assert hub.query("select count(*) from planguru._dlt_loads") == loads
    shutil.copy(folder / "Budget 2026.xlsx", folder / "Copy of Budget 2026.xlsx")
    assert hub.load() == {"sheets": 1}
    assert hub.query("select file_name, status, reason from planguru.sheets order by 1") == [
        ("Budget 2026.xlsx", "read", None),
        ("Copy of Budget 2026.xlsx", "copy", "the same as Budget 2026.xlsx"),
    ]
    assert hub.query("select count(*) from planguru.cells") == [(8,)]


def test_a_replaced_file_is_a_new_version_of_what_it_tells(folder: Path, tmp_path: Path) -> None:
    hub = hub_of(tmp_path / "hub", folder)
    hub.load()
    fewer = [*GOOD[:2], ["4000 Sales", 100, 111, 120.05], ["Total Revenue", 100, 111, 120.05], *GOOD[5:]]
    write(folder / "Budget 2026.xlsx", ("IS Sales", fewer))
    rows = hub.load()
    full = hub_of(tmp_path / "full", folder)
    full.load()
    assert hub.told("planguru", *TABLES) == full.told("planguru", *TABLES)
    assert hub.query("select count(*), sum(amount)::decimal(20, 2) from planguru.cells where class = 'Revenue'")[0][0] == 3
    assert rows["cells"] == 4, "one amount has changed, and those of the costs stand a row higher"


def test_of_several_files_for_one_plan_the_newest_tells_its_months_and_the_others_theirs(folder: Path, tmp_path: Path) -> None:
    aged(folder / "Budget 2026.xlsx", 0)
    later = [["Account", "Mar 2026", "Apr 2026"], ["Revenue"], ["4000 Sales", 7, 8], ["Total Revenue", 7, 8]]
    aged(write(folder / "Another 2026.xlsx", ("IS Sales", later)), 60)
    hub = hub_of(tmp_path / "hub", folder)
    hub.load()
    sums = "select period::varchar, sum(amount)::decimal(20, 2)::varchar from planguru.cells group by all order by all"
    assert hub.query(sums) == [("2026-01-01", "220.50"), ("2026-02-01", "180.60"), ("2026-03-01", "7.00"), ("2026-04-01", "8.00")]
    aged(folder / "Budget 2026.xlsx", 120)
    hub.load()
    assert hub.query(sums)[2:] == [("2026-03-01", "190.65"), ("2026-04-01", "8.00")]


@pytest.mark.heavy
def test_a_sheet_that_does_not_add_up_is_set_aside_whole_and_its_good_version_stays(folder: Path, tmp_path: Path) -> None:
    book = folder / "Budget 2026.xlsx"
    write(book, ("IS Sales", GOOD), ("IS General", GOOD))
    hub = hub_of(tmp_path / "hub", folder)
    assert hub.load()["cells"] == 16
    before = hub.query("select * exclude (_dlt_load_id, _page_id) from planguru.cells where department = 'Sales' order by all")
    better = [*GOOD[:2], ["4000 Sales", 1, 2, 3], ["Total Revenue", 1, 2, 3], *GOOD[5:]]
    write(book, ("IS Sales", BAD), ("IS General", better))
    hub.load()
    assert (
        hub.query("select * exclude (_dlt_load_id, _page_id) from planguru.cells where department = 'Sales' order by all") == before
    )
    assert hub.query("select sum(amount)::integer from planguru.cells where department = 'General' and class = 'Revenue'") == [(6,)]
    assert hub.query("select sheet_name, status from planguru.sheets order by 1") == [
        ("IS General", "read"),
        ("IS Sales", "set_aside"),
    ]
    report = hub.query("select record_key, reason, payload from planguru.quarantine order by record_key")
    assert [key for key, _, _ in report] == [f"Budget 2026.xlsx / IS Sales / row {row}" for row in (10, 11, 12, 15, 16, 17)]
    reasons = [reason for _, reason, _ in report]
    told = "the class 'Revenue' adds up to 110.1 in 2026-02, but its total says 111.1"
    assert reasons[2] == told
    assert reasons[0] == f"its sheet is set aside: row 12: {told}"
    assert json.loads(report[1][2]) == {
        "file": "Budget 2026.xlsx",
        "sheet": "IS Sales",
        "row": 11,
        "shows": "4100 Services, 50, 0.1",
    }
    assert balanced(hub)
    assert hub.load() == {}
    (folder / "note.csv").write_text("Company,Scenario\n")
    hub.load()
    assert hub.query("select count(*) from planguru.quarantine where record_key like 'Budget%'") == [(6,)], "told once"

    write(book, ("IS Sales", better), ("IS General", better))
    hub.load()
    (folder / "note.csv").unlink()
    hub.load()
    full = hub_of(tmp_path / "full", folder)
    full.load()
    assert hub.told("planguru", *TABLES) == full.told("planguru", *TABLES)


def test_a_file_that_cannot_be_read_leaves_its_former_version_and_the_others_load(folder: Path, tmp_path: Path) -> None:
    hub = hub_of(tmp_path / "hub", folder)
    hub.load()
    sales = "select * exclude (_dlt_load_id, _page_id) from planguru.cells where department = 'Sales' order by all"
    before = hub.query(sales)
    book = folder / "Budget 2026.xlsx"
    book.write_bytes(book.read_bytes()[:3000])
    write(folder / "Upside 2026.xlsx", ("IS General", GOOD))
    hub.load()
    assert hub.query("select status, reason from planguru.sheets where file_name like 'Budget%'") == [
        ("set_aside", "is no workbook, or not whole, or has a password")
    ]
    assert hub.query(sales) == before
    assert hub.query("select department, count(*) from planguru.cells group by all order by all") == [("General", 8), ("Sales", 8)]
    assert hub.query("select record_key from planguru.quarantine") == [("Budget 2026.xlsx",)]


def test_what_nobody_has_mapped_is_told_and_nothing_of_it_is_read(folder: Path, tmp_path: Path) -> None:
    write(folder / "Budget 2026.xlsx", ("IS Sales", GOOD), ("Scratch", [["x", 1]]))
    hub = hub_of(tmp_path / "hub", folder)
    hub.load()
    assert hub.query("select status, reason from planguru.sheets where sheet_name = 'Scratch'") == [
        ("set_aside", "no rule of the mapping reads a sheet of this name")
    ]
    assert hub.query("select count(*) from planguru.quarantine") == [(1,)]
    assert hub.query("select count(*) from planguru.cells") == [(8,)]


def test_a_plan_whose_file_is_gone_is_taken_out_but_an_empty_folder_is_a_loud_failure(folder: Path, tmp_path: Path) -> None:
    write(folder / "Upside 2026.xlsx", ("IS General", GOOD))
    hub = hub_of(tmp_path / "hub", folder)
    hub.load()
    (folder / "Upside 2026.xlsx").unlink()
    hub.load()
    assert hub.query("select distinct department from planguru.cells") == [("Sales",)]
    write(folder / "Other 2026.xlsx", ("IS Marketing", GOOD))
    (folder / "Budget 2026.xlsx").unlink()
    hub.load()
    assert hub.query("select distinct department from planguru.cells") == [("Marketing",)], "all of it may be others"
    (folder / "Other 2026.xlsx").unlink()
    with pytest.raises(Exception, match="none of the 8 known amounts is left"):
        hub.load()


@pytest.mark.heavy
def test_the_same_is_read_from_a_server_as_from_a_folder(served: RunningSandbox, meridian: Path, tmp_path: Path) -> None:
    listing = httpx.get(f"{served.url}/planguru/bf/", headers=TOKEN, timeout=60).json()
    assert {entry["name"].rpartition(".")[2] for entry in listing} == {"xlsx", "csv"}
    assert httpx.get(f"{served.url}/planguru/bf/").status_code == 401
    write_exports(meridian, "bf", tmp_path / "exports", VirtualClock(AS_OF))
    local, remote = hub_of(tmp_path / "local", tmp_path / "exports"), Hub(tmp_path / "remote", served.url, {"planguru"})
    local.load()
    remote.load()
    for table in TABLES:
        told = f"select * exclude (connection_id, _dlt_load_id, _page_id) from planguru.{table} order by all"
        assert local.query(told) == remote.query(told)
    assert remote.query("select distinct undeclared_fields from planguru.extraction") == [("",)]
    assert remote.query("select count(*) from planguru.quarantine") == [(0,)]
    assert balanced(remote)


@pytest.mark.heavy
def test_replaced_workbooks_appear_as_time_passes(meridian: Path, tmp_path: Path) -> None:
    with RunningSandbox(Shown(company=meridian, limits=False, only=frozenset({"planguru"}))) as running:
        hub = Hub(tmp_path / "hub", running.url, {"planguru"})
        hub.load()
        assert hub.load() == {}
        let_pass(running.url, 14)
        assert hub.load()["cells"] > 100, "a new forecast, and what June really was"
        assert hub.query("select distinct is_locked from planguru.cells where scenario = 'Reforecast Q2 2026'") == [(False,)]
        let_pass(running.url, 6)
        hub.load()
        assert hub.query("select distinct is_locked from planguru.cells where scenario = 'Reforecast Q2 2026'") == [(True,)]
        full = Hub(tmp_path / "full", running.url, {"planguru"})
        full.load()
    assert hub.told("planguru", *TABLES) == full.told("planguru", *TABLES)


def test_a_bucket_is_read_like_a_folder(folder: Path, tmp_path: Path) -> None:
    content = (folder / "Budget 2026.xlsx").read_bytes()
    listed = {"objects": [{"name": "Budget 2026.xlsx", "size": len(content), "timeModified": "2026-01-02T10:00:00.000Z"}]}
    answers = (
        http(json.dumps(listed).encode()),
        http(content, "206 Partial", f"Content-Range: bytes 0-{len(content) - 1}/{len(content)}"),
    )
    with FaultServer([say(answers[0]), say(answers[1]), say(answers[0])]) as bucket:
        toml = f'[connections.plans]\nsystem = "planguru"\nentity = "Firm Ltd"\nbase_url = "{bucket.url}/p/a-secret-part/n/firm/b/plans/o"\n'
        hub = Hub(tmp_path / "hub", toml=toml)
        assert hub.load() == {"cells": 8, "sheets": 1}
        assert hub.load() == {}
        assert sum("Budget%202026.xlsx" in request.splitlines()[0] for request in bucket.requests) == 1


@pytest.mark.parametrize("kind", ["short_length", "empty_200", pytest.param("server_error", marks=pytest.mark.heavy)])
def test_a_fault_of_the_server_gives_the_right_rows(kind: str, served: RunningSandbox, tmp_path: Path) -> None:
    hub = Hub(tmp_path, served.url, {"planguru"})
    order = {"vendor": "planguru", "path": "*/bf/*.xlsx", "kind": kind, "after": 3, "times": 1, "retry_after": 0}
    httpx.post(f"{served.url}/_sandbox/faults", json=order).raise_for_status()
    hub.load()
    assert hub.query("select count(*) from planguru.quarantine") == [(0,)]
    assert hub.query("select count(distinct file_name) from planguru.sheets where status = 'set_aside'") == [(0,)]


def test_a_mapping_of_ones_own_is_found_beside_the_settings(folder: Path, tmp_path: Path) -> None:
    hub = hub_of(tmp_path / "hub", folder, 'mapping = "ours.toml"')
    (hub.home / "ours.toml").write_text(EXAMPLE.read_text().replace('name = "Income Statement"', "name = 'IS Sales'"))
    assert hub.load() == {"sheets": 1}
    assert hub.query("select status from planguru.sheets") == [("left_out",)]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("dates = 'ymd'", "dates must be mdy or dmy"),
        ("[[files]]\nname = '('", "'\\(' is not a regular expression"),
        ("[[files]]\nname = '(?P<firm>.+)'", "tells 'firm', which nobody asks for"),
        ("[values]\nfirm = 'x'", "values do not know 'firm'"),
        ("[phasing]\nRent = 'odd'", "phasing knows even and last_year, not 'odd'"),
        ("[[measures]]\nname = 'x'\nmeasure = 'joy'", "'joy' is no measure"),
        ("[[measures]]\nname = 'x'\nmeasure = 'price'\ncategory = 'seller'", "the category of price must be 'product' or ''"),
        ("odd = 1", "unknown field `odd`"),
        ("=", "is not valid TOML"),
        ("", "has no"),
    ],
)
def test_a_wrong_mapping_is_one_sentence(line: str, told: str, folder: Path, tmp_path: Path) -> None:
    hub = hub_of(tmp_path / "hub", folder, 'mapping = "ours.toml"')
    rule = "\n[[files]]\n[[files.sheets]]\n" if line and line != "=" else ""
    (hub.home / "ours.toml").write_text(f"{line}\n{rule}")
    (finding,) = hub.check("plans")
    assert not finding.ok
    assert told.replace("\\", "") in finding.message


def test_a_check_says_which_files_add_up(folder: Path, tmp_path: Path) -> None:
    write(folder / "Upside 2026.xlsx", ("IS Sales", BAD))
    hub = hub_of(tmp_path / "hub", folder)
    mapping, *files = sorted(hub.check("plans"), key=lambda finding: finding.subject != "mapping")
    assert mapping.ok
    told = {finding.subject: (finding.ok, finding.message) for finding in files}
    assert told["Budget 2026.xlsx"] == (True, "readable (8 amounts, 6 totals that add up)")
    assert not told["Upside 2026.xlsx"][0]
    assert "row 12: the class 'Revenue' adds up to 110.1 in 2026-02, but its total says 111.1" in told["Upside 2026.xlsx"][1]
    missing = hub_of(tmp_path / "other", tmp_path / "nowhere").check("plans")
    assert "is not there" in missing[-1].message
    (tmp_path / "empty").mkdir()
    empty = hub_of(tmp_path / "third", tmp_path / "empty").check("plans")
    assert "there is no workbook and no CSV file" in empty[-1].message

"""The hub's source against the emulator: what searches show late, ties that change by themselves, and answers that tell a part only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import httpx
import pytest

from dlt_sources.http import ApiClient, ErrorReply, NoAuth, Policy
from dlt_sources.hubspot import OVERLAP, pages
from finance_hub import ingestion, settings, warehouse
from sandbox.company import SCHEMA
from sandbox.server import RunningSandbox, Shown
from sandbox.vendors.hubspot.search import INDEX_LAG
from tests.conftest import connect
from tests.http.fault_server import FaultServer, http, say

HORIZON = datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC)
CRM = ("contacts", "companies", "deals", "line_items", "meetings", "calls")
UNTIED, DEAL_OF_MANY = "1000001824", "3000000006"


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A firm of 606 people. Numbers 3, 2 and 4 qualify in July, two seconds to ten minutes apart; number 6 is number 5 again, and
    somebody merges them on 8 July; number 608 comes in July and works for nobody. One deal is with number 6, one with 600 people, and one is deleted on 20 July.
    """
    path = tmp_path_factory.mktemp("firm") / "firm.duckdb"
    with duckdb.connect() as db:
        db.execute(f"attach '{path}' as firm; use firm")
        db.execute(SCHEMA)
        db.execute("insert into company.parameter values (1, 1, ?, 90, ?, '1')", [date(2026, 6, 30), date(2026, 1, 1)])
        db.execute("insert into company.entity (entity_id, name, currency) values ('uk', 'Firm Ltd', 'GBP')")
        db.execute("""
            insert into company.organization (organization_id, entity_id, name, domain, created_at)
            values ('org-1', 'uk', 'Buyer', 'buyer.example', timestamp '2026-02-01 08:00:00');
            insert into company.person (person_id, organization_id, first_name, last_name, email, created_at)
            select 'per-' || lpad(n::varchar, 6, '0'), case when n < 608 then 'org-1' end, 'First' || if(n = 6, 5, n),
                'Last' || if(n = 6, 5, n), 'p' || n || '@buyer.example', timestamp '2026-02-01 08:00:00'
            from range(1, 609) r (n);
            insert into company.lead (lead_id, person_id, entity_id, created_at, mql_at)
            select replace(person_id, 'per', 'led'), person_id, 'uk',
                case when person_id = 'per-000608' then timestamp '2026-07-05 12:00:00' else timestamp '2026-05-31 23:59:59.500' end,
                case person_id
                    when 'per-000003' then timestamp '2026-07-02 09:59:20'
                    when 'per-000002' then timestamp '2026-07-02 10:00:03'
                    when 'per-000004' then timestamp '2026-07-02 10:09:30'
                end
            from company.person;
            insert into company.opportunity
                (opportunity_id, entity_id, organization_id, primary_person_id, name, kind, amount, currency, created_at, updated_at, deleted_at)
            select 'opp-' || n, 'uk', 'org-1', case n when 1 then 'per-000006' end, 'Deal ' || n, 'new', 100, 'GBP',
                timestamp '2026-03-01 09:00:00' + to_days(n::integer), timestamp '2026-03-01 09:00:00' + to_days(n::integer),
                case n when 3 then timestamp '2026-07-20 08:00:00' end
            from range(1, 4) r (n);
            insert into company.opportunity_person
            select 'opp-2', person_id, 'user' from company.person where person_id between 'per-000007' and 'per-000606';
        """)
        db.execute("use memory; detach firm")
    return path


@pytest.fixture
def running(firm: Path) -> Iterator[RunningSandbox]:
    with RunningSandbox(Shown(company=firm, limits=False)) as running:
        yield running


class Hub:
    """A hub that reads this emulator alone."""

    def __init__(self, home: Path, running: RunningSandbox, *, sweeps: bool = False) -> None:
        self.home, self.running = connect(home, running.url, as_of="2026-06-30", currency="GBP", only={"hubspot"}), running
        if sweeps:
            self.sweep_always()

    def sweep_always(self) -> None:
        with (self.home / "hub.toml").open("a") as file:
            file.write("hours_between_sweeps = 0\n")

    def load(self) -> dict[str, int]:
        """Extract and load; rows by table."""
        found = settings.load(self.home)
        warehouse.prepare(found)
        return ingestion.load(found, ingestion.extract(found, found.connections["hubspot_uk"])).rows

    def calls(self) -> int:
        """How many calls of associations the vendor has had since it was asked last."""
        log = httpx.get(f"{self.running.url}/_sandbox/log").json()
        httpx.delete(f"{self.running.url}/_sandbox/log")
        return sum("/associations/" in call["path"] for call in log)

    def query(self, sql: str) -> list[tuple[object, ...]]:
        with warehouse.reading(settings.load(self.home).warehouse) as database:
            return database.execute(sql).fetchall()

    def raw(self, *tables: str) -> dict[str, list[tuple[object, ...]]]:
        columns = "* exclude (_dlt_load_id, _page_id)"
        return {table: self.query(f"select {columns} from hubspot.{table} order by all") for table in tables}

    def void_ties(self) -> list[tuple[object, ...]]:
        """Ties of another load than their object's: readers pass over them."""
        objects = " union all ".join(
            f"select '{kind}' as from_type, id as from_id, _dlt_load_id from hubspot.{kind}" for kind in CRM
        )
        return self.query(f"from hubspot.associations anti join ({objects}) using (from_type, from_id, _dlt_load_id)")


def let_pass(running: RunningSandbox, until: datetime, now: datetime = HORIZON) -> datetime:
    httpx.post(f"{running.url}/_sandbox/advance", json={"seconds": (until - now).total_seconds()})
    return until


@pytest.mark.heavy
def test_what_a_search_does_not_show_yet_is_found_by_the_next_extraction_and_nothing_is_lost_or_doubled(
    running: RunningSandbox, tmp_path: Path
) -> None:
    assert INDEX_LAG < OVERLAP
    hub = Hub(tmp_path / "hub", running)
    assert hub.load()["contacts"] == 607
    now = let_pass(running, datetime(2026, 7, 2, 10, 0, 5, tzinfo=UTC))
    assert hub.load()["contacts"] == 1, "the other one changed two seconds ago, which the search does not show"
    assert hub.load() == {}
    now = let_pass(running, datetime(2026, 7, 2, 10, 9, 40, tzinfo=UTC), now)
    assert hub.load()["contacts"] == 1, "it lies before the newest change that is known, and within the overlap"
    let_pass(running, datetime(2026, 7, 2, 10, 30, tzinfo=UTC), now)
    assert hub.load()["contacts"] == 1
    whole = Hub(tmp_path / "whole", running)
    whole.load()
    assert hub.raw(*CRM, "associations") == whole.raw(*CRM, "associations")
    assert hub.query("select count(*), count(distinct id) from hubspot.contacts") == [(607, 607)]


@pytest.mark.heavy
def test_ties_that_change_by_themselves_are_seen_once_a_sweep_is_due(running: RunningSandbox, tmp_path: Path) -> None:
    """A merge moves a deal's contact: one tie comes and one goes, and the deal stays as it is."""
    hub = Hub(tmp_path / "hub", running)
    hub.load()
    former = hub.raw("associations", "deals")
    let_pass(running, datetime(2026, 7, 9, 12, tzinfo=UTC))
    hub.calls()
    assert hub.load().keys() == {"contacts", "merges", "associations"}
    assert hub.calls() == 1, "of what changed alone: no sweep is due for a day"
    whole = Hub(tmp_path / "whole", running)
    whole.load()
    wanted = whole.raw("associations", "deals")
    assert hub.raw("associations") != {"associations": wanted["associations"]}
    assert wanted["deals"] == former["deals"]

    hub.sweep_always()
    hub.calls()
    assert hub.load() == {"deals": 1, "deal_stage_history": 1, "associations": 3}
    assert hub.calls() == 1 + 4 + 3, "of all contacts, of all deals, one of which has a long list, and of the deal that differs"
    assert hub.raw("associations", "deals") == wanted
    assert hub.load() == {}
    assert hub.void_ties() == whole.void_ties() == []


@pytest.mark.heavy
def test_a_sweep_that_finds_nothing_writes_no_row_and_is_not_repeated_for_a_day(running: RunningSandbox, tmp_path: Path) -> None:
    hub = Hub(tmp_path / "hub", running)
    hub.load()
    hub.calls()
    assert hub.load() == {}
    assert hub.calls() == 0
    hub.sweep_always()
    assert hub.load() == {}
    assert hub.calls() > 0
    loads = hub.query("select count(*) from hubspot._dlt_loads")
    toml = hub.home / "hub.toml"
    toml.write_text(toml.read_text().replace("hours_between_sweeps = 0\n", ""))
    assert hub.load() == {}
    assert hub.calls() == 0
    assert hub.query("select count(*) from hubspot._dlt_loads") == loads


@pytest.mark.heavy
def test_ties_of_an_object_that_the_vendor_says_has_none_are_removed(running: RunningSandbox, tmp_path: Path) -> None:
    hub = Hub(tmp_path / "hub", running)
    hub.load()
    before = hub.raw("associations")
    with warehouse.writing(settings.load(hub.home).warehouse) as database:
        database.execute(f"""
            insert into hubspot.associations
            select * replace ('{UNTIED}' as from_id) from hubspot.associations where from_type = 'contacts' limit 1
        """)
    let_pass(running, datetime(2026, 7, 6, tzinfo=UTC))
    assert hub.load()["contacts"] == 4
    assert hub.query(f"select count(*) from hubspot.contacts where id = '{UNTIED}'") == [(1,)]
    assert hub.raw("associations") == before


@pytest.mark.heavy
def test_an_archived_object_loses_its_ties_at_once(running: RunningSandbox, tmp_path: Path) -> None:
    hub = Hub(tmp_path / "hub", running, sweeps=True)
    hub.load()
    now = let_pass(running, datetime(2026, 7, 20, 7, tzinfo=UTC))
    hub.load()
    assert hub.query("select count(*) from hubspot.associations where from_id = '3000000009'") == [(2,)]
    let_pass(running, datetime(2026, 7, 20, 9, tzinfo=UTC), now)
    assert hub.load() == {"deals": 1, "deal_stage_history": 1}
    whole = Hub(tmp_path / "whole", running)
    whole.load()
    assert hub.raw("deals", "associations", "deal_stage_history") == whole.raw("deals", "associations", "deal_stage_history")


def test_more_ties_than_an_answer_holds_are_read_to_the_end(running: RunningSandbox, tmp_path: Path) -> None:
    hub = Hub(tmp_path / "hub", running)
    hub.load()
    counted = f"select count(*), count(distinct to_id) from hubspot.associations where from_id = '{DEAL_OF_MANY}' and to_type = 'contacts'"
    assert hub.query(counted) == [(600, 600)]
    assert hub.query("select undeclared_fields from hubspot.extraction where undeclared_fields <> ''") == []


@pytest.mark.heavy
def test_late_ties_of_the_simulated_company_reach_the_hub_as_a_full_load_has_them(meridian: Path, tmp_path: Path) -> None:
    with RunningSandbox(Shown(company=meridian, limits=False)) as running:
        hub = Hub(tmp_path / "hub", running, sweeps=True)
        hub.load()
        let_pass(running, datetime(2026, 7, 15, 12, tzinfo=UTC))
        hub.load()
        let_pass(running, datetime(2026, 7, 16, tzinfo=UTC), datetime(2026, 7, 15, 12, tzinfo=UTC))
        former = hub.raw("deals", "associations")
        hub.load()
        whole = Hub(tmp_path / "whole", running)
        whole.load()
    now = hub.raw(*CRM, "associations")
    assert now == whole.raw(*CRM, "associations")
    assert hub.void_ties() == []
    unchanged = {row[1] for row in now["deals"] if row in former["deals"]}
    late = set(now["associations"]) - set(former["associations"])
    assert any(kind == "deals" and deal in unchanged for _, kind, deal, *_ in late)


@pytest.mark.parametrize(("failures", "outcome"), [(1, "told"), (9, "refused")])
def test_a_batch_that_fails_for_some_objects_is_asked_again_and_never_taken_for_no_ties(failures: int, outcome: str) -> None:
    failed = json.dumps(
        {"results": [], "numErrors": 1, "errors": [{"status": "error", "category": "INTERNAL_ERROR", "message": ""}]}
    )
    missing = {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "subCategory": {},
        "message": "",
        "context": {"fromObjectId": ["2"]},
    }
    row = {"from": {"id": "1"}, "to": [{"toObjectId": 7, "associationTypes": [{"typeId": 3}]}]}
    whole = json.dumps({"results": [row], "numErrors": 1, "errors": [missing]})
    actions = [*[say(http(failed.encode(), "207 Multi-Status"))] * failures, say(http(whole.encode(), "207 Multi-Status"))]
    with (
        FaultServer(actions) as server,
        ApiClient("firm", server.url, NoAuth(), Policy(retries=3), sleep=lambda _seconds: None) as api,
    ):
        if outcome == "refused":
            with pytest.raises(ErrorReply, match="INTERNAL_ERROR"):
                list(pages.ties(api, "deals", "contacts", ["1", "2"]))
        else:
            ((_, _, told),) = pages.ties(api, "deals", "contacts", ["1", "2"])
            assert [one.from_.id for one in told] == ["1"]

"""The hub's sources of the three ad platforms: whole, restated, taken out, misbehaving; one behaviour, so one set of tests."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import httpx
import pytest

from finance_hub import settings, warehouse
from sandbox.server import RunningSandbox, Shown
from sandbox.vendors import google_ads, linkedin_ads, meta_ads
from sandbox.vendors.faults import KINDS
from tests.sandbox.hub import Hub, let_pass

SYSTEMS = {"google_ads": google_ads, "meta_ads": meta_ads, "linkedin_ads": linkedin_ads}
TABLES = dict.fromkeys(SYSTEMS, ("accounts", "campaigns", "ad_groups", "spend")) | {
    "meta_ads": ("accounts", "campaigns", "ad_groups", "ads", "spend")
}
SPEND_PATH = {"google_ads": "*:searchStream", "meta_ads": "*/insights", "linkedin_ads": "*/adAnalytics"}
SECRETS = {
    "google_ads": ("sandbox-secret", "sandbox-refresh-0", "sandbox-developer-token"),
    "meta_ads": ("sandbox-meta-system-user-token",),
    "linkedin_ads": ("sandbox-linkedin-token",),
}
SAMPLE = {("truncate", "linkedin_ads"), ("error_200", "linkedin_ads")}
"""Faults of the default run; all others are heavy."""
ONE_BY_DEFAULT = [system if system == "linkedin_ads" else pytest.param(system, marks=pytest.mark.heavy) for system in SYSTEMS]
LOUD = {"day_limit", "forbidden", "redirect", "unauthorized", "error_200"}
HEALED = {"google_ads": {"unauthorized"}, "meta_ads": set[str](), "linkedin_ads": set[str]()}


@pytest.fixture(scope="module", autouse=True)
def quick_retries() -> Iterator[None]:
    """Faults are retried at once: how long to wait is tested with the client."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dlt_sources.http.policy.Policy.backoff", lambda _policy, _attempt: 0.01)
        yield


@pytest.fixture(scope="module")
def served(meridian: Path) -> Iterator[RunningSandbox]:
    """Nobody lets time pass here."""
    with RunningSandbox(Shown(company=meridian, limits=False, only=frozenset(SYSTEMS))) as running:
        yield running


@pytest.fixture(scope="module")
def loaded(served: RunningSandbox, tmp_path_factory: pytest.TempPathFactory) -> Hub:
    """A hub that has read all three once."""
    hub = Hub(tmp_path_factory.mktemp("loaded"), served.url, set(SYSTEMS))
    hub.load()
    return hub


def companys(meridian: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect() as db:
        db.execute(f"attach '{meridian}' as meridian (read_only)")
        return db.execute(sql).fetchall()


@pytest.mark.parametrize("system", SYSTEMS)
def test_spend_is_the_companys_to_the_cent_campaign_by_campaign_and_day_by_day(system: str, loaded: Hub, meridian: Path) -> None:
    ids = SYSTEMS[system].identifiers(meridian)["campaign"]
    spent = companys(
        meridian,
        """select campaign_id, spend_date, currency, amount, impressions, clicks from meridian.company.campaign_spend
        where recorded_at <= timestamp '2026-06-30 23:59:59'""",
    )
    truth = {(ids[row[0]], *row[1:3]): row[3:] for row in spent if row[0] in ids}
    told = loaded.query(f"""
        select campaign_id, spend_date, currency, sum(spend)::decimal(20, 4), sum(impressions)::bigint, sum(clicks)::bigint
        from {system}.spend group by all having sum(spend) > 0
    """)
    assert truth
    assert {row[:3]: row[3:] for row in told} == truth


def test_every_campaign_that_is_advertised_runs_on_one_platform(meridian: Path) -> None:
    ids = [key for system in SYSTEMS.values() for key in system.identifiers(meridian)["campaign"]]
    paid = "select campaign_id from meridian.company.campaign where channel in ('paid_search', 'paid_social', 'display')"
    assert sorted(ids) == sorted(row[0] for row in companys(meridian, paid))


@pytest.mark.parametrize("system", SYSTEMS)
def test_conversions_are_the_companys_leads_once_the_late_ones_are_known(system: str, loaded: Hub, meridian: Path) -> None:
    ids = SYSTEMS[system].identifiers(meridian)["campaign"]
    leads = companys(
        meridian,
        """select campaign_id, count(*) from meridian.company.lead where campaign_id is not null
        and created_at < timestamp '2026-06-01' group by all""",
    )
    truth = {ids[key]: count for key, count in leads if key in ids}
    told = dict(
        loaded.query(
            f"select campaign_id, sum(conversions)::bigint from {system}.spend where spend_date < '2026-06-01' group by all"
        )
    )
    assert truth
    assert {key: count for key, count in told.items() if count} == truth


@pytest.mark.parametrize("system", SYSTEMS)
def test_each_campaign_has_two_groups_and_the_accounts_are_the_entities(system: str, loaded: Hub, meridian: Path) -> None:
    entities = companys(meridian, "select name, currency from meridian.company.entity order by all")
    assert loaded.query(f"select account_name, currency from {system}.accounts order by all") == entities
    counts = f"select count(*), count(distinct campaign_id) from {system}.ad_groups"
    assert loaded.query(f"select count(*) = 2 * (select count(*) from {system}.campaigns) from {system}.ad_groups") == [(True,)]
    assert loaded.query(counts)[0][1] == len(loaded.query(f"select * from {system}.campaigns"))
    orphans = f"from {system}.spend anti join {system}.ad_groups using (account_id, campaign_id, ad_group_id)"
    assert loaded.query(orphans) == []


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_was_extracted_is_accounted_for_and_nothing_was_undeclared(system: str, loaded: Hub) -> None:
    assert loaded.query(f"select * from {system}.extraction where undeclared_fields <> '' or documents_quarantined > 0") == []
    totals = loaded.query(f"select money_totals from {system}.extraction where table_name = 'spend'")
    spent = loaded.query(f"select sum(spend) from {system}.spend")[0][0]
    assert Decimal(duckdb.sql(f"select json_extract_string('{totals[0][0]}', 'spend')").fetchall()[0][0]) == spent


def test_budgets_are_those_of_the_company_in_every_currency(loaded: Hub, meridian: Path) -> None:
    budgets = dict(companys(meridian, "select campaign_id, budget_amount from meridian.company.campaign"))
    for system, module in SYSTEMS.items():
        ids = {value: key for key, value in module.identifiers(meridian)["campaign"].items()}
        told = loaded.query(f"select campaign_id, budget::decimal(20, 4) from {system}.campaigns")
        assert {ids[key]: amount for key, amount in told} == {ids[key]: budgets[ids[key]] for key, _ in told}


def test_a_second_run_reads_the_last_weeks_alone_and_writes_nothing(served: RunningSandbox, loaded: Hub) -> None:
    loads = {system: loaded.query(f"select count(*) from {system}._dlt_loads") for system in SYSTEMS}
    loaded.calls()
    assert loaded.load() == {}
    assert {system: loaded.query(f"select count(*) from {system}._dlt_loads") for system in SYSTEMS} == loads
    asked = [str(call["query"]) for call in loaded.calls() if str(call["path"]).endswith("adAnalytics")]
    assert asked
    assert all("year:2026" in query for query in asked)


@pytest.mark.heavy
@pytest.mark.parametrize("system", ONE_BY_DEFAULT)
def test_after_time_has_passed_only_changes_travel_and_the_tables_are_those_of_a_full_load(
    system: str, meridian: Path, tmp_path: Path
) -> None:
    with RunningSandbox(Shown(company=meridian, limits=False, only=frozenset({system}))) as running:
        hub = Hub(tmp_path / "hub", running.url, {system})
        whole = hub.load()
        let_pass(running.url, 25)
        assert 0 < hub.load()["spend"] < whole["spend"] / 5
        fresh = Hub(tmp_path / "fresh", running.url, {system})
        fresh.load()
        assert hub.told(system, *TABLES[system]) == fresh.told(system, *TABLES[system])


@pytest.mark.parametrize("system", ONE_BY_DEFAULT)
def test_a_restated_day_is_replaced_and_one_that_is_no_longer_told_is_taken_out(
    system: str, served: RunningSandbox, tmp_path: Path
) -> None:
    """As if the platform had told another figure, and a day more, at the time of the first run."""
    hub = Hub(tmp_path, served.url, {system})
    hub.load()
    before = hub.told(system, "spend")
    _make_it_have_been_otherwise(hub, system)
    assert hub.told(system, "spend") != before
    assert hub.load() == {"spend": 1}
    assert hub.told(system, "spend") == before


def _make_it_have_been_otherwise(hub: Hub, system: str) -> None:
    """Change a row of the newest day, add one, and let the state know both: it lies in the warehouse, where a run commits it."""
    with warehouse.writing(settings.load(hub.home).warehouse) as database:
        database.execute(f"create temp table newest as from {system}.spend order by spend_date desc, ad_group_id limit 1")
        account, campaign, group, day = database.execute(
            "select account_id, campaign_id, ad_group_id, spend_date from newest"
        ).fetchone()
        database.execute(f"update {system}.spend set spend = spend + 1 where ad_group_id = '{group}' and spend_date = '{day}'")
        database.execute(f"insert into {system}.spend select * replace ('gone' as ad_group_id) from newest")
        version, packed = database.execute(
            f"select version, state from {system}._dlt_pipeline_state order by version desc limit 1"
        ).fetchone()
        state = json.loads(zlib.decompress(base64.b64decode(packed)))
        known = state["sources"][system]["resources"]["spend"]["known"]
        known[f"{account}|{campaign}|{group}|{day}"] = "another"
        known[f"{account}|{campaign}|gone|{day}"] = "whatever"
        packed = base64.b64encode(zlib.compress(json.dumps(state).encode())).decode()
        database.execute(f"update {system}._dlt_pipeline_state set state = ? where version = ?", [packed, version])


def test_an_account_that_tells_nothing_where_days_are_known_is_a_loud_failure_that_takes_nothing_out(
    served: RunningSandbox, tmp_path: Path
) -> None:
    """LinkedIn answers with nothing where the credentials no longer see an account."""
    hub = Hub(tmp_path, served.url, {"linkedin_ads"})
    hub.load()
    before = hub.told("linkedin_ads", "spend")
    nobody = {"accounts": "List(urn:li:sponsoredAccount:1)"}
    order = {"vendor": "linkedin_ads", "path": "*/adAnalytics", "kind": "rewrite", "set": nobody, "times": 99}
    httpx.post(f"{served.url}/_sandbox/faults", json=order)
    try:
        with pytest.raises(Exception, match="tells nothing of the days"):
            hub.load()
    finally:
        httpx.delete(f"{served.url}/_sandbox/faults")
    assert hub.told("linkedin_ads", "spend") == before


@pytest.mark.parametrize(
    ("kind", "system"),
    [
        (kind, system) if (kind, system) in SAMPLE else pytest.param(kind, system, marks=pytest.mark.heavy)
        for kind in sorted(KINDS)
        for system in SYSTEMS
        if kind != "rewrite"
    ],
)
def test_a_fault_gives_the_right_rows_or_a_loud_failure(
    system: str, kind: str, served: RunningSandbox, loaded: Hub, tmp_path: Path
) -> None:
    hub = Hub(tmp_path, served.url, {system})
    times = 99 if kind in LOUD - HEALED[system] else 1
    order = {"vendor": system, "path": SPEND_PATH[system], "kind": kind, "after": 16, "times": times, "seconds": 0.01}
    httpx.post(f"{served.url}/_sandbox/faults", json=order)
    try:
        if times > 1:
            with pytest.raises(Exception, match=r"spend|ads") as trouble:
                hub.load()
            assert hub.query(f"select count(*) from {system}.spend") == [(0,)]
            assert not any(secret in str(trouble.value) for secret in SECRETS[system])
        else:
            hub.load()
            assert hub.told(system, "spend") == loaded.told(system, "spend")
    finally:
        httpx.delete(f"{served.url}/_sandbox/faults")


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_quota_of_the_day_ends_the_run_and_says_so(system: str, served: RunningSandbox, tmp_path: Path) -> None:
    hub = Hub(tmp_path, served.url, {system})
    httpx.post(
        f"{served.url}/_sandbox/faults", json={"vendor": system, "path": SPEND_PATH[system], "kind": "day_limit", "times": 99}
    )
    try:
        with pytest.raises(Exception, match="quota is used up"):
            hub.load()
    finally:
        httpx.delete(f"{served.url}/_sandbox/faults")


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_check_tells_in_plain_words_what_can_be_read_and_what_not(system: str, served: RunningSandbox, tmp_path: Path) -> None:
    hub = Hub(tmp_path, served.url, {system})
    name = f"{system}_group"
    assert all(finding.ok for finding in hub.check(name))
    assert "spend of Meridian Japan KK" in [finding.subject for finding in hub.check(name)]
    toml = hub.home / "hub.toml"
    toml.write_text(toml.read_text().replace(SECRETS[system][-1], "stranger"))
    found = hub.check(name)
    assert [finding.ok for finding in found] == [False]
    assert "stranger" not in found[0].message

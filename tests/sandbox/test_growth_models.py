"""Ad spend and touches of sites, from the emulators through the hub's models, against the company's own records."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from finance_hub import settings, warehouse
from sandbox.server import RunningSandbox, Shown
from sandbox.vendors import google_ads, linkedin_ads, meta_ads, web_events
from tests.dbt import build, make_views
from tests.sandbox.hub import Hub

pytestmark = pytest.mark.heavy
PLATFORMS = {"google_ads": google_ads, "meta_ads": meta_ads, "linkedin_ads": linkedin_ads}
MODELS = [f"int_{system}_{shape}_conformed" for system in PLATFORMS for shape in ("campaign_spend", "marketing_campaigns")]
COLUMNS = {
    "campaign_spend": "connection_id campaign_id campaign_name org_unit_ref spend_date currency_txn amount_txn impressions clicks conversions",
    "marketing_campaigns": (
        "connection_id campaign_id org_unit_ref campaign_name campaign_utm channel_native start_date end_date currency_txn budget_txn"
    ),
    "touches": "connection_id person_id email occurred_at touch_type campaign_id campaign_utm utm_medium traffic_source",
}


@pytest.fixture(scope="module")
def database(meridian: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A hub that has read platforms and sites, its models of them, and the company beside it."""
    systems = {*PLATFORMS, "web_events"}
    with RunningSandbox(Shown(company=meridian, limits=False, only=frozenset(systems))) as running:
        hub = Hub(tmp_path_factory.mktemp("growth"), running.url, systems)
        hub.load(*(f"{system}_group" for system in PLATFORMS), "web_events_uk", "web_events_us")
    found = settings.load(hub.home)
    seeds = ["channels", "channel_rules", "bot_patterns", "staff_domains", "referrer_rules"]
    make_views(found)
    build(found, "int_web_events_touches_conformed", "int_web_events_visitors_known", *seeds)
    with warehouse.reading(found.warehouse) as reading:
        reading.execute(f"attach '{meridian}' as meridian (read_only)")
        for model in (*MODELS, "int_web_events_touches_conformed", "int_web_events_visitors_known"):
            reading.execute(f"create temp table {model} as from intermediate.{model}")
        pairs = [
            (system, key, value)
            for system, module in PLATFORMS.items()
            for key, value in module.identifiers(meridian)["campaign"].items()
        ]
        reading.execute("create temp table campaign_ids (system varchar, company_id varchar, id varchar)")
        reading.executemany("insert into campaign_ids values (?, ?, ?)", pairs)
        people = list(web_events.identifiers(meridian)["person"].items())
        reading.execute("create temp table user_ids (person_id varchar, user_id varchar)")
        reading.executemany("insert into user_ids values (?, ?)", people)
        yield reading


def rows(database: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[object, ...]]:
    return database.execute(sql).fetchall()


def differences(database: duckdb.DuckDBPyConnection, ours: str, theirs: str) -> list[tuple[object, ...]]:
    return rows(database, f"(({ours}) except all ({theirs})) union all (({theirs}) except all ({ours}))")


def test_the_shapes_have_exactly_their_columns(database: duckdb.DuckDBPyConnection) -> None:
    for model in (*MODELS, "int_web_events_touches_conformed"):
        shape = next(shape for shape in COLUMNS if model.endswith(f"_{shape}_conformed"))
        assert [row[0] for row in rows(database, f"describe {model}")] == COLUMNS[shape].split()


@pytest.mark.parametrize("system", PLATFORMS)
def test_spend_by_campaign_and_day_is_the_companys(system: str, database: duckdb.DuckDBPyConnection) -> None:
    ours = f"select campaign_id, org_unit_ref, spend_date, currency_txn, amount_txn, impressions, clicks from int_{system}_campaign_spend_conformed where amount_txn > 0"
    theirs = f"""
        select i.id, e.name, s.spend_date, s.currency, s.amount, s.impressions, s.clicks
        from meridian.company.campaign_spend s join campaign_ids i on i.company_id = s.campaign_id and i.system = '{system}'
        join meridian.company.campaign c using (campaign_id) join meridian.company.entity e using (entity_id)
        where s.recorded_at <= timestamp '2026-06-30 23:59:59'"""
    assert rows(database, f"select count(*) > 500 from ({theirs})") == [(True,)]
    assert differences(database, ours, theirs) == []


@pytest.mark.parametrize("system", PLATFORMS)
def test_campaigns_have_their_names_of_the_day_their_budgets_and_tags(system: str, database: duckdb.DuckDBPyConnection) -> None:
    utm = "c.utm_campaign" if system != "linkedin_ads" else "null::varchar"
    channel = "case c.channel when 'display' then 'DISPLAY' else 'SEARCH' end" if system == "google_ads" else "'paid_social'"
    ours = f"""select campaign_id, org_unit_ref, campaign_name, campaign_utm, channel_native, start_date, end_date, currency_txn, budget_txn
        from int_{system}_marketing_campaigns_conformed"""
    theirs = f"""
        select i.id, e.name, case when c.renamed_at <= timestamp '2026-06-30 23:59:59' then c.renamed_to else c.name end, {utm}, {channel},
            c.start_date, c.end_date, c.currency, c.budget_amount
        from meridian.company.campaign c join campaign_ids i on i.company_id = c.campaign_id and i.system = '{system}'
        join meridian.company.entity e using (entity_id)
        where c.created_at <= timestamp '2026-06-30 23:59:59'"""
    assert differences(database, ours, theirs) == []


SEEN = """
    select 'web_events_' || t.entity_id as connection_id, coalesce(t.utm_campaign, '') as campaign_utm, coalesce(t.utm_medium, '') as utm_medium,
        case when t.touch_type = 'form_submission' then 'form_submission' when t.utm_medium in ('cpc', 'paid_social', 'display') then 'ad_click' else 'visit' end as touch_type,
        t.occurred_at, t.person_id
    from meridian.company.touch t where t.entity_id in ('uk', 'us') and t.touch_type in ('visit', 'ad_click', 'form_submission') and t.occurred_at <= timestamp '2026-06-28'
"""
TOLD = "from int_web_events_touches_conformed where occurred_at <= timestamp '2026-06-28'"


def test_touches_are_the_companys_without_crawlers_staff_and_further_pages(database: duckdb.DuckDBPyConnection) -> None:
    columns = "connection_id, touch_type, campaign_utm, utm_medium, occurred_at"
    ours = f"select connection_id, touch_type, coalesce(campaign_utm, ''), coalesce(utm_medium, ''), occurred_at {TOLD}"
    assert rows(database, f"select count(*) > 5000 from ({SEEN})") == [(True,)]
    assert differences(database, ours, f"select {columns} from ({SEEN})") == []


def test_whoever_fills_in_a_form_once_is_known_by_address_in_all_touches(database: duckdb.DuckDBPyConnection) -> None:
    known = """select person_id from meridian.company.touch where touch_type = 'form_submission' and occurred_at <= timestamp '2026-06-28' group by all"""
    ours = f"select person_id, email, occurred_at {TOLD} and email is not null"
    theirs = f"""select u.user_id, p.email, s.occurred_at from ({SEEN}) s join user_ids u using (person_id)
        join meridian.company.person p using (person_id) where person_id in ({known})"""
    missing = f"({theirs}) except all ({ours})"
    assert rows(database, missing) == []


def test_crawlers_and_staff_were_there_and_are_left_out(database: duckdb.DuckDBPyConnection) -> None:
    marked = "select count(*) filter (is_bot) > 500, count(*) filter (is_staff) > 20 from int_web_events_visitors_known"
    assert rows(database, marked) == [(True, True)]
    assert rows(database, "from int_web_events_touches_conformed where email like '%@meridian.example'") == []


def test_where_a_visit_came_from_is_told_by_the_page_that_led_there(database: duckdb.DuckDBPyConnection) -> None:
    sources = {row[0] for row in rows(database, "select distinct traffic_source from int_web_events_touches_conformed")}
    assert sources == {"organic_search", "social_media", "referrals", "direct_traffic", "partner", "display"}


def test_untagged_visits_from_partners_and_ad_networks_are_told_by_the_tags_that_others_bring(
    database: duckdb.DuckDBPyConnection,
) -> None:
    """Of partners' visits two in five are of no campaign; the trade press sends visitors too, and is no partner."""
    told = database.execute("""
        select channel, traffic_source, count(*) from int_web_events_touches_conformed as told
        join user_ids on told.person_id = user_ids.user_id
        join meridian.company.touch as seen on user_ids.person_id = seen.person_id and told.occurred_at = seen.occurred_at
        where told.utm_medium is null and channel in ('partner', 'referral', 'display') group by all order by all
    """).fetchall()
    assert [row[:2] for row in told] == [("display", "display"), ("partner", "partner"), ("referral", "referrals")]
    assert min(row[2] for row in told) > 5

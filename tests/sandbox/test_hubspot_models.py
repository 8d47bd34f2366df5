"""What HubSpot knows of people and deals, from the emulator through the hub's models, against the company's own records."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from finance_hub import settings, warehouse
from sandbox.server import RunningSandbox, Shown
from sandbox.vendors import hubspot
from tests.dbt import make_views
from tests.sandbox.hub import Hub

pytestmark = pytest.mark.heavy
LAST = "timestamp '2026-06-30 23:59:59'"
KINDS = "('email_click', 'webinar_attended', 'event_attended', 'form_submission', 'meeting', 'call')"


@pytest.fixture(scope="module")
def database(meridian: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A hub that has read HubSpot, its models, the company beside them, and which record of the company is which contact and deal."""
    with RunningSandbox(Shown(company=meridian, limits=False, only=frozenset({"hubspot"}))) as running:
        hub = Hub(tmp_path_factory.mktemp("hubspot"), running.url, {"hubspot"})
        hub.load()
    found = settings.load(hub.home)
    make_views(found)
    with warehouse.reading(found.warehouse) as reading:
        reading.execute(f"attach '{meridian}' as meridian (read_only)")
        for shape in ("touches", "deal_stages", "emails"):
            reading.execute(f"create temp table {shape} as from intermediate.int_hubspot_{shape}_conformed")
        reading.execute("create temp table ids (kind varchar, company_id varchar, id varchar)")
        pairs = [(kind, *pair) for kind, known in hubspot.identifiers(meridian).items() for pair in known.items()]
        reading.executemany("insert into ids values (?, ?, ?)", pairs)
        reading.execute("""
            create temp table contact_ids as
            select company_id as person_id, coalesce(winner_id, id) as id
            from ids left join (from hubspot.merges where object_type = 'contacts') on loser_id = id where kind = 'contact'
        """)
        yield reading


def rows(database: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[object, ...]]:
    return database.execute(sql).fetchall()


def differences(database: duckdb.DuckDBPyConnection, ours: str, theirs: str) -> list[tuple[object, ...]]:
    return rows(database, f"(({ours}) except all ({theirs})) union all (({theirs}) except all ({ours}))")


def test_what_people_did_is_told_of_the_right_contact_with_its_moment_and_kind(database: duckdb.DuckDBPyConnection) -> None:
    ours = f"select person_id, touch_type, date_trunc('second', occurred_at) from touches where touch_type in {KINDS}"
    theirs = f"""
        select id, touch_type, date_trunc('second', occurred_at) from meridian.company.touch join contact_ids using (person_id)
        where entity_id = 'uk' and touch_type in {KINDS} and occurred_at <= {LAST}
            and person_id in (select person_id from meridian.company.lead where created_at <= {LAST})"""
    kinds = rows(database, f"select count(distinct touch_type), count(*) > 1000 from ({theirs})")
    assert kinds == [(6, True)]
    assert differences(database, ours, theirs) == []


def test_clicks_webinars_and_fairs_are_told_with_their_campaign_though_tags_were_lost(database: duckdb.DuckDBPyConnection) -> None:
    kinds = "('email_click', 'webinar_attended', 'event_attended')"
    ours = f"select touch_type, campaign_id, date_trunc('second', occurred_at) from touches where touch_type in {kinds}"
    theirs = f"""
        select touch_type, ids.id, date_trunc('second', occurred_at) from meridian.company.touch
        join ids on kind = 'campaign' and company_id = campaign_id
        where entity_id = 'uk' and touch_type in {kinds} and occurred_at <= {LAST}
            and person_id in (select person_id from meridian.company.lead where created_at <= {LAST})"""
    assert differences(database, ours, theirs) == []
    assert rows(
        database,
        f"select count(*) > 5 from meridian.company.touch where entity_id = 'uk' and touch_type in {kinds} and utm_campaign is null",
    ) == [(True,)]


def test_a_visit_that_hubspot_tells_was_a_touch_and_an_opened_mail_was_sent(database: duckdb.DuckDBPyConnection) -> None:
    visits = "select person_id, date_trunc('millisecond', occurred_at) from touches where touch_type = 'visit'"
    true_ones = "select id, date_trunc('millisecond', occurred_at) from meridian.company.touch join contact_ids using (person_id) where entity_id = 'uk'"
    assert rows(database, f"select count(*) > 1000 from ({visits})") == [(True,)]
    assert rows(database, f"({visits}) except ({true_ones})") == []
    opens = rows(database, "select count(*) > 500, count(*) = count(campaign_id) from touches where touch_type = 'email_open'")
    assert opens == [(True, True)]


def test_deals_came_into_their_stages_when_they_did(database: duckdb.DuckDBPyConnection) -> None:
    ours = "select deal_id, replace(lower(stage_name), ' ', ''), entered_at from deal_stages"
    theirs = f"""
        select ids.id, stage, date_trunc('millisecond', entered_at) from meridian.company.opportunity_stage
        join meridian.company.opportunity using (opportunity_id) join ids on ids.kind = 'deal' and company_id = opportunity_id
        where entity_id = 'uk' and entered_at <= {LAST} and opportunity.created_at <= {LAST} and (deleted_at is null or deleted_at > {LAST})"""
    assert rows(database, f"select count(*) > 500, count(distinct stage) from ({theirs})") == [(True, 6)]
    assert differences(database, ours, theirs) == []


def test_e_mails_have_all_their_counts(database: duckdb.DuckDBPyConnection) -> None:
    ours = "select sent_at, sent_count, delivered_count, opened_count, clicked_count, bounced_count, unsubscribed_count, campaign_id from emails"
    theirs = f"""
        select published_at, sent, delivered, opened, clicked, bounced, unsubscribed, ids.id from meridian.company.marketing_email
        join ids on kind = 'campaign' and company_id = campaign_id where entity_id = 'uk' and published_at <= {LAST}"""
    assert rows(database, f"select count(*) > 50 from ({theirs})") == [(True,)]
    assert differences(database, ours, theirs) == []

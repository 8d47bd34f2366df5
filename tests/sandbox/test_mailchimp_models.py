"""What the models make of Mailchimp is what the company knows: people, mailings with their counts, campaigns, and each click."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from finance_hub import warehouse
from sandbox.vendors import mailchimp
from tests.dbt import make_views
from tests.sandbox.mailchimp import MailchimpHub
from tests.sandbox.serving import serving

SHAPES = {
    "people": "connection_id, person_id, org_unit_ref, company_id, first_name, last_name, email, phone, job_title, created_at, lead_at, mql_at, "
    "sql_at, disqualified_at",
    "marketing_campaigns": "connection_id, campaign_id, org_unit_ref, campaign_name, campaign_utm, channel_native, start_date, end_date, "
    "currency_txn, budget_txn",
    "touches": "connection_id, person_id, email, occurred_at, touch_type, campaign_id, campaign_utm, utm_medium, traffic_source",
    "emails": "connection_id, email_id, org_unit_ref, email_name, subject, campaign_id, sent_at, sent_count, delivered_count, opened_count, "
    "clicked_count, bounced_count, unsubscribed_count",
}


@pytest.fixture(scope="module")
def found(meridian: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse with its models, the company as `meridian`, and the ids of both as `identity`."""
    with serving(mailchimp, meridian) as (url, _):
        hub = MailchimpHub(tmp_path_factory.mktemp("hub"), url)
        hub.load()
    make_views(hub.settings)
    with warehouse.reading(hub.settings.warehouse) as database, duckdb.connect() as db:
        for shape in SHAPES:
            told = database.execute(f"select * from intermediate.int_mailchimp_{shape}_conformed").arrow()
            db.execute(f"create table {shape} as from told")
        for name in ("orders", "order_lines"):
            told = database.execute(f"select * from staging.stg_mailchimp__{name}").arrow()  # noqa: F841
            db.execute(f"create table {name} as from told")
        db.execute(f"attach '{meridian}' as meridian (read_only)")
        db.execute("create table identity (kind varchar, company_id varchar, id varchar)")
        for kind, ids in mailchimp.identifiers(meridian).items():
            db.executemany("insert into identity values (?, ?, ?)", [(kind, *pair) for pair in ids.items()])
        yield db


def test_each_shape_has_its_columns_in_order(found: duckdb.DuckDBPyConnection) -> None:
    for shape, columns in SHAPES.items():
        assert ", ".join(row[0] for row in found.execute(f"describe {shape}").fetchall()) == columns
    types = dict(found.execute("select column_name, column_type from (describe marketing_campaigns)").fetchall())
    assert types["budget_txn"] == "DECIMAL(20,4)"


def test_people_are_those_whom_the_company_knows(found: duckdb.DuckDBPyConnection) -> None:
    wrong = """
        select people.email from people
        left join identity on kind = 'person' and id = people.person_id
        left join meridian.company.person on person.person_id = identity.company_id
        where person.email is distinct from people.email or person.first_name is distinct from people.first_name
    """
    assert found.execute(wrong).fetchall() == []
    leads = "from meridian.company.lead where entity_id = 'bf' and created_at <= timestamp '2026-06-30 23:59:59'"
    missing = found.execute(f"""
        select count(*), (select count(*) {leads}) {leads} and person_id not in (
            select identity.company_id from identity join people on people.person_id = id where kind = 'person'
        )
    """).fetchone()
    assert missing is not None
    assert missing[0] < missing[1] * 0.03, "those who were deleted for good"


def test_mailings_have_the_counts_of_the_company_once_readers_are_done(found: duckdb.DuckDBPyConnection) -> None:
    """Where more people are known to have clicked than are counted, they count."""
    counts = found.execute("""
        select count(*), sum(abs(emails.sent_count - mail.sent)), sum(abs(delivered_count - mail.delivered)), sum(abs(bounced_count - mail.bounced)),
            sum(abs(unsubscribed_count - mail.unsubscribed)), sum(abs(opened_count - mail.opened)),
            count(*) filter (clicked_count < mail.clicked), count(*) filter (emails.sent_at <> date_trunc('second', mail.published_at))
        from emails
        join identity on kind = 'email' and id = emails.email_id
        join meridian.company.marketing_email as mail on mail.email_id = company_id
        where mail.published_at < timestamp '2026-04-01'
    """).fetchone()
    assert counts is not None
    assert counts[0] > 50
    assert counts[1:] == (0,) * 7
    sent = "select count(*) from meridian.company.marketing_email where entity_id = 'bf' and published_at <= timestamp '2026-06-30 23:59:59'"
    assert found.execute("select count(*) from emails").fetchone() == found.execute(sent).fetchone()


def test_campaigns_are_the_companys_by_their_tag(found: duckdb.DuckDBPyConnection) -> None:
    rows = found.execute("""
        select campaigns.campaign_utm, campaigns.campaign_name, campaign.name, campaign.renamed_to, campaign.renamed_at <= timestamp '2026-06-30'
        from marketing_campaigns as campaigns
        join identity on kind = 'campaign' and id = campaigns.campaign_id
        join meridian.company.campaign on campaign.campaign_id = company_id and lower(campaign.utm_campaign) = campaigns.campaign_utm
    """).fetchall()
    assert len(rows) == found.execute("select count(*) from marketing_campaigns").fetchone()[0] == 10  # type: ignore[index]
    assert all(name == (renamed if is_renamed else former) for _, name, former, renamed, is_renamed in rows)


def test_each_click_is_a_touch_of_its_person_and_campaign_even_where_its_tags_were_lost(found: duckdb.DuckDBPyConnection) -> None:
    theirs = """
        select person.email, touch.campaign_id, count(*) from meridian.company.touch join meridian.company.person using (person_id)
        where entity_id = 'bf' and touch_type = 'email_click' and occurred_at <= timestamp '2026-06-30 23:59:59' group by all order by all
    """
    ours = """
        select email, company_id, count(*) from touches join identity on kind = 'campaign' and id = touches.campaign_id
        where touch_type = 'email_click' group by all order by all
    """
    assert found.execute(ours).fetchall() == found.execute(theirs).fetchall()
    assert found.execute("select count(*) > 0 from touches where touch_type = 'email_click' and utm_medium is null").fetchone() == (
        True,
    )
    assert found.execute("select distinct touch_type from touches order by 1").fetchall() == [("email_click",), ("email_open",)]


def test_orders_are_invoices_to_the_cent(found: duckdb.DuckDBPyConnection) -> None:
    """An invoice that bills other subscriptions too holds more than the order."""
    rows = found.execute("""
        select total_txn, document.total, (select sum(quantity * unit_price_txn) from order_lines where order_lines.order_id = orders.order_id) + tax_txn
        from orders
        join identity on kind = 'order' and id = orders.order_id
        join meridian.company.document on document.document_id = company_id
    """).fetchall()
    assert len(rows) > 20
    assert all(order == lines and order <= invoice for order, invoice, lines in rows)
    assert sum(order == invoice for order, invoice, _ in rows) > len(rows) / 2

"""The simulated company keeps the rules of a business: books balance, sub-ledgers tie, the same seed makes the same company."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from sandbox.company import simulate

AS_OF = date(2026, 6, 30)


@pytest.fixture(scope="module")
def company(meridian: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with _open(meridian) as connection:
        yield connection


def _open(path: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(f"attach '{path}' as meridian (read_only); use meridian")
    return connection


def _tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    rows = connection.execute("select schema_name || '.' || table_name from duckdb_tables() where database_name = 'meridian'")
    return sorted(row[0] for row in rows.fetchall())


def _digest(path: Path) -> dict[str, tuple[int, int]]:
    """Rows and a sum of row hashes of each table: alike for alike content, whatever the order."""
    digests = {}
    with _open(path) as connection:
        for table in _tables(connection):
            row = connection.execute(f"select count(*), coalesce(sum(hash(t)::hugeint), 0) from {table} t").fetchone()
            assert row is not None
            digests[table] = (row[0], row[1])
    return digests


def test_a_seed_makes_the_same_company_again_and_another_seed_another(tmp_path: Path) -> None:
    for name, seed in {"one": 7, "two": 7, "other": 8}.items():
        simulate(tmp_path / name, seed=seed, scale=0.1, as_of=AS_OF)

    one, two, other = (_digest(tmp_path / name) for name in ("one", "two", "other"))
    assert {table: digest for table, digest in one.items() if two[table] != digest} == {}
    assert one["company.journal_line"] != other["company.journal_line"]
    assert not list(tmp_path.glob("*.partial*"))


def test_every_table_is_filled(company: duckdb.DuckDBPyConnection) -> None:
    empty = [table for table in _tables(company) if company.execute(f"select count(*) from {table}").fetchone() == (0,)]

    assert empty == []


def test_every_journal_balances_in_both_currencies(company: duckdb.DuckDBPyConnection) -> None:
    unbalanced = company.execute("""
        select journal_id from company.journal_line group by journal_id having sum(amount_func) <> 0 or sum(amount_txn) <> 0
    """).fetchall()

    assert unbalanced == []


def test_every_line_posts_to_an_account_of_its_entity(company: duckdb.DuckDBPyConnection) -> None:
    orphans = company.execute("""
        select l.journal_id, l.account_code from company.journal_line l join company.journal j using (journal_id)
        anti join company.account a on a.entity_id = j.entity_id and a.account_code = l.account_code
    """).fetchall()

    assert orphans == []


def test_namesakes_have_addresses_of_their_own(company: duckdb.DuckDBPyConnection) -> None:
    ((people, names, addresses),) = company.execute(
        "select count(*), count(distinct first_name || last_name), count(distinct email) from company.employee"
    ).fetchall()

    assert names < people == addresses


def test_open_documents_add_up_to_the_control_accounts(company: duckdb.DuckDBPyConnection) -> None:
    """Per entity and side, with every document at its own rate; a cent a document is what rounding may leave."""
    rows = company.execute("""
        with settled as (
            select document_id, sum(amount) as settled from (
                select document_id, amount_txn as amount from company.payment where deleted_at is null
                union all
                select unnest([credits_document_id, document_id]), total from company.document c
                where credits_document_id is not null
                  and not exists (select 1 from company.payment p where p.document_id = c.document_id)
            ) group by document_id
        ),
        open_items as (
            select entity_id, split_part(kind, '_', 1) as side, count(*) filter (total <> coalesce(settled, 0)) as documents,
                sum(case when kind in ('sale', 'purchase_credit') then 1 else -1 end
                    * case e.currency when 'JPY' then round((total - coalesce(settled, 0)) / fx_rate, 0)
                           else round((total - coalesce(settled, 0)) / fx_rate, 2) end::decimal(20, 4)) as amount
            from company.document join company.entity e using (entity_id) left join settled using (document_id)
            where voided_at is null and deleted_at is null group by all
        ),
        control as (
            select j.entity_id, case a.type when 'receivable' then 'sale' else 'purchase' end as side, sum(l.amount_func) as amount
            from company.journal_line l join company.journal j using (journal_id)
            join company.account a on a.entity_id = j.entity_id and a.account_code = l.account_code
            where a.type in ('receivable', 'payable') group by all
        )
        select entity_id, side, o.amount, c.amount, documents from open_items o full join control c using (entity_id, side)
    """).fetchall()

    assert len(rows) == 10
    for entity, side, documents_say, ledger_says, documents in rows:
        assert abs(documents_say - ledger_says) <= documents * 1 / 100, (entity, side, documents_say, ledger_says)


def test_media_bills_are_what_the_campaigns_spent(company: duckdb.DuckDBPyConnection) -> None:
    rows = company.execute("""
        with spent as (
            select campaign_id, last_day(spend_date) as day, sum(amount) as amount from company.campaign_spend
            join company.campaign c using (campaign_id) join company.entity e using (entity_id)
            where last_day(spend_date) <= (select as_of_date from company.parameter)
              and spend_date >= greatest(e.acquired_date, (select first_date from company.parameter))
            group by all
        ),
        billed as (
            select campaign_id, issue_date as day, sum(net_amount) as amount
            from company.document_line join company.document using (document_id)
            where kind = 'purchase' and campaign_id is not null and voided_at is null and deleted_at is null
              and issue_date <= (select as_of_date from company.parameter) group by all
        )
        select * from spent s full join billed b using (campaign_id, day) where s.amount is distinct from b.amount
    """).fetchall()

    assert rows == []


def test_credit_of_touches_adds_up_to_the_deal(company: duckdb.DuckDBPyConnection) -> None:
    rows = company.execute("""
        select opportunity_id, sum(credit) from truth.touch_credit group by 1 having abs(sum(credit) - 1) > 0.000001
    """).fetchall()

    assert rows == []


def test_the_business_is_believable(company: duckdb.DuckDBPyConnection) -> None:
    """Growing, with a funnel that narrows, costs in proportion, and money in the bank."""
    revenue = company.execute("""
        select year(month), sum(amount_usd) from truth.profit_and_loss
        where account_code = '4000' and year(month) in (2024, 2025) group by 1 order by 1
    """).fetchall()
    funnel = company.execute("""
        select (select count(*) from company.touch), (select count(*) from company.lead), (select count(mql_at) from company.lead),
            (select count(*) from company.opportunity where kind = 'new'),
            (select count(*) from company.opportunity where kind = 'new' and outcome = 'won')
    """).fetchone()
    cash = company.execute("select min(amount_func) from truth.balance_sheet where account_code = '1000'").fetchone()

    assert 1.1 < revenue[1][1] / revenue[0][1] < 2
    assert funnel is not None
    assert list(funnel) == sorted(funnel, reverse=True)
    assert 0.15 < funnel[4] / funnel[3] < 0.5
    assert cash is not None
    assert cash[0] > 0


def test_nothing_is_recorded_before_it_happened(company: duckdb.DuckDBPyConnection) -> None:
    early = company.execute("""
        select 'payment', payment_id from company.payment p join company.document d using (document_id)
        where p.recorded_at < d.recorded_at
        union all
        select 'document', document_id from company.document
        where recorded_at < issue_date or least(voided_at, deleted_at, edited_at) < recorded_at
        union all
        select 'opportunity', opportunity_id from company.opportunity where closed_at < created_at
    """).fetchall()

    assert early == []


@pytest.mark.parametrize(("scale", "horizon"), [(0, 60), (-1, 60), (1, -1)])
def test_senseless_sizes_are_refused(tmp_path: Path, scale: float, horizon: int) -> None:
    with pytest.raises(ValueError, match="scale"):
        simulate(tmp_path / "x", scale=scale, horizon_days=horizon, as_of=AS_OF)


def test_a_company_without_flaws_has_no_voids_doubles_or_late_entries(tmp_path: Path) -> None:
    path = tmp_path / "flawless.duckdb"
    simulate(path, scale=0.1, as_of=date(2026, 6, 30), flaws=False)
    with duckdb.connect(str(path), read_only=True) as flawless:
        kinds = {kind for (kind,) in flawless.execute("select distinct kind from truth.defect").fetchall()}
        assert kinds <= {"invoice_credited", "refund"}, "part of business, not mistakes"
        assert flawless.execute("select count(*) from truth.intercompany where billed is distinct from entered").fetchone() == (0,)


def test_what_is_told_as_posted_late_was_posted(company: duckdb.DuckDBPyConnection) -> None:
    never = company.execute("""
        select record_id from truth.defect where kind = 'posted_late' and record_id not in (select source_id from company.journal where source_id is not null)
    """).fetchall()
    assert never == []


def test_cash_flows_of_both_methods_are_what_the_bank_moved(company: duckdb.DuckDBPyConnection) -> None:
    wrong = company.execute("""
        with bank as (
            select j.entity_id, date_trunc('month', journal_date)::date as month, sum(amount_func) as moved
            from company.journal_line join company.journal j using (journal_id) where account_code = '1000' group by all
        ),
        told as (select entity_id, month, method, sum(amount_func) as flows from truth.cash_flow group by all)
        select * from told full join bank using (entity_id, month) where flows is distinct from moved
    """).fetchall()
    assert wrong == []

"""Fiscal calendars: the model of dates against calendars that are published, and against a generator of its own."""

from __future__ import annotations

from datetime import date, timedelta

import duckdb
import pytest

from finance_hub import settings
from tests.dbt import dbt

ENTITIES = """
    (values
        ('retail', 'c', 'u1', '4-5-4', 'nearest', 6, 'start', 1, 31),
        ('last_friday', 'c', 'u2', '4-4-5', 'last', 5, 'end', 9, 30),
        ('nearest_thirteen', 'c', 'u3', '13x4', 'nearest', 6, 'end', 12, 31),
        ('leap', 'c', 'u4', 'months', 'last', 6, 'end', 2, 29),
        ('april', 'c', 'u5', 'months', 'last', 6, 'end', 4, 5))
    t (entity_id, connection_id, org_unit_id, calendar_pattern, calendar_year_ends, calendar_weekday, calendar_year_named_after,
        fiscal_year_end_month, fiscal_year_end_day)
"""


@pytest.fixture(scope="module")
def dates(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """The model's own SQL, compiled by dbt, run on entities with every sort of calendar, from 1999 to 2030."""
    found = settings.load(tmp_path_factory.mktemp("calendars"), {})
    found.warehouse.parent.mkdir()
    compiled = next((dbt(found, "compile", "--select", "dim_date") / "compiled").rglob("dim_date.sql")).read_text()
    database = duckdb.connect()
    database.execute("attach ':memory:' as warehouse; use warehouse; create schema core; create schema intermediate")
    database.execute(f"create table core.dim_entity as from {ENTITIES}")
    database.execute("create table core.dim_as_of as select date '2030-06-30' as as_of_date")
    database.execute("""
        create table intermediate.int_ledger_spans_measured as
        select connection_id, org_unit_id, case entity_id when 'retail' then date '1999-03-01' else date '2015-01-01' end as first_posting_date
        from core.dim_entity
    """)
    database.execute(f"create table dim_date as ({compiled})")
    return database


@pytest.mark.heavy
def test_the_retail_calendar_has_the_published_years_of_53_weeks(dates: duckdb.DuckDBPyConnection) -> None:
    """Of the National Retail Federation: nearest Saturday to the end of January, the year named after its start."""
    years = dates.execute(
        "select distinct fiscal_year from dim_date where entity_id = 'retail' and is_53rd_week and fiscal_year between 2000 and 2029 order by 1"
    ).fetchall()
    assert [year for (year,) in years] == [2000, 2006, 2012, 2017, 2023, 2028]
    ends = dict(
        dates.execute("select distinct fiscal_year, fiscal_year_end_date from dim_date where entity_id = 'retail'").fetchall()
    )
    assert (ends[2012], ends[2023], ends[2024]) == (date(2013, 2, 2), date(2024, 2, 3), date(2025, 2, 1))
    weeks = dates.execute("""
        select fiscal_period, count(distinct fiscal_week) from dim_date where entity_id = 'retail' and fiscal_year = 2023 group by 1 order by 1
    """).fetchall()
    assert [count for _, count in weeks] == [4, 5, 4, 4, 5, 4, 4, 5, 4, 4, 5, 5], "the 53rd week belongs to the last period"


def test_weeks_after_a_year_of_53_are_compared_with_those_shifted_by_one(dates: duckdb.DuckDBPyConnection) -> None:
    compared = dates.execute("""
        select date_day, prior_year_comparable_date from dim_date
        where entity_id = 'retail' and date_day in ('2024-02-04', '2024-01-28', '2023-02-05') order by 1
    """).fetchall()
    assert compared == [
        (date(2023, 2, 5), date(2022, 2, 6)),
        (date(2024, 1, 28), None),
        (date(2024, 2, 4), date(2023, 2, 5)),
    ], "the 53rd week has no counterpart; the first week of 2024 has the second of 2023"


def test_years_of_weeks_are_those_of_a_generator_of_its_own(dates: duckdb.DuckDBPyConnection) -> None:
    def last_friday_of_september(year: int) -> date:
        day = date(year, 9, 30)
        while day.isoweekday() != 5:
            day -= timedelta(days=1)
        return day

    told = dates.execute("""
        select fiscal_year, min(fiscal_year_start_date), max(fiscal_year_end_date), max(fiscal_week) from dim_date
        where entity_id = 'last_friday' and fiscal_year between 2016 and 2029 group by 1 order by 1
    """).fetchall()
    for year, start, end, weeks in told:
        assert end == last_friday_of_september(year)
        assert start == last_friday_of_september(year - 1) + timedelta(days=1)
        assert weeks == ((end - start).days + 1) // 7


def test_every_day_is_in_one_period_and_periods_have_labels_of_their_own(dates: duckdb.DuckDBPyConnection) -> None:
    wrong = dates.execute("""
        select entity_id, period_month from (select distinct entity_id, period_month, period_start_date from dim_date)
        group by all having count(*) > 1
        union all
        select entity_id, date_day from dim_date group by all having count(*) > 1
    """).fetchall()
    assert wrong == []
    days = dates.execute("select entity_id, count(*) from dim_date group by 1").fetchall()
    assert dict(days)["last_friday"] == (date(2030, 6, 30) - date(2015, 1, 1)).days + 1
    thirteen = dates.execute("""
        select max(fiscal_period), max(fiscal_quarter) from dim_date where entity_id = 'nearest_thirteen'
    """).fetchone()
    assert thirteen == (13, 4)


def test_years_of_months_end_where_the_books_say(dates: duckdb.DuckDBPyConnection) -> None:
    told = {
        f"{entity} {day}": (year, period)
        for entity, day, year, period in dates.execute("""
            select entity_id, date_day, fiscal_year, fiscal_period from dim_date
            where (entity_id = 'leap' and date_day in ('2020-02-29', '2020-03-01', '2021-02-28', '2021-03-01'))
                or (entity_id = 'april' and date_day in ('2023-04-05', '2023-04-06', '2023-05-05', '2023-05-06'))
        """).fetchall()
    }
    assert told == {
        "leap 2020-02-29": (2020, 12),
        "leap 2020-03-01": (2021, 1),
        "leap 2021-02-28": (2021, 12),
        "leap 2021-03-01": (2022, 1),
        "april 2023-04-05": (2023, 12),
        "april 2023-04-06": (2024, 1),
        "april 2023-05-05": (2024, 1),
        "april 2023-05-06": (2024, 2),
    }

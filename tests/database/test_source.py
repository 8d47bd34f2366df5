"""A home-grown ERP becomes a source by a mapping alone, over ODBC and over JDBC."""

from __future__ import annotations

import io
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from dlt_sources.database import records
from dlt_sources.records import Archive
from dlt_sources.records.columns import fit_table
from tests.database.conftest import DRIVERS, EITHER, Hub
from tests.database.server import AS_OF, ENTITY, Server, fill

LATER = "2026-07-20 23:59:59"


def kept(company: Path, until: str) -> dict[tuple[str, str], Decimal]:
    """What the company's own books say by account and month."""
    with duckdb.connect() as books:
        books.execute(f"attach '{company}' as meridian (read_only); use meridian")
        rows = books.execute(
            """select account_code, strftime(journal_date, '%Y-%m'), sum(amount_func) from company.journal_line join company.journal using (journal_id)
            where entity_id = ? and recorded_at <= ? group by all having sum(amount_func) <> 0""",
            [ENTITY, until],
        ).fetchall()
    return {(account, month): amount for account, month, amount in rows}


def posted(company: Path, until: str) -> int:
    """How many lines the company's own books have."""
    with duckdb.connect() as books:
        books.execute(f"attach '{company}' as meridian (read_only); use meridian")
        (count,) = books.execute(
            "select count(*) from company.journal_line join company.journal using (journal_id) where entity_id = ? and recorded_at <= ?",
            [ENTITY, until],
        ).fetchall()[0]
    return int(count)


def shown(hub: Hub, connection: str) -> dict[tuple[str, str], Decimal]:
    """The same from the raw tables, by the rule of the source's README."""
    rows = hub.ask(f"""
        select account_id, strftime(posting_date, '%Y-%m'), sum(amount) from "database".journal_lines l
        where connection_id = '{connection}' and not exists (
            from "database".deleted_rows d where d.connection_id = l.connection_id and d.table_name = 'journal_lines' and d.row_key = l.line_key and d.is_deleted)
        group by all having sum(amount) <> 0
    """)
    return {(str(account), str(month)): Decimal(str(amount)) for account, month, amount in rows}


@pytest.fixture(scope="module")
def loaded(erp: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[Hub, dict[str, dict[str, int]]]:
    """One home, the same books through both drivers."""
    hub = Hub(tmp_path_factory.mktemp("both")).connect(**{driver: erp.settings(driver) for driver in DRIVERS})
    return hub, {driver: hub.run(driver) for driver in DRIVERS}


@pytest.mark.parametrize("driver", DRIVERS)
def test_the_ledger_is_that_of_the_company_to_the_cent(
    loaded: tuple[Hub, dict[str, dict[str, int]]], meridian: Path, driver: str
) -> None:
    hub, rows = loaded
    assert rows[driver]["journal_lines"] == posted(meridian, AS_OF)
    assert shown(hub, driver) == kept(meridian, AS_OF)
    assert hub.ask("""select count(*) from "database".quarantine""") == [(0,)]


def test_both_drivers_give_the_same_raw_tables(loaded: tuple[Hub, dict[str, dict[str, int]]]) -> None:
    hub, rows = loaded
    odbc, jdbc = hub.raw("odbc"), hub.raw("jdbc")
    assert {name: len(table) for name, table in odbc.items() if table} == rows["odbc"] == rows["jdbc"]
    assert [name for name in odbc if odbc[name] != jdbc[name]] == []
    assert len(odbc) == len(records.TABLES) - 1
    assert len(odbc["documents"]) > 1000
    assert {row[0] for row in odbc["accounts"]} == {row[3] for row in odbc["journal_lines"]} | {row[0] for row in odbc["accounts"]}


def test_amounts_come_whole_and_moments_in_utc_from_a_server_in_another_zone(loaded: tuple[Hub, dict[str, dict[str, int]]]) -> None:
    hub, _ = loaded
    told = hub.ask("""
        select distinct typeof(amount), typeof(changed_at), min(changed_at)::varchar, functional_currency, is_adjustment_period
        from "database".journal_lines group by all
    """)
    assert told == [("DECIMAL(38,12)", "TIMESTAMP", "2023-07-01 00:00:00", "EUR", False)]


def test_a_second_run_loads_nothing_and_changes_no_table(loaded: tuple[Hub, dict[str, dict[str, int]]]) -> None:
    hub, _ = loaded
    tables = [name for (name,) in hub.ask("select table_name from information_schema.tables where table_schema = 'database'")]

    def content() -> dict[str, object]:
        return {str(name): hub.ask(f'from "database"."{name}" order by all') for name in tables}

    before = content()
    assert [hub.run(driver) for driver in DRIVERS] == [{}, {}]
    assert [name for name, rows in content().items() if rows != before[name]] == []


def test_what_must_be_known_between_runs_is_not_in_the_warehouse(loaded: tuple[Hub, dict[str, dict[str, int]]]) -> None:
    hub, _ = loaded
    assert max(len(str(state)) for (state,) in hub.ask('select state from "database"._dlt_pipeline_state')) < 3000


def test_every_row_can_be_made_again_from_the_archive(loaded: tuple[Hub, dict[str, dict[str, int]]]) -> None:
    hub, rows = loaded
    archive = Archive(hub.home / "archive", "database", "odbc")
    pages = [entry for entry in archive.entries() if entry.resource == "journal_lines"]
    assert sum(entry.documents for entry in pages[: len({row for (row,) in _pages(hub)})]) == rows["odbc"]["journal_lines"]
    assert all('from fibu."Buchung" q' in entry.request for entry in pages)
    again = [
        fit_table(batch, records.JOURNAL_LINES.tables[0], connection_id="odbc", page_id=entry.page_id).table
        for entry in pages
        for batch in pa.ipc.open_stream(io.BytesIO(archive.read(entry)))
    ]
    with duckdb.connect() as database:
        database.register("made", pa.concat_tables(again))
        replayed = database.execute("select distinct * exclude (_page_id, connection_id) from made order by all").fetchall()
    assert replayed == hub.raw("odbc")["journal_lines"]
    assert {page for (page,) in _pages(hub)} <= {entry.page_id for entry in pages}


def _pages(hub: Hub) -> list[tuple[object, ...]]:
    return hub.ask("""select distinct _page_id from "database".journal_lines where connection_id = 'odbc'""")


@pytest.mark.parametrize("driver", EITHER)
def test_new_changed_and_deleted_rows_travel_and_nothing_else(
    erp: Server, own_erp: str, meridian: Path, hub: Hub, driver: str
) -> None:
    hub.connect(erp=erp.settings(driver, database=own_erp))
    hub.run("erp")
    fill(erp, meridian, until=LATER, since=AS_OF, database=own_erp)
    erp.sql(
        """update fibu."Buchung" set buchungstext = 'corrected', geaendert_am = '2026-07-21 09:00+09' where lfd_nr between 100 and 103;
        insert into fibu.geloescht select distinct beleg, now() from fibu."Buchung" where lfd_nr = 7;
        delete from fibu."Buchung" where beleg = (select beleg from fibu."Buchung" where lfd_nr = 7);
        delete from fibu.konto where nummer = '6400';
        update fibu.mandant set bezeichnung = 'Renamed GmbH';""",
        database=own_erp,
    )
    rows = hub.run("erp")
    new = int(erp.sql("""select count(*) from fibu."Buchung" where erfasst_am > '2026-06-30 23:59:59+00'""", database=own_erp))
    assert new > 100
    assert rows["journal_lines"] == new + 4
    assert rows["ledgers"] == rows["deleted_journals"] == 1
    assert 0 < rows["payments"] < 50
    assert "accounts" not in rows
    gone = hub.ask("""select table_name, count(*), bool_and(is_deleted) from "database".deleted_rows group by all order by all""")
    assert gone[0] == ("accounts", 1, True)
    assert gone[1][0] == "journal_lines"
    assert rows["deleted_rows"] == 1 + int(str(gone[1][1]))
    whole = Hub(hub.home.with_name("whole")).connect(erp=erp.settings(driver, database=own_erp))
    whole.run("erp")
    assert shown(hub, "erp") == shown(whole, "erp")
    living, full = hub.raw("erp"), whole.raw("erp")
    deleted = set(hub.ask("""select table_name, row_key from "database".deleted_rows where is_deleted"""))
    for name, table in living.items():
        assert [row for row in table if (name, row[0]) not in deleted] == full[name], name
    assert hub.run("erp") == {}

    erp.sql(
        "insert into fibu.konto (nummer, mandant, bezeichnung, klasse, art, gesperrt, bemerkung) select '6400', 'DE01', 'Travel', 'E', 'expense', 'N', 'Trains, flights, hotels';",
        database=own_erp,
    )
    assert hub.run("erp") == {"deleted_rows": 1}, "a row that is back as it was need not be written again"
    assert hub.ask("""select is_deleted from "database".deleted_rows where table_name = 'accounts'""") == [(False,)]
    assert hub.run("erp") == {}

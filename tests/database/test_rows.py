"""Rows as databases have them: bad ones, late ones, long ones, those of other time zones, and none at all."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from decimal import Decimal

import pytest

from tests.database.conftest import DRIVERS, EITHER, Hub
from tests.database.server import Server

LINES = """
{top}
[journal_lines]
table = "{table}"
{more}
columns.line_key = "id"
columns.journal_id = "journal"
columns.posting_date = "day"
columns.account_id = "account"
columns.amount = "amount"
columns.changed_at = "changed"
columns.description = "note"
"""
COLUMNS = "id int, journal text, day date, account text, amount numeric(18, 2), changed timestamptz, note text"


def lines(table: str, more: str = "", top: str = "") -> str:
    return LINES.format(table=table, more=more, top=top)


@pytest.mark.parametrize("driver", DRIVERS)
def test_rows_that_do_not_fit_are_set_aside_with_reasons_and_the_others_load(
    server: Server, hub: Hub, table: Callable[[str], str], driver: str
) -> None:
    name = table("id text, journal text, day text, account text, amount numeric, changed timestamp, note text")
    server.sql(f"""insert into {name} values
        ('1', 'j', '2026-01-31', '4000', 12345678901234567890123456.123456789012, now(), 'as long as can be'),
        ('2', 'j', '2026-01-31', '4000', 0.1234567890123, now(), null),
        ('3', 'j', '2026-01-31', '4000', 123456789012345678901234567, now(), null),
        ('4', 'j', '31.01.2026', '4000', 1, now(), null),
        ('5', 'j', '2026-02-30', '4000', 1, now(), null),
        ('6', 'j', '2026-01-31', null, 1, now(), null),
        ('7', 'j', '2026-01-31', '4000', 'NaN', now(), null),
        (null, 'j', '2026-01-31', '4000', 1, now(), null),
        (null, 'j', '2026-01-31', '4000', 2, now(), null),
        (null, 'j', '2026-01-31', '4000', 2, now(), null),
        ('9', 'j', '2026-01-31', '4000', 1, now(), null),
        ('10', 'j', '', '4000', 1, now(), null);""")
    hub.connect(lines(name), erp=server.settings(driver))
    assert hub.run("erp") == {"journal_lines": 2}
    assert hub.ask('select line_key, amount from "database".journal_lines order by all') == [
        ("1", Decimal("12345678901234567890123456.123456789012")),
        ("9", Decimal(1)),
    ]
    reasons = {str(key): str(reason) for key, reason in hub.ask('select record_key, reason from "database".quarantine')}
    assert "12 decimals" in reasons["2"]
    assert "26 digits" in reasons["3"]
    assert "is not a day" in reasons["4"]
    assert "is not a day" in reasons["5"]
    assert reasons["6"] == "journal_lines.account_id: a value is missing"
    assert "NaN" in reasons["7"]
    assert reasons["10"] == "journal_lines.posting_date: a value is missing"
    assert hub.ask("""select count(*) from "database".quarantine where reason like '%part of the key is missing'""") == [(2,)], (
        "of two that are alike one is kept"
    )
    counts = "documents_received, documents_quarantined, rows_loaded, money_totals::json->>'amount'"
    assert hub.ask(f'select {counts} from "database".extraction') == [(12, 10, 2, "12345678901234567890123457.123456789012")]
    assert hub.run("erp") == {}, "nor is what was set aside told again"
    server.sql(f"update {name} set day = '2026-01-31' where id = '4'; delete from {name} where id is null or id = '9';")
    assert hub.run("erp") == {"journal_lines": 1, "deleted_rows": 1}, "a row without a key has no name to be missed by"


@pytest.mark.parametrize("driver", EITHER)
def test_a_key_that_identifies_no_row_doubles_nothing_and_is_told(
    server: Server, hub: Hub, table: Callable[[str], str], driver: str
) -> None:
    name = table(COLUMNS)
    server.sql(f"insert into {name} select 1 + n % 3, 'j', '2026-01-31', '4000', n, now(), '' from generate_series(1, 4) n;")
    hub.connect(lines(name), erp=server.settings(driver))
    assert hub.run("erp") == {"journal_lines": 3}
    assert "comes twice in one reading" in str(hub.ask('select reason from "database".quarantine')[0][0])


@pytest.mark.parametrize("driver", DRIVERS)
def test_moments_are_read_in_the_zone_that_the_mapping_names(
    server: Server, hub: Hub, table: Callable[[str], str], driver: str
) -> None:
    name = table(COLUMNS.replace("changed timestamptz", "changed timestamp, moment timestamptz, told text"))
    server.sql(f"""insert into {name} (id, journal, day, account, amount, changed, moment, told) values
        (1, 'j', '2026-01-31', 'a', 1, '2026-01-31 00:30:00.123456', '2026-01-31 00:30+01', '2026-01-31 00:30:00'),
        (2, 'j', '2026-01-31', 'a', 1, '2026-07-31 00:30', '2026-07-31 00:30+02', '2026-07-31T00:30:00+02:00'),
        (3, 'j', '2026-01-31', 'a', 1, '2026-03-29 02:30', '2026-03-29 02:30+00', null),
        (4, 'j', '2026-01-31', 'a', 1, '2026-10-25 02:30', '2026-10-25 02:30+00', '');""")
    created = lines(name, more='columns.created_at = "moment"\ncursor = "changed"', top='time_zone = "Europe/Berlin"')
    hub.connect(created, erp=server.settings(driver))
    hub.run("erp")
    moments = hub.ask('select changed_at::varchar, created_at::varchar from "database".journal_lines order by line_key')
    assert moments[0] == ("2026-01-30 23:30:00.123456", "2026-01-30 23:30:00")
    assert moments[1] == ("2026-07-30 22:30:00", "2026-07-30 22:30:00")
    assert moments[2] == ("2026-03-29 01:00:00", "2026-03-29 02:30:00"), "an hour that never was is its end"
    assert moments[3][0] == "2026-10-25 00:30:00", "of an hour that was twice, the first"
    assert hub.run("erp") == {}
    hub.connect(
        created.replace('"changed"\n', '"told"\n', 1)
        .replace('changed_at = "changed"', 'changed_at = "told"')
        .replace('cursor = "told"', ""),
        again=server.settings(driver),
    )
    hub.run("again")
    told = hub.ask("""select changed_at::varchar from "database".journal_lines where connection_id = 'again' order by line_key""")
    assert told == [("2026-01-30 23:30:00",), ("2026-07-30 22:30:00",), (None,), (None,)]


@pytest.mark.parametrize("driver", EITHER)
def test_a_text_longer_than_expected_is_read_whole(server: Server, hub: Hub, table: Callable[[str], str], driver: str) -> None:
    name = table(COLUMNS)
    server.sql(f"""insert into {name} select n, 'j', '2026-01-31', '4000', 1, now(), case n when 29000 then repeat('ä😀', 20000) else 'short' end
        from generate_series(1, 30000) n;""")
    hub.connect(lines(name), erp=server.settings(driver))
    assert hub.run("erp") == {"journal_lines": 30000}
    assert hub.ask("""select count(*) from "database".journal_lines where description = repeat('ä😀', 20000)""") == [(1,)]
    assert hub.run("erp") == {}


@pytest.mark.parametrize("driver", EITHER)
def test_rows_that_become_visible_late_are_found_and_a_date_of_the_distant_future_hides_none(
    server: Server, hub: Hub, table: Callable[[str], str], driver: str
) -> None:
    name = table(COLUMNS)
    row = "'j', '2026-01-31', '4000', 1"
    server.sql(f"""insert into {name} values (1, {row}, '2026-01-01 12:00', ''), (2, {row}, '2099-01-01', ''), (3, {row}, null, '');
        insert into {name} select n, {row}, '2026-01-01 11:00', '' from generate_series(10, 100) n;""")
    hub.connect(lines(name, 'cursor = "changed"\noverlap = 30'), erp=server.settings(driver))
    assert hub.run("erp") == {"journal_lines": 94}
    assert hub.run("erp") == {}
    server.sql(f"""insert into {name} values (4, {row}, '2026-01-01 11:31', 'late'), (5, {row}, '2026-01-01 11:29', 'too late');
        update {name} set note = 'without a moment' where id = 3;""")
    assert hub.run("erp") == {"journal_lines": 2}, "those within the overlap, and those without a moment"
    assert hub.ask("""select line_key from "database".journal_lines where line_key in ('4', '5')""") == [("4",)]
    assert hub.run("erp") == {}
    assert hub.ask("""select description from "database".journal_lines where line_key = '3'""") == [("without a moment",)]


@pytest.mark.parametrize("driver", EITHER)
def test_numbers_that_were_given_before_they_were_committed_are_found(
    server: Server, hub: Hub, table: Callable[[str], str], driver: str
) -> None:
    name = table(COLUMNS.replace("id int", "id numeric(12)"))
    server.sql(
        f"insert into {name} select n, 'j', '2026-01-31', '4000', 1, now(), '' from generate_series(1, 5000) n where n <> 4500;"
    )
    hub.connect(lines(name, 'cursor = "id"'), erp=server.settings(driver))
    assert hub.run("erp") == {"journal_lines": 4999}
    assert hub.run("erp") == {}
    server.sql(
        f"insert into {name} values (4500, 'j', '2026-01-31', '4000', 1, now(), ''), (5001, 'j', '2026-01-31', '4000', 1, now(), '');"
    )
    assert hub.run("erp") == {"journal_lines": 2}
    assert hub.ask('select count(*) from "database".journal_lines') == [(5001,)]


def test_a_table_that_is_suddenly_empty_is_not_taken_for_deletes(server: Server, hub: Hub, table: Callable[[str], str]) -> None:
    name = table(COLUMNS)
    server.sql(f"insert into {name} select n, 'j', '2026-01-31', '4000', 1, now(), '' from generate_series(1, 5) n;")
    hub.connect(lines(name), erp=server.settings("odbc"))
    hub.run("erp")
    server.sql(f"delete from {name};")
    assert re.search(r"erp: journal_lines has no row left of the 5 known ones.*keys = false", hub.trouble("erp"))
    hub.connect(lines(name, "keys = false"), erp=server.settings("odbc"))
    assert hub.run("erp") == {}


def test_after_a_change_of_the_mapping_rows_are_read_again_and_those_that_differ_travel(
    server: Server, hub: Hub, table: Callable[[str], str]
) -> None:
    name = table(COLUMNS)
    server.sql(
        f"insert into {name} select n, 'j', '2026-01-31', '4000', 1, '2026-01-01'::date + n, '' from generate_series(1, 5) n;"
    )
    first = lines(name, 'cursor = "changed"')
    hub.connect(first, erp=server.settings("odbc"))
    hub.run("erp")
    hub.connect(first + 'columns.created_by = "account"\n', erp=server.settings("odbc"))
    assert hub.run("erp") == {"journal_lines": 5}
    hub.connect(first.replace('line_key = "id"', 'line_key = "changed"'), erp=server.settings("odbc"))
    assert "line_key was mapped otherwise when rows were read" in hub.trouble("erp")


def test_deletes_are_not_guessed_at_when_what_was_known_is_lost(server: Server, hub: Hub, table: Callable[[str], str]) -> None:
    name = table(COLUMNS)
    server.sql(f"insert into {name} select n, 'j', '2026-01-31', '4000', 1, '2026-01-01', '' from generate_series(1, 5) n;")
    hub.connect(lines(name), erp=server.settings("odbc"))
    hub.run("erp")
    known = hub.home / "archive" / "database" / "erp" / "known"
    aside = known.rename(known.with_name("aside"))
    assert "bring back the archive's folder 'known'" in hub.trouble("erp")
    aside.rename(known)
    assert hub.run("erp") == {}
    hub.connect(lines(name, 'cursor = "changed"\nkeys = false'), other=server.settings("odbc"))
    hub.run("other")
    shutil.rmtree(known.parents[1] / "other" / "known")
    assert hub.run("other") == {"journal_lines": 5}, "without deletes to notice, rows are simply read again"
    assert hub.ask("""select count(*) from "database".journal_lines where connection_id = 'other'""") == [(5,)]


@pytest.mark.parametrize("driver", EITHER)
def test_a_query_of_keys_tells_what_has_gone(server: Server, hub: Hub, table: Callable[[str], str], driver: str) -> None:
    name = table(COLUMNS)
    server.sql(
        f"insert into {name} select n, 'j', '2026-01-31', '4000', 1, '2026-01-01'::date + n, '' from generate_series(1, 500) n;"
    )
    keys = f"""keys = "select id as line_key from {name} where note <> 'cancelled'" """
    hub.connect(lines(name, f'cursor = "changed"\n{keys}'), erp=server.settings(driver))
    assert hub.run("erp") == {"journal_lines": 500}
    server.sql(f"update {name} set note = 'cancelled' where id in (7, 8); delete from {name} where id = 9;")
    assert hub.run("erp") == {"deleted_rows": 3}
    assert hub.run("erp") == {}
    assert hub.ask('select row_key from "database".deleted_rows order by all') == [("7",), ("8",), ("9",)]

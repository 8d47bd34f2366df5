# ruff: noqa: DTZ001 - columns hold UTC without an offset
from __future__ import annotations

import string
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import msgspec
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlt_sources.http import Reply, SourceError
from dlt_sources.records import (
    Archive,
    ClockTime,
    CountText,
    Day,
    Filled,
    FlagLetter,
    FlagText,
    Instant,
    InstantMs,
    Money,
    MoneyText,
    RateText,
    Record,
    Refused,
    Table,
    decode_rows,
    refuse,
    to_arrow,
)
from dlt_sources.records.intake import Endpoint, Intake


class Line(Record, rename="pascal"):
    id: str | None = None
    amount: Money | None = None
    quantity: MoneyText | None = None
    position: int | None = None
    pieces: CountText | None = None
    is_open: bool | None = None
    is_won: FlagText | None = None
    booked: Day | None = None
    changed: Instant | None = None
    sent: InstantMs | None = None
    note: str | None = None
    code: Filled | None = None
    at: ClockTime | None = None


LINES = Table("lines", Line, key=("id",), description="Lines. One row per line.")


def load(*rows: str) -> tuple[list[dict[str, object]], list[Refused]]:
    """What becomes of JSON rows: the rows that fit, and the refused ones."""
    decoded = decode_rows([msgspec.Raw(row.encode("utf-8", "surrogatepass")) for row in rows], Line, "lines")
    batch = to_arrow(decoded.records, [LINES], connection_id="books", page_id="p1")
    refused = [refuse(decoded.raw[at], "lines", reason, decoded.records[at].id or "") for at, reason in batch.bad.items()]
    return batch.tables["lines"].to_pylist(), decoded.refused + refused


def one(field: str, value: str) -> object:
    """The loaded value of one field given as JSON text; the reason where it is refused."""
    rows, refused = load(f'{{"Id":"a","{field}":{value}}}', '{"Id":"b"}')
    assert rows[-1]["id"] == "b", "a bad row never holds up a good one"
    names = {"IsOpen": "is_open", "IsWon": "is_won"}
    return rows[0][names.get(field, field.lower())] if len(rows) == 2 else refused[0].reason


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=Decimal("-1e25"), max_value=Decimal("1e25"), places=12))
@settings(max_examples=300, deadline=None)
def test_every_decimal_that_fits_arrives_to_the_last_digit(value: Decimal) -> None:
    assert one("Amount", f"{value:f}") == value
    assert one("Quantity", f'"{value:f}"') == value


@pytest.mark.parametrize("value", ["1e-13", "0.1234567890123", "1e26", "123456789012345678901234567", "true", "[]"])
def test_money_that_would_be_rounded_or_guessed_at_is_refused(value: str) -> None:
    assert isinstance(one("Amount", value), str)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_is_not_json_is_refused(value: str) -> None:
    assert isinstance(one("Amount", value), str)


@pytest.mark.parametrize("value", ["1,234.50", "abc", "£5", "1.2.3", "NaN", "--1", "0x10"])
def test_a_string_that_is_not_a_plain_number_is_refused(value: str) -> None:
    assert value in str(one("Quantity", f'"{value}"'))


def test_trailing_zeros_and_exponents_do_not_make_a_number_too_long() -> None:
    assert one("Amount", "1.50000000000000000000") == Decimal("1.5")
    assert one("Amount", "15e-1") == Decimal("1.5")
    assert one("Quantity", '"15e-1"') == Decimal("1.5")


def test_an_empty_string_is_absent_where_numbers_flags_and_dates_travel_as_strings() -> None:
    for field in ("Quantity", "Pieces", "IsWon", "Booked", "Changed", "Code", "At"):
        assert one(field, '""') is None
    assert (one("Code", '"0010"'), one("Note", '""')) == ("0010", "")


def test_times_of_day_arrive_from_both_dialects() -> None:
    assert one("At", '"PT14H30M05S"') == one("At", '"14:30:05"') == time(14, 30, 5)
    assert one("At", '"PT7M"') == time(0, 7)
    for wrong in ("PT", "PT25H", "half past two"):
        assert isinstance(one("At", f'"{wrong}"'), str)


@given(st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31)))
@settings(max_examples=100, deadline=None)
def test_moments_arrive_as_utc_from_every_dialect(moment: datetime) -> None:
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    milliseconds = (moment - datetime(1970, 1, 1)) // timedelta(milliseconds=1)
    assert one("Changed", f'"/Date({milliseconds}+0000)/"') == moment
    assert one("Changed", f'"{moment.isoformat(timespec="milliseconds")}Z"') == moment
    assert one("Changed", f'"{moment.replace(tzinfo=UTC).isoformat()}"') == moment
    assert one("Sent", str(milliseconds)) == moment
    assert one("Booked", f'"{moment:%Y-%m-%dT00:00:00}"') == one("Booked", f'"/Date({milliseconds})/"') == moment.date()


def test_an_offset_is_converted_and_a_time_without_one_is_utc() -> None:
    assert one("Changed", '"2026-03-01T01:30:00+02:00"') == datetime(2026, 2, 28, 23, 30)
    assert one("Changed", '"2026-03-01T01:30:00.1234567"') == datetime(2026, 3, 1, 1, 30, 0, 123456)
    assert one("Changed", '"1735689600000"') == datetime(2025, 1, 1)


@pytest.mark.parametrize("value", ["0000-00-00", "2024-02-30", "30/02/2024", "2024-2-3", "0044-03-15 BC", "yesterday"])
def test_a_day_that_does_not_exist_is_refused(value: str) -> None:
    assert isinstance(one("Booked", f'"{value}"'), str)
    assert isinstance(one("Changed", f'"{value}"'), str)


def test_a_day_may_come_with_a_time_an_offset_or_without_hyphens() -> None:
    for value in ("2024-02-01", "2024-02-01T23:59:59+05:00", "2024-02-01 23:59:59", "2024-02-01Z", "20240201", "2024-02"):
        assert one("Booked", f'"{value}"') == date(2024, 2, 1)


def test_29_february_of_a_leap_year_is_a_day() -> None:
    assert one("Booked", '"2024-02-29"') == date(2024, 2, 29)


@pytest.mark.parametrize(
    ("field", "value"),
    [("Position", str(2**63)), ("Position", "1.5"), ("Pieces", '"1.5"'), ("IsOpen", '"true"'), ("IsWon", '"yes"')],
)
def test_a_value_of_the_wrong_type_is_refused(field: str, value: str) -> None:
    assert isinstance(one(field, value), str)


def test_text_keeps_every_character_and_half_a_character_is_refused() -> None:
    assert one("Note", '"a\\u0000b 名前 \\ud83d\\ude00"') == "a\0b 名前 😀"
    assert isinstance(one("Note", '"\\ud800"'), str)
    long = "x" * 1_000_000
    assert one("Note", f'"{long}"') == long


def test_a_missing_key_is_refused_and_an_absent_field_is_null() -> None:
    rows, refused = load('{"Amount":1}', '{"Id":null}', '{"Id":"c"}')
    assert [row["id"] for row in rows] == ["c"]
    assert rows[0]["amount"] is None
    assert {row.reason for row in refused} == {"lines.id: part of the key is missing"}


def test_a_refused_row_keeps_its_bytes_its_key_and_one_identity() -> None:
    row = '{"Id":"a","Quantity":"1,5"}'
    refused = load(row)[1] + load(row)[1]
    assert refused[0].record_key == "a"
    assert msgspec.json.decode(refused[0].payload)["Quantity"] == "1,5"
    assert refused[0].quarantine_id == refused[1].quarantine_id


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["Id", "Amount", "Quantity", "Booked", "Changed", "Note", "Other"]),
            st.one_of(
                st.none(),
                st.booleans(),
                st.integers(),
                st.text(string.printable, max_size=12),
                st.decimals(allow_nan=False, allow_infinity=False).map(str),
            ),
        ),
        max_size=6,
    )
)
@settings(max_examples=200, deadline=None)
def test_whatever_comes_no_row_is_lost_and_money_is_conserved(rows: list[dict[str, object]]) -> None:
    loaded, refused = load(*[msgspec.json.encode(row).decode() for row in rows])
    assert len(loaded) + len(refused) == len(rows)
    for row in loaded:
        assert row["id"] is not None


def test_the_declared_table_can_be_created_empty_and_takes_the_rows() -> None:
    warehouse = duckdb.connect()
    warehouse.execute("create schema raw")
    warehouse.execute(LINES.ddl("raw"))
    warehouse.execute(LINES.ddl("raw"))
    decoded = decode_rows([msgspec.Raw(b'{"Id":"a","Amount":12.345678901234}')], Line, "lines")
    batch = to_arrow(decoded.records, [LINES], connection_id="books", page_id="p1").tables["lines"]
    assert batch.num_rows == 1
    warehouse.execute("insert into raw.lines select *, 'load 1' from batch")
    assert warehouse.execute("select id, amount from raw.lines").fetchall() == [("a", Decimal("12.345678901234"))]


def test_columns_that_differ_in_case_only_are_refused_at_declaration() -> None:
    class Twice(Record):
        amount: Money
        Amount: Money

    with pytest.raises(TypeError, match="differ in case only"):
        _ = Table("twice", Twice, key=("amount",), description="").columns


def test_the_archive_gives_back_the_bytes_and_notices_any_change(tmp_path: Path) -> None:
    archive = Archive(tmp_path, "xero", "books")
    bodies = [b'{"a":1}', bytes(range(256))]
    pages = [archive.store("journals", Reply(200, {}, body, "GET https://x/y", datetime.now(UTC)), 1) for body in bodies]
    entries = list(archive.entries())
    assert [entry.page_id for entry in entries] == pages
    assert [archive.read(entry) for entry in entries] == bodies
    (tmp_path / "xero" / "books" / f"{pages[0]}.zst").write_bytes((tmp_path / "xero" / "books" / f"{pages[1]}.zst").read_bytes())
    with pytest.raises(SourceError, match="has changed since it was written"):
        archive.read(entries[0])


class Told(Record):
    id: str
    amount: MoneyText | None = None
    rate: RateText | None = None
    pieces: CountText | None = None
    posting: FlagLetter | None = None
    changed: Instant | None = None


TOLD = Table("told", Told, ("id",), "Rows of a system that sends every value as text.", deletable=True)


def test_texts_of_every_form_stand_side_by_side_and_only_the_wrong_ones_are_refused() -> None:
    amounts = [".5", "-.5", "1.", "+3", "", None, "1E-3", "1,000.00", "12.3400"]
    rows = [Told(id=str(number), amount=amount) for number, amount in enumerate(amounts)]
    batch = to_arrow(rows, [TOLD], connection_id="books", page_id="p1")
    assert batch.bad == {7: "told.amount: '1,000.00' is not a number"}
    found = [row["amount"] for row in batch.tables["told"].to_pylist()]
    assert found == [Decimal("0.5"), Decimal("-0.5"), 1, 3, None, None, Decimal("0.001"), Decimal("12.34")]


def test_flags_counts_and_rates_as_texts_are_exact() -> None:
    rows = [
        Told(id="1", posting="T", pieces="12", rate=".123456789012345678", changed="2026-01-31 23:59:59"),
        Told(id="2", posting="F", pieces="12.0", rate="1.5", changed="2026-01-31T23:59:59Z"),
        Told(id="3", posting="", pieces="", rate="", changed=None),
    ]
    found = to_arrow(rows, [TOLD], connection_id="books", page_id="p1").tables["told"].to_pylist()
    assert [row["posting"] for row in found] == [True, False, None]
    assert [row["pieces"] for row in found] == [12, 12, None]
    assert found[0]["rate"] == Decimal("0.123456789012345678")
    assert found[0]["changed"] == found[1]["changed"] == datetime(2026, 1, 31, 23, 59, 59)
    assert [row["_deleted"] for row in found] == [None, None, None]
    wrong = to_arrow([Told(id="1", posting="yes", pieces="1.5")], [TOLD], connection_id="books", page_id="p1").bad
    assert "not a whole number" in wrong[0]


def test_rows_held_back_come_with_the_end_and_deleted_documents_are_told(tmp_path: Path) -> None:
    endpoint = Endpoint("told", Told, (TOLD,), lambda told: told.id)
    intake = Intake(endpoint, connection_id="books", archive=Archive(tmp_path, "x", "books"), known=None, batch_rows=3)
    at = datetime(2026, 1, 1, tzinfo=UTC)

    def page(*ids: str) -> list[object]:
        rows = [msgspec.Raw(msgspec.json.encode({"id": key})) for key in ids]
        return list(intake.take(Reply(200, {}, b"".join(rows), "GET told", at), rows))

    assert page("1", "2") == []
    assert [len(table) for table in map(_table_of, page("3"))] == [3]
    assert page("4") == []
    (order,) = map(_table_of, intake.gone([("9",)]))
    assert order.to_pylist()[0] | {"id": "9", "connection_id": "books", "_deleted": True} == order.to_pylist()[0]
    rest, told = map(_table_of, intake.finish())
    assert len(rest) == 1
    (extraction,) = told.to_pylist()
    assert (extraction["rows_loaded"], extraction["documents_received"], extraction["documents_superseded"]) == (4, 4, 1)


def _table_of(item: object) -> pa.Table:
    """The Arrow table inside what dlt is given."""
    return item if isinstance(item, pa.Table) else item.data

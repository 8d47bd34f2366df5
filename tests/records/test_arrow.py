# ruff: noqa: DTZ001 - columns hold UTC without an offset
"""Rows that come as Arrow batches: fitted to the declared types by the same rules as JSON, and compared with what is known."""

from __future__ import annotations

import io
import string
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlt_sources.http import Reply
from dlt_sources.records import Archive, Day, Instant, Money, Record, Table
from dlt_sources.records.columns import UnfitColumn, fit_table
from dlt_sources.records.intake import Endpoint, Intake
from dlt_sources.records.known import KnownRows, fingerprints, text_hashes


class Line(Record):
    key: str
    amount: Money | None = None
    position: int | None = None
    is_open: bool | None = None
    booked: Day | None = None
    changed: Instant | None = None
    note: str | None = None


LINES = Table("lines", Line, ("key",), "Lines.", once=True)
ENDPOINT = Endpoint("lines", Line, (LINES,), lambda line: line.key)


def fitted(zone: str = "UTC", **columns: pa.Array) -> tuple[list[dict[str, object]], dict[int, str]]:
    """What becomes of columns, and why rows do not fit."""
    rows = len(next(iter(columns.values())))
    given = pa.record_batch({"key": pa.array([f"k{at}" for at in range(rows)]), **columns})
    found = fit_table(given, LINES, connection_id="c", page_id="p", zone=zone)
    return found.table.to_pylist(), found.bad


def one(name: str, column: pa.Array, zone: str = "UTC") -> object:
    """The value that a column's only row becomes, or the reason why it does not fit."""
    rows, bad = fitted(zone, **{name: column})
    return bad[0] if bad else rows[0][name]


@given(
    st.lists(
        st.one_of(st.none(), st.decimals(allow_nan=False, allow_infinity=False).map(str), st.text(string.printable, max_size=9))
    )
)
@settings(max_examples=200, deadline=None)
def test_every_text_is_the_number_that_it_says_or_is_set_aside(texts: list[str | None]) -> None:
    rows, bad = fitted(amount=pa.array(texts, pa.string()))
    for at, (text, row) in enumerate(zip(texts, rows, strict=True)):
        if at not in bad:
            plain = (text or "").rstrip(" ")
            assert row["amount"] == (Decimal(plain) if plain else None)


@given(st.lists(st.integers(0, 39), min_size=1, max_size=200))
@settings(max_examples=50, deadline=None)
def test_bad_values_among_many_are_found_wherever_they_stand(positions: list[int]) -> None:
    texts = ["1.5"] * 40
    for position in positions:
        texts[position] = "1,5"
    rows, bad = fitted(amount=pa.array(texts))
    assert bad.keys() == set(positions)
    assert sum(row["amount"] or 0 for row in rows) == Decimal("1.5") * (40 - len(set(positions)))


def test_types_of_databases_become_the_declared_ones() -> None:
    assert one("amount", pa.array([Decimal("1.10")], pa.decimal128(38, 2))) == Decimal("1.1")
    assert one("amount", pa.array([2**62], pa.int64())) == Decimal(2**62)
    assert one("position", pa.array([Decimal(7)], pa.decimal128(10, 0))) == 7
    assert one("position", pa.array([7], pa.int16())) == 7
    assert one("is_open", pa.array([1], pa.int16())) is True
    assert one("is_open", pa.array(["N"])) is False
    assert one("is_open", pa.array([""])) is None
    assert one("booked", pa.array([datetime(2026, 1, 31, 23, 59)])) == date(2026, 1, 31)
    assert one("booked", pa.array(["2026-01-31 00:00:00"])) == date(2026, 1, 31)
    assert one("changed", pa.array([date(2026, 1, 31)]), "Europe/Berlin") == datetime(2026, 1, 30, 23)
    assert one("changed", pa.array([datetime(2026, 7, 31)]), "Europe/Berlin") == datetime(2026, 7, 30, 22)
    assert one("changed", pa.array([datetime(2026, 7, 31, tzinfo=UTC)], pa.timestamp("ns", "UTC")), "Asia/Tokyo") == datetime(
        2026, 7, 31
    )
    assert one("booked", pa.array([datetime(2026, 7, 31, 20, tzinfo=UTC)], pa.timestamp("us", "UTC")), "Asia/Tokyo") == date(
        2026, 8, 1
    )
    assert one("note", pa.array([Decimal(4000)], pa.decimal128(10, 0))) == "4000"
    assert one("note", pa.array(["ab   "])) == "ab"
    assert one("note", pa.nulls(1)) is None


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("position", pa.array(["1.5"])),
        ("position", pa.array([Decimal("1.5")])),
        ("position", pa.array([2**63], pa.uint64())),
        ("is_open", pa.array(["perhaps"])),
        ("is_open", pa.array([2])),
        ("amount", pa.array([Decimal("1e-13")])),
        ("amount", pa.array(["NaN"])),
        ("booked", pa.array(["2026-02-30"])),
        ("changed", pa.array(["yesterday"])),
    ],
)
def test_a_value_that_would_be_guessed_at_is_set_aside(name: str, column: pa.Array) -> None:
    assert str(one(name, column)).startswith(f"lines.{name}: ")


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("amount", pa.array([0.1])),
        ("note", pa.array([0.1])),
        ("amount", pa.array([b"1"])),
        ("changed", pa.array([1])),
        ("booked", pa.array([True])),
    ],
)
def test_a_column_that_could_never_be_exact_is_refused_as_a_whole(name: str, column: pa.Array) -> None:
    with pytest.raises(UnfitColumn, match=rf"^lines.{name} .*cast it"):
        fitted(**{name: column})


@given(st.lists(st.one_of(st.none(), st.text(max_size=300))))
@settings(max_examples=200, deadline=None)
def test_hashes_of_texts_depend_on_the_text_alone(texts: list[str | None]) -> None:
    texts = [text if text is None else text.encode("utf-8", "ignore").decode() for text in texts]
    hashes = text_hashes(pa.array(texts, pa.string())).tolist()
    assert hashes == [text_hashes(pa.array([text], pa.string())).tolist()[0] for text in texts]
    assert hashes[1:] == text_hashes(pa.array(texts, pa.string())[1:]).tolist()
    assert len(set(hashes)) == len({text or "" for text in texts})


def test_fingerprints_tell_every_change_and_nothing_else() -> None:
    def prints(**columns: list[object]) -> list[int]:
        given = {"key": ["k"], "amount": ["1"], "is_open": [True], "booked": ["2026-01-31"], "note": ["a"]} | columns
        return fingerprints(
            fit_table(
                pa.record_batch({n: pa.array(v) for n, v in given.items()}), LINES, connection_id="c", page_id="p"
            ).table.select(["key", "amount", "is_open", "booked", "note"])
        ).tolist()

    same = prints()
    assert prints(amount=["1.00"]) == same
    changes: list[dict[str, list[object]]] = [
        {"amount": ["-1"]}, {"amount": ["1.000000000001"]}, {"amount": [None]}, {"amount": ["0"]}, {"is_open": [False]}, {"is_open": [None]},
        {"booked": ["2026-02-01"]}, {"note": ["b"]}, {"note": [""]}, {"note": [None]}, {"key": ["ka"], "note": [""]},
    ]  # fmt: skip
    all_prints = [prints(**change)[0] for change in changes]
    assert len({*all_prints, *same}) == len(changes) + 1


Rows = dict[str, tuple[int, int]]  # key -> (content, cursor)


@given(
    st.lists(
        st.dictionaries(st.sampled_from("abcdef"), st.tuples(st.integers(0, 2), st.integers(0, 9)), min_size=1),
        min_size=1,
        max_size=6,
    ),
    st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_over_many_runs_what_is_known_is_what_the_table_holds(states: list[Rows], listed: bool) -> None:
    """Whole reading (or by cursor with a list of keys): the loaded rows less those that have gone are the table, after each run."""
    loaded: dict[str, int] = {}
    gone: set[str] = set()
    remembered = KnownRows().remembered
    floor = 0
    for state in states:
        known = KnownRows(remembered, every_key=True)
        read = {key: row for key, row in state.items() if not listed or row[1] >= floor}
        if listed:
            known.list_live(pa.array(list(state), pa.string()))
        keys, cursors = pa.array(list(read), pa.string()), np.array([row[1] for row in read.values()], np.int64)
        contents = np.array([row[0] for row in read.values()], np.uint64)
        floor = max([floor, *cursors.tolist()]) - 1
        known.raise_floor(floor)
        verdict = known.judge(keys, contents, cursors if listed else None)
        assert not verdict.twice.any()
        for key, fresh in zip(read, verdict.fresh.tolist(), strict=True):
            if fresh:
                loaded[key] = read[key][0]
        back = set(known.back().to_pylist())
        gone = (gone - back) | set(known.gone().to_pylist())
        remembered = known.to_remember()
        assert loaded.keys() - gone <= state.keys()
        assert {key: content for key, content in loaded.items() if key not in gone and key in read} == {
            key: row[0] for key, row in read.items()
        }


def test_what_is_remembered_stays_small_where_rows_are_not_read_again() -> None:
    known = KnownRows()
    for first in range(0, 10_000, 1000):
        cursors = np.arange(first, first + 1000)
        known.raise_floor(int(cursors.max()) - 100)
        keys = pa.array([str(number) for number in cursors.tolist()])
        assert known.judge(keys, cursors.astype(np.uint64), cursors).fresh.all()
    assert known.to_remember().num_rows == 101
    again = KnownRows(known.to_remember())
    cursors = np.arange(9899, 10_002)
    fresh = again.judge(pa.array([str(number) for number in cursors.tolist()]), cursors.astype(np.uint64), cursors).fresh
    assert fresh.sum() == 2


def test_a_page_of_arrow_is_archived_counted_and_told_like_any_other(tmp_path: Path) -> None:
    archive = Archive(tmp_path, "database", "erp")
    batch = pa.record_batch({"key": ["a", "b", "c", "c"], "amount": ["1.5", "x", "2", "3"]})
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    known = KnownRows(every_key=True)
    intake = Intake(ENDPOINT, connection_id="erp", archive=archive, known=None)
    reply = Reply(200, {}, sink.getvalue(), "select 1", datetime.now(UTC))
    items = [*intake.take_arrow(reply, batch, known), *intake.finish()]
    lines, quarantine, extraction = [item.data if hasattr(item, "data") else item for item in items]
    assert lines["key"].to_pylist() == ["a", "c"]
    assert [row["record_key"] for row in quarantine.to_pylist()] == ["b", "c"]
    told = extraction.to_pylist()[0]
    assert (told["documents_received"], told["documents_quarantined"], told["rows_loaded"]) == (4, 2, 2)
    assert told["money_totals"] == '{"amount": "3.500000000000"}'
    assert [archive.read(entry) for entry in archive.entries()] == [sink.getvalue()]
    again = KnownRows(known.to_remember(), every_key=True)
    idle = Intake(ENDPOINT, connection_id="erp", archive=archive, known=None)
    assert [*idle.take_arrow(reply, batch.slice(0, 3), again), *idle.finish()] == []


def test_what_is_remembered_beside_the_archive_is_given_back_whole_or_not_at_all(tmp_path: Path) -> None:
    archive = Archive(tmp_path, "database", "erp")
    reference = archive.remember("lines", b"known")
    assert archive.remember("lines", b"known") == reference
    assert archive.recall(reference) == b"known"
    path = next((tmp_path / "database" / "erp" / "known").iterdir())
    archive.forget("lines", but="another")
    assert path.exists(), "another run may refer to it"
    path.write_bytes(b"damaged")
    assert archive.recall(reference) is None
    assert archive.recall("lines-0000") is None
    assert list(archive.entries()) == []

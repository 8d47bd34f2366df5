"""Columns of text, as files bring them, to exact columns; the rows that do not fit are set aside one by one."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import pyarrow as pa
import pytest

from dlt_sources.records import Archive, Day, Digits, Instant, Money, Record, Table, YesNo, decode_rows, to_arrow
from dlt_sources.records.bulk import BulkIntake, from_text


class Sale(Record):
    """A row of a file."""

    sale_id: int
    sold_on: Day | None = None
    sold_at: Instant | None = None
    amount: Money | None = None
    is_paid: YesNo | None = None
    rate: Digits | None = None


SALES = Table("sales", Sale, ("sale_id",), "Sales.")


@pytest.mark.parametrize(
    ("column", "texts", "values", "bad"),
    [
        ("amount", ["1", "-2.50", None, ".5"], [Decimal(1), Decimal("-2.50"), None, Decimal("0.5")], {}),
        ("amount", ["1e3", "1,000"], [Decimal(1000), None], {1: "'1,000' is not a number"}),
        ("amount", ["0.0000000000001"], [None], {0: "1E-13 has more than 12 decimals"}),
        ("sale_id", ["300100180148289", "7.0"], [300100180148289, 7], {}),
        ("sold_on", ["2026-01-31 00:00:00.000000", "2026-02-28"], [date(2026, 1, 31), date(2026, 2, 28)], {}),
        ("sold_on", ["2026-02-30"], [None], {0: "'2026-02-30' is not a day"}),
        ("sold_at", ["2026-01-31 10:00:00.5", None], [datetime.fromisoformat("2026-01-31T10:00:00.500000"), None], {}),
        ("sold_at", ["2026-01-31T10:00:00+09:00"], [datetime.fromisoformat("2026-01-31T01:00:00")], {}),
        ("is_paid", ["Y", "n", "true", None], [True, False, True, None], {}),
        ("is_paid", ["Y", "perhaps"], [True, None], {1: "'perhaps' is neither yes nor no"}),
        ("rate", ["0.00661244462077630099847"], ["0.00661244462077630099847"], {}),
    ],
)
def test_columns_of_text_become_exact_columns(
    column: str, texts: list[str | None], values: list[object], bad: dict[int, str]
) -> None:
    kind = next(each.kind for each in SALES.columns if each.name == column)
    converted = from_text(kind, pa.array(texts, pa.string()))
    assert converted.array.to_pylist() == values
    assert converted.array.type == kind.arrow
    assert converted.bad == bad


def test_a_row_that_does_not_fit_is_set_aside_with_its_cells_and_the_others_are_counted(tmp_path: Path) -> None:
    intake = BulkIntake(SALES, "files", Archive(tmp_path, "files", "files"), "extract_sales")
    texts = {"sale_id": pa.array(["1", None, "3"]), "amount": pa.array(["1.25", "2", "many"])}
    items = [*intake.take(texts, 3, "page", datetime(2026, 1, 1, tzinfo=UTC)), *intake.finish()]
    yielded = [item.data for item in items]
    assert [arrow.num_rows for arrow in yielded] == [2, 1, 1], "two set aside, one sale, one line of the log"
    assert {json.loads(cells)["amount"] for cells in yielded[0]["payload"].to_pylist()} == {"2", "many"}
    assert yielded[1]["amount"].to_pylist() == [Decimal("1.25")]
    log = {
        name: yielded[2][name][0].as_py() for name in ("documents_received", "documents_quarantined", "rows_loaded", "money_totals")
    }
    assert log == {
        "documents_received": 3,
        "documents_quarantined": 2,
        "rows_loaded": 1,
        "money_totals": '{"amount": "1.250000000000"}',
    }


def test_flags_come_as_booleans_or_letters_and_long_rates_take_nothing_out() -> None:
    rows = [{"sale_id": 1, "is_paid": True, "rate": None}, {"sale_id": 2, "is_paid": "N"}]
    raw = [msgspec.Raw(json.dumps(row).encode()) for row in rows] + [msgspec.Raw(b'{"sale_id":3,"rate":0.00661244462077630099847}')]
    table = to_arrow(decode_rows(raw, Sale, "sales").records, [SALES], connection_id="c", page_id="p").tables["sales"]
    assert table["is_paid"].to_pylist() == [True, False, None]
    assert table["rate"].to_pylist() == [None, None, "0.00661244462077630099847"]


def test_a_file_of_any_size_is_kept_as_it_came(tmp_path: Path) -> None:
    file = tmp_path / "file.zip"
    file.write_bytes(bytes(range(256)) * 40_000)
    archive = Archive(tmp_path / "archive", "files", "files")
    assert archive.page(archive.store_file(file)) == file.read_bytes()

"""BICC's extracts through the hub: manifests in order and once, exact rows, deletions by primary keys, nothing of a damaged one."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import httpx
import pytest

from dlt_sources.records import Archive
from finance_hub import ingestion, settings, warehouse
from finance_hub.ingestion import cause
from sandbox.server import RunningSandbox
from sandbox.vendors.oracle_fusion import books, write_extract
from sandbox.vendors.tables import ShownTables
from tests.sandbox.test_oracle_fusion_source import TRUTH, ask, load, write_settings

AS_OF = datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC)
SEGMENTS = "company, account, cost_center=costCenter, product, campaign, intercompany, future=future1"
LEDGER_VIEWS = (
    "LedgerExtractPVO",
    "CodeCombinationExtractPVO",
    "JournalBatchExtractPVO",
    "JournalHeaderExtractPVO",
    "JournalLinePVO",
)
LEDGER = """
    select c.segment2 as account_code, strptime(h.period_name, '%b-%y')::date as month,
        sum(coalesce(l.accounted_dr, 0) - coalesce(l.accounted_cr, 0)) as amount
    from oracle_fusion.journal_lines l join oracle_fusion.journal_headers h using (connection_id, journal_key)
    join oracle_fusion.account_combinations c using (connection_id, code_combination_id)
    where h.status = 'P' group by all having amount <> 0
"""


@pytest.fixture(scope="module")
def shown(meridian: Path) -> ShownTables:
    """The books as Oracle shows them; each test moves them to where it needs them."""
    return books(meridian, AS_OF)


def connected(home: Path, **keys: str) -> Path:
    """A hub that reads the extracts of the folder ``home/extracts``."""
    (home / "extracts").mkdir(parents=True)
    return write_settings(home, extract_folder=str(home / "extracts"), segments=SEGMENTS, **keys)


def differences(home: Path, company: Path, horizon: datetime) -> list[tuple[object, ...]]:
    return ask(
        home,
        f"""with told as ({LEDGER}), kept as ({TRUTH.format(horizon=f"{horizon:%Y-%m-%d %H:%M:%S}")})
        select * from told full join kept using (account_code, month) where told.amount is distinct from kept.amount""",
        company,
    )


def test_a_full_extract_is_the_companys_ledger_and_counts_once(shown: ShownTables, meridian: Path, tmp_path: Path) -> None:
    shown.move(AS_OF)
    home = connected(tmp_path, ledger="Meridian Japan KK Primary Ledger")
    write_extract(shown, home / "extracts", at=AS_OF, keys=True)
    loaded = load(home)
    assert loaded.quarantined == 0
    assert differences(home, meridian, AS_OF) == []
    assert ask(home, "select count(*) from oracle_fusion.journal_headers where status = 'U'") > [(0,)], (
        "files hold unposted ones too"
    )
    assert dict(ask(home, "select table_name, undeclared_fields from oracle_fusion.extraction where undeclared_fields <> ''")) == {
        "journal_headers": "GLJEHEADERSMULTICURRENCYFLAG",
        "ledgers": "LEDGERSLALEDGERCASHBASISFLAG",
    }
    assert load(home).rows == {}


@pytest.mark.heavy
def test_manifests_of_every_style_are_read_in_order_and_the_newest_row_wins(
    shown: ShownTables, meridian: Path, tmp_path: Path
) -> None:
    home = connected(tmp_path)
    moments = [AS_OF, AS_OF + timedelta(days=20), AS_OF + timedelta(days=40)]
    shown.move(moments[0])
    write_extract(shown, home / "extracts", at=moments[0], only=LEDGER_VIEWS, style="data_extract")
    shown.move(moments[1])
    write_extract(
        shown, home / "extracts", at=moments[1], since=moments[0] - timedelta(days=1), only=LEDGER_VIEWS, style="object_storage"
    )
    load(home)
    assert differences(home, meridian, moments[1]) == []
    shown.move(moments[2])
    write_extract(shown, home / "extracts", at=moments[2], since=moments[1] - timedelta(days=1), only=LEDGER_VIEWS)
    rows = load(home).rows
    assert 0 < rows["journal_lines"] < 1000
    assert differences(home, meridian, moments[2]) == []
    duplicates = "select journal_key from oracle_fusion.journal_lines group by journal_key, je_line_number having count(*) > 1"
    assert ask(home, duplicates) == []
    told = """select sum(documents_received) - sum(documents_unchanged), sum(rows_loaded) from oracle_fusion.extraction"""
    received, kept = ask(home, told)[0]
    assert received == kept, "every row that was received is loaded, or has a newer one"


DELETED = """
    with latest as (select connection_id, max(extracted_at) as at_time from oracle_fusion.primary_keys where table_name = 'invoices' group by 1)
    select i.invoice_number from oracle_fusion.invoices i join latest using (connection_id)
    left join oracle_fusion.primary_keys k on k.connection_id = i.connection_id and k.table_name = 'invoices' and k.key = i.invoice_id::varchar
    where (k.key is null or k.extracted_at < latest.at_time) and i.last_update_date <= latest.at_time
"""


@pytest.mark.heavy
def test_keys_tell_what_was_deleted(shown: ShownTables, meridian: Path, tmp_path: Path) -> None:
    with duckdb.connect() as company:
        company.execute(f"attach '{meridian}' as meridian (read_only)")
        number, recorded_at, deleted_at = company.execute(
            """select reference, recorded_at, deleted_at from meridian.company.document
            where entity_id = 'jp' and kind = 'purchase' and deleted_at < '2026-06-01' order by deleted_at desc limit 1"""
        ).fetchone()
    home = connected(tmp_path)
    views = ("InvoiceHeaderExtractPVO",)
    before, after = (moment.replace(tzinfo=UTC) for moment in (recorded_at + timedelta(hours=1), deleted_at + timedelta(hours=1)))
    shown.move(before)
    write_extract(shown, home / "extracts", at=before, only=views, keys=True)
    load(home)
    assert ask(home, f"select validation_status from oracle_fusion.invoices where invoice_number = '{number}'") == [
        ("Not validated",)
    ]
    assert ask(home, DELETED) == []
    shown.move(after)
    write_extract(shown, home / "extracts", at=after, since=before, only=views, keys=True)
    load(home)
    assert ask(home, DELETED) == [(number,)]


@pytest.fixture(scope="module")
def written(shown: ShownTables, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An extract of the ledger."""
    shown.move(AS_OF)
    return write_extract(shown, tmp_path_factory.mktemp("written"), at=AS_OF, only=LEDGER_VIEWS).parent


@pytest.fixture
def extracted(written: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A hub and the folder of an extract that it has not read."""
    home = connected(tmp_path)
    return home, shutil.copytree(written, home / "extracts" / written.name)


def lines_file(folder: Path) -> Path:
    return next(folder.glob("*journallinepvo*.zip"))


def sign_again(folder: Path, file: Path, old: bytes) -> None:
    """Put the file's new checksum into the manifest."""
    manifest = folder / "MANIFEST.MF"
    sums = [hashlib.md5(content, usedforsecurity=False).hexdigest() for content in (old, file.read_bytes())]
    manifest.write_text(manifest.read_text().replace(*sums))


@pytest.mark.parametrize("damage", ["changed", "missing", "truncated", "cut line in manifest"])
def test_a_damaged_extract_is_a_loud_failure_with_nothing_loaded(damage: str, extracted: tuple[Path, Path]) -> None:
    home, folder = extracted
    file = lines_file(folder)
    content = file.read_bytes()
    if damage == "changed":
        file.write_bytes(content[:-10] + b"0123456789")
    elif damage == "missing":
        file.unlink()
    elif damage == "truncated":
        file.write_bytes(content[: len(content) // 2])
        sign_again(folder, file, content)
    else:
        (folder / "MANIFEST.MF").write_text((folder / "MANIFEST.MF").read_text()[:-20])
    found = settings.load(home)
    warehouse.prepare(found)
    with pytest.raises(Exception, match="books") as failure:
        ingestion.extract(found, found.connections["books"])
    assert "fetch it again" in cause(failure.value)
    assert ask(home, "select count(*) from oracle_fusion.journal_headers") == [(0,)]


def test_rows_that_do_not_fit_are_set_aside_and_odd_headers_are_understood(extracted: tuple[Path, Path]) -> None:
    home, folder = extracted
    file = lines_file(folder)
    content = file.read_bytes()
    with zipfile.ZipFile(file) as packed:
        member = packed.namelist()[0]
        rows = packed.read(member).decode().splitlines()
    rows[0] = "\ufeff" + rows[0].replace("JRNLLINE", "GlJeLines_").replace("JEHEADERID", "JeHeaderId") + ',"NOVELTY"'
    first = rows[1].split(",")
    first[8 if first[7] == "" else 7] = '"a lot"'
    rows[1:] = [f'{row},"x"' for row in [",".join(first), *rows[2:]]]
    rows[2] = f"{rows[2]},surplus"
    rows[3] = rows[3].replace(rows[3].split(",")[0], '""', 1)
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr(member, "\n".join(rows) + "\n")
    sign_again(folder, file, content)
    loaded = load(home)
    assert loaded.quarantined == 3
    reasons = {reason.partition(": ")[2][:25] for (reason,) in ask(home, "select reason from oracle_fusion.quarantine")}
    assert reasons == {"'a lot' is not a number", "part of the key is missin", "the line has 22 cells, no"}
    assert ask(home, "select undeclared_fields from oracle_fusion.extraction where table_name = 'journal_lines'") == [("NOVELTY",)]
    assert ask(home, "select count(*) from oracle_fusion.journal_lines")[0][0] > 4000


def test_a_file_without_its_keys_says_what_it_has(extracted: tuple[Path, Path]) -> None:
    home, folder = extracted
    file = lines_file(folder)
    content = file.read_bytes()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("file_x.csv", "ONE,TWO\n1,2\n")
    sign_again(folder, file, content)
    found = settings.load(home)
    warehouse.prepare(found)
    with pytest.raises(Exception, match=r"views\.toml"):
        ingestion.extract(found, found.connections["books"])


def test_a_bucket_is_read_like_a_folder_and_its_address_is_never_told(group: RunningSandbox, tmp_path: Path) -> None:
    httpx.post(f"{group.url}/oracle_fusion/_sandbox/extract", json={"style": "object_storage"}, timeout=60)
    home = write_settings(tmp_path, extract_url=f"{group.url}/oracle_fusion/n/meridian/b/bicc/o", segments=SEGMENTS)
    assert [finding.message for finding in ingestion.check(settings.load(home), "books")] == ["readable (1 rows on the first page)"]
    assert load(home).rows["journal_lines"] > 6000
    elsewhere = write_settings(tmp_path / "b", extract_url=f"{group.url}/p/very-secret-part/n/x/b/y/o", segments=SEGMENTS)
    told = ingestion.check(settings.load(elsewhere), "books")[0]
    assert not told.ok
    assert "very-secret-part" not in told.message
    missing = write_settings(tmp_path / "c", extract_folder=str(tmp_path / "nowhere"), segments=SEGMENTS)
    assert "is not a folder" in ingestion.check(settings.load(missing), "books")[0].message


def test_the_archive_keeps_the_packed_bytes(extracted: tuple[Path, Path]) -> None:
    home, folder = extracted
    expected = {hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.zip")}
    load(home)

    archive = Archive(home / "archive", "oracle_fusion", "books")
    entries = list(archive.entries())
    assert expected <= {entry.sha256 for entry in entries}
    assert all(archive.read(entry) for entry in entries), "each is what its manifest says"
    shutil.rmtree(folder)
    assert load(home).rows == {}, "what is read may go"

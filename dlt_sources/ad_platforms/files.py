"""Spend from CSV files, for platforms without an API that a firm may use: one row for each ad group and day, with declared columns.

The files tell everything each time. Rows are compared with those of the last reading, by fingerprints kept beside the landing archive:
what changed is loaded, what is gone is taken out. Names come from the newest day that tells them.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from dlt_sources.ad_platforms.records import declare
from dlt_sources.assembly import State, assemble
from dlt_sources.connection import Connection, Finding, Unavailable
from dlt_sources.files import open_path
from dlt_sources.http import Reply, SourceError
from dlt_sources.records import Archive
from dlt_sources.records.intake import Endpoint, Intake
from dlt_sources.records.known import KnownRows, recall

NEEDED = ("account_id", "currency", "campaign_id", "spend_date", "impressions", "clicks", "spend")
OPTIONAL = ("account_name", "time_zone", "campaign_name", "ad_group_id", "ad_group_name", "conversions", "conversion_value")
_SPEND = declare("spend")
_NAMES = (  # lists that the rows imply: the key, and what the newest row tells of it
    (declare("accounts"), ["account_id"], ["account_name", "currency", "time_zone"]),
    (declare("campaigns"), ["account_id", "campaign_id"], ["campaign_name", "currency"]),
    (declare("ad_groups"), ["account_id", "ad_group_id"], ["campaign_id", "ad_group_name"]),
)


def source(platform: str, connection: Connection[Any], archive: Archive, unavailable: Unavailable | None) -> Any:
    """The dlt source of the files that stand in place of a platform."""

    def read(_endpoint: Endpoint, state: State) -> Iterator[Any]:
        contents = _contents(connection)
        digest = hashlib.sha256(b"".join(hashlib.sha256(content).digest() for _, content in contents)).hexdigest()
        if state.get("digest") == digest:
            return
        known = KnownRows(
            recall(archive, state, lost=f"Connection '{connection.name}': what is known of the files"), every_key=True
        )
        intake = Intake(_SPEND, connection_id=connection.name, archive=archive, known=None)
        batches = []
        for name, content in contents:
            batch = _rows(name, content, platform)
            batches.append(batch)
            yield from intake.take_arrow(_page(name, content), batch, known)
        nothing_left = f"Connection '{connection.name}': the files have none of the {known.count:,} known rows; check path."
        yield from intake.settle(known, state, nothing_left=nothing_left)
        yield from _names(pa.Table.from_batches(batches), connection.name, archive, state)
        state["digest"] = digest

    return assemble(platform, (_SPEND,), read, essential=(_SPEND.name,), unavailable=unavailable)


def check(connection: Connection[Any]) -> list[Finding]:
    """Tell whether the files are there and have the columns."""
    findings = []
    try:
        for name, content in _contents(connection):
            rows = _rows(name, content, "").num_rows
            findings.append(Finding(ok=True, subject=name, message=f"readable ({rows} rows)"))
    except SourceError as trouble:
        findings.append(Finding(ok=False, subject="path", message=str(trouble)))
    return findings


def _contents(connection: Connection[Any]) -> list[tuple[str, bytes]]:
    """The file of the settings, or those of the folder, in the order of their names."""
    wanted = str(connection.settings.path)
    shelf = open_path(connection, wanted, lambda name: name.lower().endswith(".csv"))
    found = [(file.name, shelf.read(file)) for file in shelf.files()]
    if not found:
        raise SourceError(f"Connection '{connection.name}': path '{wanted}' is neither a CSV file nor a folder that holds one.")
    return found


def _rows(name: str, content: bytes, platform: str) -> pa.RecordBatch:
    """The rows of a file, every column as text; what is empty is absent."""
    try:
        with pa.csv.open_csv(io.BytesIO(content)) as opened:
            header = opened.schema.names
    except pa.ArrowInvalid as trouble:
        raise SourceError(f"{name} is not a CSV file: {trouble}") from None
    if missing := [name for name in NEEDED if name not in header]:
        raise SourceError(f"{name} lacks the column '{missing[0]}'; needed are {', '.join(NEEDED)}.")
    options = pa.csv.ConvertOptions(
        column_types=dict.fromkeys(header, pa.string()),
        include_columns=[name for name in (*NEEDED, *OPTIONAL) if name in header],
        null_values=[""],
        strings_can_be_null=True,
    )
    try:
        table = pa.csv.read_csv(
            io.BytesIO(content), convert_options=options, parse_options=pa.csv.ParseOptions(newlines_in_values=True)
        )
    except pa.ArrowInvalid as trouble:
        raise SourceError(f"{name} cannot be read whole: {trouble}") from None
    columns = {name: table[name].combine_chunks() for name in table.schema.names}
    columns = {**{name: pa.nulls(table.num_rows, pa.string()) for name in OPTIONAL}, **columns}
    columns["ad_group_id"] = columns["ad_group_id"].fill_null("")
    return pa.record_batch({"platform": pa.repeat(platform, table.num_rows), **columns})


def _names(rows: pa.Table, connection_id: str, archive: Archive, state: State) -> Iterator[Any]:
    """Accounts, campaigns and ad groups, as the newest of their rows calls them."""
    ordered = rows.filter(pc.and_(rows["account_id"].is_valid(), rows["campaign_id"].is_valid())).sort_by("spend_date")
    for endpoint, key, told in _NAMES:
        chosen = ordered.filter(pc.not_equal(ordered[key[-1]], ""))
        found = chosen.group_by(key, use_threads=False).aggregate([(name, "last") for name in told])
        found = found.rename_columns([name.removesuffix("_last") for name in found.schema.names])
        documents = [msgspec.Raw(msgspec.json.encode(row)) for row in found.sort_by(key[-1]).to_pylist()]
        known: dict[str, str] = state.setdefault(f"known_{endpoint.name}", {})
        intake = Intake(endpoint, connection_id=connection_id, archive=archive, known=known)
        body = b"[" + b",".join(bytes(document) for document in documents) + b"]"
        yield from intake.take(Reply(200, {}, body, f"{endpoint.name} of the files", datetime.now(UTC)), documents)
        yield from intake.finish()


def _page(name: str, content: bytes) -> Reply:
    return Reply(200, {}, content, f"file {name}", datetime.now(UTC))

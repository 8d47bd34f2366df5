"""Query jobs of the Bulk API 2.0: a first load of many records takes a call for 50,000 of them, a query one for 2,000."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from dlt_sources.http import (
    ErrorReply,
    IncompleteRead,
    MalformedReply,
    PagingLoop,
    Reply,
    Request,
    SourceError,
    TransientFailure,
)
from dlt_sources.records.declare import record_columns
from dlt_sources.salesforce.org import TOLD, Fields, Org, select, troubles
from dlt_sources.salesforce.records import Listing

MOST_RECORDS = 50_000  # of a page of results
_FIRST_PAUSE, _LONGEST_PAUSE, _LONGEST_JOB = 0.2, 10.0, 7200.0
_UTC = r"(Z|\+00:?00)$"
_NO_CONTENT = 204


class BulkRefused(Exception):
    """The org does not run this query as a job; a query by REST may do."""


class _Job(msgspec.Struct, rename="camel"):
    id: str
    state: str
    created_date: str = ""
    error_message: str | None = None
    number_records_processed: int | None = None


@dataclass(frozen=True)
class Results:
    """A page of results: a column of text for each field of the record; what is empty is null."""

    reply: Reply
    columns: Mapping[str, pa.Array]
    rows: int


@dataclass(frozen=True)
class QueryJob:
    """A job that is done."""

    org: Org
    listing: Listing
    fields: Fields
    id: str
    created_at: str
    """By the vendor's clock."""
    total: int | None

    def pages(self) -> Iterator[Results]:
        """Every page of results. Raises :class:`IncompleteRead` where they are not as many rows as the job has processed."""
        locator, seen, rows = "", set[str](), 0
        while True:
            params = {"maxRecords": str(MOST_RECORDS)} | ({"locator": locator} if locator else {})
            request = Request("GET", f"{self.org.root}/jobs/query/{self.id}/results", params, {"Accept": "text/csv"})
            page = self.org.api.send(request, self._results)
            rows += page.rows
            yield page
            locator = page.reply.headers.get("sforce-locator", "null")
            if locator in {"null", ""}:
                break
            if locator in seen:
                raise PagingLoop(f"Connection '{self.org.api.name}': the results of {self.listing.sobject} do not end.")
            seen.add(locator)
        if self.total is not None and rows != self.total:
            raise IncompleteRead(
                f"Connection '{self.org.api.name}': the job of {self.listing.sobject} processed {self.total} records, but {rows} arrived; "
                "the read is repeated at the next run."
            )

    def forget(self) -> None:
        """Let the vendor throw the results away; it would do so by itself in a week."""
        try:
            self.org.api.send(Request("DELETE", f"{self.org.root}/jobs/query/{self.id}"), lambda reply: reply.status)
        except SourceError:
            return

    def _results(self, reply: Reply) -> Results:
        if reply.status in TOLD or reply.status == _NO_CONTENT:
            raise ErrorReply(f"{reply.request} has no results yet ({reply.status} {troubles(reply)[0].code}).", retryable=True)
        names = list(self.fields.values())
        try:
            table = csv.read_csv(
                io.BytesIO(reply.body.replace(b"\0", b"")),
                csv.ReadOptions(block_size=max(1 << 20, len(reply.body) + 1)),
                csv.ParseOptions(newlines_in_values=True),
                csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()),
                    null_values=[""],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=True,
                ),
            )
        except (pa.ArrowException, UnicodeDecodeError):
            raise MalformedReply(f"{reply.request} did not answer with CSV; check base_url.") from None
        announced = reply.headers.get("sforce-numberofrecords", "")
        if table.column_names != names or (announced.isdigit() and int(announced) != table.num_rows):
            raise MalformedReply(
                f"{reply.request} announced {announced or 'some'} records of other columns or number than arrived."
            )
        kinds = {column.attribute: column.kind.arrow for column in record_columns(self.listing.endpoint.document)}
        columns = {}
        for name, wire in self.fields.items():
            texts = table[wire].combine_chunks()
            columns[name] = pc.replace_substring_regex(texts, _UTC, "") if pa.types.is_timestamp(kinds[name]) else texts
        return Results(reply, columns, table.num_rows)


def run(org: Org, listing: Listing, fields: Fields) -> QueryJob:
    """Run the query of all records of an object, deleted ones too, as a job.

    Raises :class:`BulkRefused` where the org does not support it, or it fails.
    """
    order = {
        "operation": "queryAll",
        "query": select(listing, fields),
        "contentType": "CSV",
        "columnDelimiter": "COMMA",
        "lineEnding": "LF",
    }
    path = f"{org.root}/jobs/query"
    job = org.api.send(Request("POST", path, json=order), _job)
    pause, give_up_at = _FIRST_PAUSE, time.monotonic() + _LONGEST_JOB
    while job.state != "JobComplete":
        if job.state in {"Failed", "Aborted"}:
            raise BulkRefused(f"{job.state}: {job.error_message or 'no reason is given'}")
        if time.monotonic() > give_up_at:
            raise TransientFailure(f"Connection '{org.api.name}': the job of {listing.sobject} is not done after two hours.")
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)
        job = org.api.send(Request("GET", f"{path}/{job.id}"), _job)
    return QueryJob(org, listing, fields, job.id, job.created_date, job.number_records_processed)


def _job(reply: Reply) -> _Job:
    if reply.status in TOLD:
        trouble = troubles(reply)[0]
        raise BulkRefused(f"{reply.status} {trouble.code}: {' '.join(trouble.message.split())[:300]}")
    try:
        return msgspec.json.decode(reply.body, type=_Job)
    except msgspec.DecodeError:
        raise MalformedReply(f"{reply.request} did not answer with a job; check base_url.") from None

"""Reading by pages from servers that misbehave: every row once, or a loud failure."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from dlt_sources.connection import Unavailable
from dlt_sources.http import ApiClient, BadRequest, IncompleteRead, NotFound, PagingLoop, Policy, StaticToken
from dlt_sources.netsuite.records import ACCOUNTING_LINES, CUSTOMERS, DELETED, LISTINGS
from dlt_sources.netsuite.suiteql import Patience, Query, fields_of
from tests.http.fault_server import FaultServer, http

DEPARTMENTS = next(listing for listing in LISTINGS if listing.table == "department")
Answer = Callable[[str, int], tuple[int, dict[str, Any]]]
"""What a server makes of a statement and an offset: status and body."""


@contextmanager
def asked(answer: Answer, unavailable: Unavailable | None = None) -> Iterator[tuple[Query, list[str]]]:
    """A query of a server that answers as told, and the statements it got."""
    statements: list[str] = []

    def act(connection: Any) -> None:
        request = server.requests[-1]
        statement = json.loads(request.partition("\r\n\r\n")[2])["q"]
        statements.append(statement)
        status, body = answer(statement, int(re.search(r"offset=(\d+)", request)[1]))
        connection.sendall(http(json.dumps(body).encode(), f"{status} X"))

    patience = Patience()
    policy = Policy(retries=1, base_delay=0.01, told=frozenset({400}), classify=patience.classify)
    with FaultServer([act]) as server, ApiClient("books", server.url, StaticToken("x"), policy) as api:
        yield Query(api, unavailable or Unavailable(), patience), statements


def page(ids: list[Any], *, more: bool = False, total: int | None = None) -> tuple[int, dict[str, Any]]:
    items = [{"links": [], **(each if isinstance(each, dict) else {"id": str(each)})} for each in ids]
    body = {"links": [], "count": len(items), "hasMore": more, "items": items, "offset": 0}
    return 200, body if total is None else {**body, "totalResults": total}


def problem(detail: str, status: int = 400, code: str = "INVALID_PARAMETER") -> tuple[int, dict[str, Any]]:
    return status, {"title": "x", "status": status, "o:errorDetails": [{"detail": detail, "o:errorCode": code}]}


def ids(query: Query, listing: Any = DEPARTMENTS) -> list[str]:
    return [json.loads(bytes(row))["id"] for found in query.pages(listing) for row in found.rows]


def above(statement: str) -> int:
    found = re.search(r"t\.id > (\d+)", statement)
    return int(found[1]) if found else 0


def test_pages_go_on_above_the_last_key_whatever_is_written_meanwhile() -> None:
    stored = [*range(1, 8)]

    def answer(statement: str, _offset: int) -> tuple[int, dict[str, Any]]:
        found = [number for number in stored if number > above(statement)]
        stored.remove(min(stored))  # somebody deletes a row that was read
        return page(found[:3], more=len(found) > 3, total=len(found))

    with asked(answer) as (query, statements):
        assert ids(query) == ["1", "2", "3", "4", "5", "6", "7"]
    assert all("ORDER BY t.id" in statement for statement in statements)


def test_two_keys_are_compared_one_after_the_other() -> None:
    rows = [
        {"transaction": str(number // 3), "transactionline": str(number % 3), "account": "1", "amount": "1"} for number in range(9)
    ]

    def answer(statement: str, _offset: int) -> tuple[int, dict[str, Any]]:
        found = re.search(r"t\.transaction >= (\d+) AND \(t\.transaction > \d+ OR t\.transactionline > (\d+)\)", statement)
        last = int(found[1]) * 3 + int(found[2]) if found else -1
        return page(rows[last + 1 : last + 5], more=last + 5 < 9)

    with asked(answer) as (query, _):
        assert sum(len(found.rows) for found in query.pages(ACCOUNTING_LINES)) == 9


def test_keys_that_are_no_ascending_numbers_are_read_by_offset() -> None:
    stored = [str(number) for number in range(1, 13)]
    by_text = sorted(stored)

    def answer(statement: str, offset: int) -> tuple[int, dict[str, Any]]:
        return page(by_text[offset : offset + 5], more=offset + 5 < 12, total=12)

    with asked(answer) as (query, _):
        assert ids(query) == by_text


@pytest.mark.parametrize(
    ("second", "error"),
    [
        (page([2, 3, 4]), PagingLoop),  # the condition is not obeyed
        (page([6, 5]), PagingLoop),
        (page([4], total=2), IncompleteRead),
    ],
)
def test_rows_that_repeat_or_lack_are_a_loud_failure(second: tuple[int, dict[str, Any]], error: type[Exception]) -> None:
    with asked(lambda statement, _: second if above(statement) else page([1, 2, 3], more=True)) as (query, _), pytest.raises(error):
        ids(query)


def test_a_shuffled_listing_is_not_taken_for_a_whole_one() -> None:
    with asked(lambda _, offset: page([3, 1, 2], more=offset < 3)) as (query, _), pytest.raises(PagingLoop, match="come again"):
        ids(query)


def test_a_field_that_is_missing_is_left_out_and_told_once() -> None:
    unavailable = Unavailable()

    def answer(statement: str, _offset: int) -> tuple[int, dict[str, Any]]:
        if "fullname" in statement:
            return problem("Search error occurred: Field 'FullName' for record 'department' was not found. Reason: REMOVED")
        return page([1])

    with asked(answer, unavailable) as (query, statements):
        assert ids(query) == ["1"]
        assert ids(query) == ["1"]
    assert len(statements) == 3
    assert list(unavailable.reasons) == ["department.fullname"]


def test_a_bad_field_is_found_where_the_vendor_does_not_name_it() -> None:
    unavailable = Unavailable()

    def answer(statement: str, _offset: int) -> tuple[int, dict[str, Any]]:
        if "t.parent" in statement:
            return problem("An unexpected error occurred. Error ID: x", 500, "UNEXPECTED_ERROR")
        if "t.isinactive" in statement:
            return problem("Invalid search query.")
        return page([1])

    with asked(answer, unavailable) as (query, _):
        assert ids(query) == ["1"]
    assert set(unavailable.reasons) == {"department.parent", "department.isinactive"}


def test_a_passing_error_blames_no_field() -> None:
    unavailable, answers = Unavailable(), iter([problem("An unexpected error occurred.", 500, "UNEXPECTED_ERROR")])
    with asked(lambda *_: next(answers, page([1])), unavailable) as (query, statements):
        assert ids(query) == ["1"]
    assert unavailable.reasons == {}
    assert all(f"t.{name}" in statements[-1] for name in fields_of(DEPARTMENTS))


@pytest.mark.parametrize(
    ("told", "error"),
    [
        ("Record 'department' was not found.", NotFound),
        ("Field 'id' for record 'department' was not found.", NotFound),
        ("Something else is wrong.", NotFound),
    ],
)
def test_a_table_that_cannot_be_read_at_all_is_told(told: str, error: type[Exception]) -> None:
    with asked(lambda *_: problem(told)) as (query, _), pytest.raises(error, match=told[:10]):
        ids(query)


def test_an_html_page_under_a_refusal_does_not_crash_the_parser() -> None:
    def act(connection: Any) -> None:
        connection.sendall(http(b"<html>Bad</html>", "400 Bad Request", "Content-Type: text/html"))

    patience = Patience()
    policy = Policy(retries=0, told=frozenset({400}))
    with (
        FaultServer([act]) as server,
        ApiClient("books", server.url, StaticToken("x"), policy) as api,
        pytest.raises((NotFound, BadRequest), match="Bad"),
    ):
        ids(Query(api, Unavailable(), patience))


def test_where_no_moments_are_told_nothing_is_known_of_changes() -> None:
    with asked(lambda *_: problem("Field 'lastmodifieddate' for record 'customer' was not found.")) as (query, _):
        assert query.newest(CUSTOMERS) == ""


def test_a_log_beyond_the_cap_is_read_on_from_its_last_moment() -> None:
    start = datetime(2026, 1, 1)  # noqa: DTZ001 - the account's own time
    rows = [{"recordid": str(number), "deleteddate": str(start + timedelta(seconds=number // 100))} for number in range(120_000)]
    moments = [row["deleteddate"] for row in rows]

    def answer(statement: str, offset: int) -> tuple[int, dict[str, Any]]:
        found = re.search(r"TO_TIMESTAMP\('([^']+)'", statement)
        first = bisect_left(moments, found[1]) if found else 0
        last = min(len(rows), first + 100_000)
        return page(rows[first + offset : min(first + offset + 1000, last)], more=first + offset + 1000 < len(rows))

    with asked(answer) as (query, _):
        seen = [json.loads(bytes(row))["recordid"] for found in query.since(DELETED, "") for row in found.rows]
    assert set(seen) == {row["recordid"] for row in rows}
    assert len(rows) < len(seen) < len(rows) + 500, "only the rows of the moment at the cap come again"

"""Facts of QuickBooks' wire, one test each: query language, envelopes, faults, sign-in, limits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.server import RunningSandbox
from sandbox.vendors.quickbooks import app as emulator
from sandbox.vendors.quickbooks.app import QuickBooksApi
from sandbox.vendors.quickbooks.store import Books, CompanyBooks, SampleBooks
from sandbox.vendors.tokens import FIRST_REFRESH_TOKEN
from sandbox.vendors.wire import VirtualClock
from tests.sandbox.quickbooks import CLIENT, SAMPLE_REALM, Api, keys


@pytest.fixture(scope="module")
def api(quickbooks: RunningSandbox) -> Iterator[Api]:
    found = Api(quickbooks.url)
    with found.client:
        yield found


@pytest.fixture(scope="module")
def sample(quickbooks: RunningSandbox) -> Iterator[Api]:
    found = Api(quickbooks.url, "/sandbox")
    with found.client:
        yield found


@pytest.mark.parametrize(
    ("statement", "code", "words"),
    [
        ("select * from Invoice where TotalAmt > '1' or Balance > '1'", "4000", 'QueryParserError: Encountered "or"'),
        ("select * from Invoice where TotalAmt != '1'", "4000", 'Encountered "!="'),
        ("select * from Invoice join Customer", "4000", 'Encountered "join"'),
        ("select * from Invoice group by CustomerRef", "4000", 'Encountered "group"'),
        ("select * from Invoice where", "4000", "a property name"),
        ("delete from Invoice", "4000", 'Was expecting: "SELECT"'),
        ("select * from Invoice maxresults 1001", "4001", "Max allowed value is 1000"),
        ("select * from Invoice where Colour = 'red'", "4001", "Property Colour not found for Entity Invoice"),
        ("select * from Invoices", "4001", "Metadata not found for Entity: Invoices"),
        ("select * from Invoice where TxnDate > 'soon'", "4001", "Invalid value 'soon' for property TxnDate"),
    ],
)
def test_a_query_that_the_vendor_refuses_is_a_fault_with_its_code(api: Api, statement: str, code: str, words: str) -> None:
    answer = api.query(statement)
    fault = answer.json()["Fault"]
    assert (answer.status_code, fault["type"]) == (400, "ValidationFault")
    assert fault["Error"][0]["code"] == code
    assert words in fault["Error"][0]["Detail"]


@pytest.mark.parametrize(
    "statement",
    [
        "select * from invoice where docnumber = 'inv-00001' startposition 1 maxresults 5",
        "SELECT * FROM Invoice WHERE DocNumber IN ('INV-00001') ORDER BY TxnDate DESC",
        "Select *, Sku From Invoice Where DocNumber Like 'INV-_0001' OrderBy Metadata.LastUpdatedTime",
        "select * from Invoice where DocNumber like '%-00001' and MetaData.CreateTime >= '2024-04-01T00:00:00Z'",
    ],
)
def test_keywords_names_and_values_do_not_mind_the_case(api: Api, statement: str) -> None:
    found = api.query(statement).json()["QueryResponse"]
    assert [invoice["DocNumber"] for invoice in found.get("Invoice", [])] == ["INV-00001"] or "_" in statement
    assert "_" not in statement or found == {}, "the only wildcard is the per cent sign"


def test_no_rows_are_a_response_without_the_entity(api: Api) -> None:
    assert api.query("select * from Estimate").json()["QueryResponse"] == {}


def test_a_count_is_all_that_a_count_answers(api: Api) -> None:
    assert list(api.query("select count(*) from Customer").json()["QueryResponse"]) == ["totalCount"]


def test_a_page_has_a_hundred_rows_unless_more_are_asked_for_and_positions_begin_at_one(api: Api) -> None:
    first = api.query("select * from Bill").json()["QueryResponse"]
    assert (len(first["Bill"]), first["startPosition"], first["maxResults"]) == (100, 1, 100)
    second = api.query("select * from Bill startposition 100 maxresults 2").json()["QueryResponse"]
    assert second["Bill"][0]["Id"] == first["Bill"][99]["Id"]


def test_inactive_rows_come_only_where_they_are_asked_for(api: Api) -> None:
    active = api.query("select * from Customer maxresults 1000").json()["QueryResponse"]["Customer"]
    every = api.query("select * from Customer where Active in (true, false) maxresults 1000").json()["QueryResponse"]["Customer"]
    inactive = [customer for customer in every if not customer["Active"]]
    assert len(every) - len(active) == len(inactive) > 0
    assert all(customer["DisplayName"].endswith(" (deleted)") for customer in inactive)


def test_quotes_are_escaped_with_a_backslash(sample: Api) -> None:
    found = sample.query("select Id, Name from Account where Name = 'Owner\\'s Equity'").json()["QueryResponse"]["Account"]
    assert found == [{"Name": "Owner's Equity", "domain": "QBO", "Id": "21", "sparse": True}]


def test_a_query_may_be_posted_as_text(api: Api) -> None:
    statement = "select count(*) from Bill"
    posted = api.client.post(
        "query", content=statement, headers={"Content-Type": "application/text"}, params={"minorversion": "75"}
    )
    assert posted.json()["QueryResponse"] == api.query(statement).json()["QueryResponse"]
    assert api.client.post("query", json={"query": statement}).status_code == 415


def test_who_does_not_ask_for_json_gets_xml(api: Api) -> None:
    answer = api.client.get("query", params={"query": "select * from Term"}, headers={"Accept": "*/*"})
    assert answer.headers["content-type"].startswith("application/xml")
    assert '<QueryResponse startPosition="1" maxResults="3"' in answer.text
    assert answer.text.count("<Term>") == 3


def test_numbers_are_numbers_ids_are_texts_and_moments_have_the_servers_offset(api: Api) -> None:
    invoice = api.query("select * from Invoice maxresults 1").json()["QueryResponse"]["Invoice"][0]
    assert isinstance(invoice["TotalAmt"], float)
    assert isinstance(invoice["Id"], str)
    assert isinstance(invoice["SyncToken"], str)
    assert invoice["MetaData"]["CreateTime"][-6:] in {"-07:00", "-08:00"}
    assert (invoice["domain"], invoice["sparse"]) == ("QBO", False)


def test_a_void_leaves_the_document_with_nothing_in_it(api: Api) -> None:
    voided = api.query("select * from Invoice where PrivateNote like 'Voided%'").json()["QueryResponse"]["Invoice"]
    assert voided
    assert all((invoice["TotalAmt"], invoice["Balance"]) == (0, 0) and int(invoice["SyncToken"]) > 0 for invoice in voided)
    assert all(line["Amount"] == 0 for invoice in voided for line in invoice["Line"])


def test_a_batch_answers_each_query_on_its_own(api: Api) -> None:
    items = [{"bId": "1", "Query": "select count(*) from Bill"}, {"bId": "2", "Query": "select * from Nothing"}]
    answers = api.client.post("batch", json={"BatchItemRequest": items}).json()["BatchItemResponse"]
    assert answers[0] == {"bId": "1", "QueryResponse": api.query("select count(*) from Bill").json()["QueryResponse"]}
    assert answers[1]["Fault"]["Error"][0]["code"] == "4001"
    assert api.client.post("batch", json={"BatchItemRequest": items * 16}).status_code == 400


def test_changes_are_told_by_entity_and_an_entity_without_any_is_empty(api: Api) -> None:
    answer = api.changes("invoice,Term", "2026-06-20T00:00:00-07:00").json()["CDCResponse"]
    invoices, terms = answer[0]["QueryResponse"]
    assert len(invoices["Invoice"]) == invoices["maxResults"]
    assert terms == {}


@pytest.mark.parametrize(
    ("entities", "since", "words"),
    [
        ("Invoice", "2026-05-20T00:00:00Z", "older than fixed days"),
        ("Invoice,TaxCode", "2026-06-20T00:00:00Z", "TaxCode"),
        ("Invoice", "lately", "lately"),
    ],
)
def test_change_data_capture_has_its_limits(api: Api, entities: str, since: str, words: str) -> None:
    answer = api.changes(entities, since)
    assert answer.status_code == 400
    assert words in answer.json()["Fault"]["Error"][0]["Detail"]


def test_a_rate_is_home_currency_for_one_of_the_foreign(sample: Api, api: Api) -> None:
    rate = sample.client.get("exchangerate", params={"sourcecurrencycode": "USD", "asofdate": "2026-02-15"}).json()["ExchangeRate"]
    assert (rate["SourceCurrencyCode"], rate["TargetCurrencyCode"], rate["Rate"], rate["AsOfDate"]) == (
        "USD",
        "CAD",
        1.3712,
        "2026-01-31",
    )
    refused = api.client.get("exchangerate", params={"sourcecurrencycode": "EUR"})
    assert refused.json()["Fault"]["Error"][0]["code"] == "6000", "this company has one currency"


def test_an_object_that_is_not_there_is_a_validation_fault(api: Api) -> None:
    answer = api.client.get("invoice/999999")
    assert (answer.status_code, answer.json()["Fault"]["Error"][0]["code"]) == (400, "610")


def test_a_dead_token_is_refused_in_lower_case(api: Api) -> None:
    answer = api.client.get("query", params={"query": "select * from Term"}, headers={"Authorization": "Bearer dead"})
    assert answer.status_code == 401
    fault = answer.json()["fault"]
    assert (fault["type"], fault["error"][0]["code"]) == ("AUTHENTICATION", "3200")
    assert "errorCode=003200; statusCode=401" in fault["error"][0]["message"]


def test_keys_of_the_sandbox_and_of_other_companies_are_refused_in_production(
    quickbooks: RunningSandbox, api: Api, sample: Api
) -> None:
    stranger = sample.client.headers["Authorization"]
    answers = [
        httpx.get(f"{api.client.base_url}query?query=select", headers={"Authorization": stranger}),
        httpx.get(
            f"{quickbooks.url}/quickbooks/v3/company/{SAMPLE_REALM}/query?query=select",
            headers={"Authorization": api.client.headers["Authorization"]},
        ),
    ]
    assert [(answer.status_code, answer.json()["fault"]["error"][0]["code"]) for answer in answers] == [(403, "3100")] * 2


def test_every_answer_bears_the_id_by_which_support_finds_it(api: Api) -> None:
    answers = [api.query("select * from Term"), api.query("nonsense"), api.client.get("reports/Nothing"), api.client.get("cdc")]
    answers.append(api.client.get("query", headers={"Authorization": "Bearer dead"}))
    assert len({answer.headers["intuit_tid"] for answer in answers}) == len(answers)


def test_a_bad_grant_is_refused_as_the_vendor_does(quickbooks: RunningSandbox) -> None:
    token_url = keys(quickbooks.url)["token_url"]
    refused = httpx.post(token_url, data={"grant_type": "refresh_token", "refresh_token": "unknown"}, auth=CLIENT)
    assert refused.status_code == 400
    assert refused.json() == {"error": "invalid_grant", "error_description": "Incorrect or invalid refresh token"}
    assert httpx.post(token_url, data={"grant_type": "client_credentials"}, auth=CLIENT).json()["error"] == "unsupported_grant_type"
    assert httpx.post(token_url, data={"grant_type": "refresh_token"}, auth=("me", "wrong")).status_code == 401


Calls = Callable[[httpx.AsyncClient, VirtualClock], Awaitable[Any]]


def inside(books: Books, calls: Calls, *, limits: bool = False) -> Any:
    """Calls of an emulator in this process, with its clock in hand."""

    async def run() -> Any:
        clock = VirtualClock(datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC))
        books.move(clock.horizon)
        transport = httpx.ASGITransport(app=QuickBooksApi(books, SampleBooks(), clock, limits=limits).app())
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await calls(client, clock)

    return asyncio.run(run())


async def refreshed(client: httpx.AsyncClient, token: str = FIRST_REFRESH_TOKEN) -> httpx.Response:
    form = {"grant_type": "refresh_token", "refresh_token": token}
    headers = {"x-include-refresh-token-hard-expires-in": "true"}
    return await client.post("/oauth2/v1/tokens/bearer", data=form, auth=CLIENT, headers=headers)


async def called(client: httpx.AsyncClient, books: Books, path: str, **params: str) -> httpx.Response:
    """A call with the client's token, of which it gets one first if it has none."""
    if "Authorization" not in client.headers:
        token = (await refreshed(client)).json()["access_token"]
        client.headers.update({"Authorization": f"Bearer {token}", "Accept": "application/json"})
    return await client.get(f"/v3/company/{books.realm_id}/{path}", params=params)


def test_a_refresh_token_changes_daily_dies_unused_and_ends_after_five_years() -> None:
    async def calls(client: httpx.AsyncClient, clock: VirtualClock) -> None:
        same = (await refreshed(client)).json()
        assert same["refresh_token"] == FIRST_REFRESH_TOKEN
        assert 5 * 365 * 86400 - same["x_refresh_token_hard_expires_in"] < 60
        clock.advance(86400 * 1.1)
        latest = (await refreshed(client)).json()["refresh_token"]
        assert latest != FIRST_REFRESH_TOKEN
        assert (await refreshed(client)).json()["error"] == "invalid_grant", "the former value is dead"
        for _ in range(19):
            clock.advance(86400 * 92)
            latest = (await refreshed(client, latest)).json()["refresh_token"]
        clock.advance(86400 * 92)
        assert (await refreshed(client, latest)).json()["error"] == "invalid_grant", "used every quarter, and yet the consent ends"

    inside(SampleBooks(), calls)


def test_the_limits_are_real_and_told_in_both_forms() -> None:
    books = SampleBooks()

    async def calls(client: httpx.AsyncClient, clock: VirtualClock) -> list[httpx.Response]:
        async def count() -> httpx.Response:
            return await called(client, books, "query", query="select count(*) from Term")

        second = [await count() for _ in range(25)]
        minute: list[httpx.Response] = []
        while not minute or minute[-1].status_code != 429 or "xml" in minute[-1].headers["content-type"]:
            clock.advance(0.11)
            minute.append(await count())
            assert len(minute) < 1200, "two minutes hold a thousand calls"
        return [next(answer for answer in second if answer.status_code == 429), minute[-1]]

    gateway, service = inside(books, calls, limits=True)
    assert '<Error code="3001"><Message>message=ThrottleExceeded; errorCode=003001; statusCode=429</Message>' in gateway.text
    assert service.json()["fault"]["error"][0]["code"] == "3001"
    assert "retry-after" not in service.headers


def test_an_answer_of_change_data_capture_is_full_at_its_limit(meridian: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emulator, "MOST_CAPTURED", 40)
    books = CompanyBooks(meridian)

    async def calls(client: httpx.AsyncClient, clock: VirtualClock) -> httpx.Response:
        books.move(clock.advance(86400 * 20))
        return await called(client, books, "cdc", entities="Bill,Invoice,Payment", changedSince="2026-06-25T00:00:00Z")

    parts = inside(books, calls).json()["CDCResponse"][0]["QueryResponse"]
    assert sum(part.get("maxResults", 0) for part in parts) == 40
    last = parts[0]["Bill"][-1]
    assert last == {"domain": "QBO", "status": "Deleted", "Id": last["Id"], "MetaData": last["MetaData"]}, "the deleted come last"

"""Reading entity sets to their end, whatever the gateway's way: scripted answers over real sockets."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec
import pytest

from dlt_sources.connection import Connection
from dlt_sources.http import BadRequest, ErrorReply, IncompleteRead, MalformedReply, OffOrigin, PagingLoop, TokenStore, load_key
from dlt_sources.sap import SapSettings, client, feeds
from dlt_sources.sap.documents import BILLING_DOCUMENTS, PLANS
from dlt_sources.sap.ledger import COMPANY_CODES, GL_LINES
from dlt_sources.sap.odata import Reader
from finance_hub import settings
from tests.http.fault_server import FaultServer, http, say

SCOPE = feeds.Scope(("1010",), "0L")


def answer(body: object, status: str = "200 OK") -> bytes:
    return http(json.dumps(body).encode(), status, "Content-Type: application/json")


def v2(*rows: object, **more: object) -> dict[str, object]:
    return {"d": {"results": list(rows), **{f"__{name}": value for name, value in more.items()}}}


def numbered(*numbers: int) -> list[dict[str, object]]:
    return [{"Ledger": f"{number}L"} for number in numbers]


def reader(url: str, folder: Path, **keys: object) -> Reader:
    connection = Connection(
        "books",
        SapSettings(base_url=f"{url}/sap/opu/odata/sap", **{"username": "u", "password": "secret-word", **keys}),  # type: ignore[arg-type]
        folder,
        TokenStore(folder / "tokens", load_key(folder / "key")),
    )
    return Reader(client(connection))


def read(server: FaultServer, folder: Path, **options: Any) -> list[dict[str, Any]]:
    pages = reader(server.url, folder).pages("API_LEDGER_SRV/A_Ledger", **{"size": 2, "order": ("Ledger",), **options})
    return [msgspec.json.decode(row) for page in pages for row in page.content]


def asked(server: FaultServer) -> list[dict[str, str]]:
    """The query of each call."""
    lines = [request.splitlines()[0].split(" ")[1] for request in server.requests]
    return [{name: values[0] for name, values in parse_qs(urlsplit(line).query).items()} for line in lines]


def test_rows_are_skipped_to_where_the_gateway_gives_no_link(tmp_path: Path) -> None:
    actions = [say(answer(v2(*numbered(1, 2), count="3"))), say(answer(v2(*numbered(3), count="3")))]
    with FaultServer(actions) as server:
        assert [row["Ledger"] for row in read(server, tmp_path)] == ["1L", "2L", "3L"]
    assert [(query.get("$skip"), query["$top"], query["$orderby"], query["$inlinecount"]) for query in asked(server)] == [
        (None, "2", "Ledger", "allpages"),
        ("2", "2", "Ledger", "allpages"),
    ]


def test_a_gateway_that_gives_fewer_rows_than_asked_for_is_asked_on_until_all_announced_have_come(tmp_path: Path) -> None:
    pages = [say(answer(v2(*numbered(number), count="3"))) for number in (1, 2, 3)]
    with FaultServer(pages) as server:
        assert len(read(server, tmp_path)) == 3


def test_a_gateway_that_counts_nothing_is_read_until_a_page_is_not_full(tmp_path: Path) -> None:
    with FaultServer([say(answer(v2(*numbered(1, 2)))), say(answer(v2(*numbered(3, 4)))), say(answer(v2()))]) as server:
        assert len(read(server, tmp_path)) == 4


def test_a_link_to_the_next_page_is_followed_as_it_is(tmp_path: Path) -> None:
    with FaultServer([]) as server:
        link = f"{server.url}/sap/opu/odata/sap/API_LEDGER_SRV/A_Ledger?$skiptoken=a%20b&sap-client=100"
        relative = "A_Ledger?$skiptoken=c"
        server.actions += [say(answer(v2(*numbered(1), next=link, count="3"))), say(answer(v2(*numbered(2), next=relative)))]
        server.actions.append(say(answer(v2(*numbered(3)))))
        assert len(read(server, tmp_path)) == 3
    paths = [request.splitlines()[0].split(" ")[1] for request in server.requests]
    assert paths[1:] == [
        "/sap/opu/odata/sap/API_LEDGER_SRV/A_Ledger?$skiptoken=a%20b&sap-client=100",
        "/sap/opu/odata/sap/API_LEDGER_SRV/A_Ledger?$skiptoken=c",
    ]


def test_a_link_to_another_address_is_not_followed(tmp_path: Path) -> None:
    with (
        FaultServer([say(answer(v2(*numbered(1), next="https://stranger.example/x?$skiptoken=1")))]) as server,
        pytest.raises(OffOrigin),
    ):
        read(server, tmp_path)
    assert len(server.requests) == 1


def test_rows_that_do_not_come_are_missed_and_pages_that_repeat_are_noticed(tmp_path: Path) -> None:
    with (
        FaultServer([say(answer(v2(*numbered(1, 2), count="5"))), say(answer(v2(count="5")))]) as server,
        pytest.raises(IncompleteRead),
    ):
        read(server, tmp_path)
    with FaultServer([say(answer(v2(*numbered(1, 2))))]) as server, pytest.raises(PagingLoop):
        read(server, tmp_path)


def test_the_newer_envelope_is_understood(tmp_path: Path) -> None:
    with FaultServer([]) as server:
        link = f"{server.url}/sap/opu/odata/sap/API_LEDGER_SRV/A_Ledger?$skiptoken=1"
        first = {"@odata.context": "$metadata", "@odata.count": 2, "value": numbered(1), "@odata.nextLink": link}
        server.actions += [say(answer(first)), say(answer({"value": numbered(2)}))]
        assert len(read(server, tmp_path)) == 2


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html><body>Logon</body></html>", "did not answer with OData in JSON"),
        (b'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"/>', "did not answer with OData in JSON"),
        (b'{"d":{"results":[{"Ledger":"0L"', "did not answer with OData in JSON"),
        (b"", "did not answer with OData in JSON"),
        (
            b'{"error":{"code":"SY/530","message":{"lang":"en","value":"No authorization"}}}',
            "answered with an error: SY/530 No authorization",
        ),
        (b'{"error":{"code":"X/1","message":"New style"}}', "answered with an error: X/1 New style"),
    ],
)
def test_what_is_no_answer_is_told_in_one_sentence(body: bytes, words: str, tmp_path: Path) -> None:
    with FaultServer([say(http(body))]) as server:
        one = reader(server.url, tmp_path)
        one.api._sleep = lambda _seconds: None
        with pytest.raises((MalformedReply, ErrorReply)) as caught:
            list(one.pages("API_LEDGER_SRV/A_Ledger", size=2))
    assert words in str(caught.value)
    assert str(caught.value).startswith("Connection 'books': GET")


def test_an_error_page_in_xml_is_no_trouble_for_the_reader(tmp_path: Path) -> None:
    xml = b'<?xml version="1.0"?><error><code>005056A509B1</code><message xml:lang="en">Invalid query</message></error>'
    with FaultServer([say(http(xml, "400 Bad Request"))]) as server, pytest.raises(BadRequest, match="Invalid query"):
        read(server, tmp_path)


def test_a_property_that_a_release_does_not_have_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    refusal = {
        "error": {
            "code": "x",
            "message": {"lang": "en", "value": "Property 'LedgerSubApplication' not found in type 'X.A_LedgerType'"},
        }
    }
    with FaultServer([say(answer(refusal, "400 Bad Request")), say(answer(v2(*numbered(1))))]) as server:
        with caplog.at_level(logging.WARNING):
            assert len(read(server, tmp_path, select=("Ledger", "LedgerSubApplication"))) == 1
        assert [query["$select"] for query in asked(server)] == ["Ledger,LedgerSubApplication", "Ledger"]
    assert "does not have LedgerSubApplication" in caplog.text
    refusal["error"]["message"]["value"] = "Property 'Ledger' not found in type 'X.A_LedgerType'"  # type: ignore[index]
    with FaultServer([say(answer(refusal, "400 Bad Request"))]) as server, pytest.raises(BadRequest):
        read(server, tmp_path, select=("Ledger",))


def test_another_service_is_asked_where_one_is_not_active(tmp_path: Path) -> None:
    missing = {"error": {"code": "/IWFND/MED/170", "message": {"lang": "en", "value": "No service found"}}}
    with FaultServer([say(answer(missing, "403 Forbidden")), say(answer(v2({"CompanyCode": "1010"})))]) as server:
        pages = list(feeds.whole(reader(server.url, tmp_path), COMPANY_CODES, SCOPE, {}))
    assert len(pages[0][1]) == 1
    assert "API_JOURNALENTRYITEMBASIC_SRV/A_CompanyCode" in server.requests[1]


def test_parts_that_were_not_expanded_are_fetched_by_their_link(tmp_path: Path) -> None:
    with FaultServer([]) as server:
        link = f"{server.url}/sap/opu/odata/sap/API_BILLING_DOCUMENT_SRV/A_BillingDocument('1')/to_Item"
        document = {"BillingDocument": "1", "to_Item": {"__deferred": {"uri": link}}, "to_Text": {"__deferred": {"uri": link}}}
        refused = {"error": {"code": "x", "message": {"lang": "en", "value": "Expand is not supported"}}}
        server.actions += [say(answer(refused, "501 Not Implemented")), say(answer(v2(document, count="1")))]
        server.actions.append(say(answer(v2({"BillingDocumentItem": "000010", "NetAmount": "5.00"}))))
        feed = feeds.Changes(reader(server.url, tmp_path), BILLING_DOCUMENTS, feeds.billing_signs(SCOPE), {})
        (row,) = [row for _, rows in feed.pages() for row in rows]
    found = msgspec.json.decode(row, type=BILLING_DOCUMENTS.endpoint.document)
    assert [item.billing_document_item for item in found.to_item.results] == ["000010"]


def test_parts_that_are_not_even_linked_are_asked_for_by_the_documents_own_address(tmp_path: Path) -> None:
    with FaultServer([]) as server:
        uri = f"{server.url}/sap/opu/odata/sap/API_BILLING_DOCUMENT_SRV/A_BillingDocument('1')"
        server.actions += [say(answer(v2({"BillingDocument": "1", "__metadata": {"uri": uri}}, count="1")))]
        server.actions.append(say(answer(v2({"BillingDocumentItem": "000010"}))))
        feed = feeds.Changes(reader(server.url, tmp_path), BILLING_DOCUMENTS, feeds.billing_signs(SCOPE), {})
        (row,) = [row for _, rows in feed.pages() for row in rows]
    assert "A_BillingDocument('1')/to_Item" in unquote(server.requests[1])
    assert len(msgspec.json.decode(row, type=BILLING_DOCUMENTS.endpoint.document).to_item.results) == 1


def line(number: int, changed: int = 0) -> dict[str, object]:
    key = {"SourceLedger": "0L", "Ledger": "0L", "CompanyCode": "1010", "FiscalYear": "2026", "AccountingDocument": f"{number:010}"}
    return key | {"LedgerGLLineItem": "000001", "LastChangeDateTime": f"/Date({1_780_000_000_000 + changed * 1000}+0000)/"}


def lines_of(server: FaultServer, folder: Path, state: dict[str, Any]) -> list[str]:
    """What a run takes of the ledger, as documents."""
    one = reader(server.url, folder)
    feed = feeds.Changes(one, GL_LINES, feeds.ledger_signs(one, GL_LINES, SCOPE), state)
    taken = []
    for _, rows in feed.pages():
        records = [msgspec.json.decode(row, type=GL_LINES.endpoint.document) for row in rows]
        taken += [records[position].accounting_document for position in feed.choose(records, rows)]
    return taken


def test_a_line_that_is_posted_while_pages_are_read_doubles_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "ROWS", 2)
    periods = answer(
        v2(
            {"CompanyCode": "1010", "FiscalYearPeriod": "2026005"},
            {"CompanyCode": "1010", "FiscalYearPeriod": "2026000"},
            count="2",
        )
    )
    # Document 0 is posted between the pages and moves document 2 to the second one.
    pages = [answer(v2(line(1), line(2), count="3")), answer(v2(line(2), line(3), count="4"))]
    state: dict[str, Any] = {}
    with FaultServer([say(periods), *(say(page) for page in pages)]) as server:
        assert lines_of(server, tmp_path, state) == ["0000000001", "0000000002", "0000000003"]
    wheres = [query["$filter"] for query in asked(server)]
    assert wheres[1] == "Ledger eq '0L' and CompanyCode eq '1010' and FiscalYearPeriod eq '2026005'"
    assert len(wheres) == 3, "what was carried forward is no posting"
    assert ["$inlinecount" in query for query in asked(server)] == [False, True, True]
    assert len(state["known"]) == 3


def test_the_next_run_asks_for_what_changed_since_less_an_hour_and_remembers_only_that(tmp_path: Path) -> None:
    periods = answer(v2({"CompanyCode": "1010", "FiscalYearPeriod": "2026005"}, count="1"))
    state: dict[str, Any] = {}
    with FaultServer([say(periods), say(answer(v2(line(1, 0), line(2, 7200), count="2")))]) as server:
        lines_of(server, tmp_path, state)
    assert state["changed_until"] == "2026-05-28T22:26:40"
    assert [key.split("|")[2] for key in state["known"]] == ["0000000002"]
    with FaultServer([say(answer(v2(line(2, 7200), line(3, 9000), count="2")))]) as server:
        assert lines_of(server, tmp_path, state) == ["0000000002", "0000000003"]
    assert "LastChangeDateTime ge datetimeoffset'2026-05-28T21:26:40Z'" in asked(server)[0]["$filter"]
    assert "%20" in server.requests[0].splitlines()[0]
    assert "+" not in unquote(server.requests[0].splitlines()[0]).partition("?")[2].split(" HTTP")[0].replace("+0000", "")


def test_a_plan_that_is_withdrawn_leaves_an_empty_period(tmp_path: Path) -> None:
    listed = {"PlanningCategory": "PLN", "CompanyCode": "1010", "LedgerFiscalYear": "2026"}
    entries = [
        {**listed, "FiscalPeriod": period, "GLAccount": "1", "AmountInCompanyCodeCurrency": "5.00"} for period in ("001", "002")
    ]
    state: dict[str, Any] = {"known": {"PLN|1010|2026|003": "x", "PLN|1010|2025|001": "x"}}
    with FaultServer([say(answer(v2(listed, count="1"))), say(answer(v2(*entries, count="2")))]) as server:
        pages = list(feeds.slices(reader(server.url, tmp_path), PLANS, SCOPE, state))
    found = [msgspec.json.decode(row, type=PLANS.endpoint.document) for _, rows in pages for row in rows]
    assert [(one.ledger_fiscal_year, one.fiscal_period, one.entries) for one in found] == [
        ("2026", "001", 1), ("2026", "002", 1), ("2026", "003", 0), ("2025", "001", 0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"username": "u", "password": "p", "api_key": "k"}, "give one way to sign in"),
        ({}, "give one way to sign in"),
        ({"username": "u"}, "password"),
        ({"client_id": "c", "client_secret": "s"}, "token_url"),
        ({"username": "u", "password": "p", "ledger": ""}, "ledger must name one ledger"),
        ({"username": "u", "password": "p", "colour": "red"}, "colour"),
        ({"api_key": "k", "base_url": "sandbox"}, "base_url"),
    ],
)
def test_wrong_settings_are_told_in_a_sentence(keys: dict[str, str], words: str, tmp_path: Path) -> None:
    table = {"system": "sap", "entity": "Meridian", "base_url": "https://sap.example/sap/opu/odata/sap", **keys}
    (tmp_path / "hub.toml").write_text("[connections.books]\n" + "".join(f'{name} = "{value}"\n' for name, value in table.items()))
    with pytest.raises(settings.SettingsError, match=words):
        settings.load(tmp_path, {})


def test_client_and_language_go_with_every_call(tmp_path: Path) -> None:
    from dlt_sources.sap import _reader

    one = SapSettings(
        base_url="https://sap.example/sap/opu/odata/sap", api_key="key-of-sandbox", sap_client="100", sap_language="DE"
    )
    made = _reader(reader("https://sap.example", tmp_path).api, one)
    assert made.params == {"sap-client": "100", "sap-language": "DE"}
    assert made.headers == {"sap-client": "100", "Accept-Language": "de"}
    assert SapSettings(base_url="https://sap.example", api_key="k", company_codes=["1010", "1710"]).codes == ("1010", "1710")
    assert SapSettings(base_url="https://sap.example", api_key="k", company_codes="1010, 1710,").codes == ("1010", "1710")

"""What the vendor's client hides: tokens, error lists, cursors, limits, states of jobs; and how an org changes as time passes."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.vendors import salesforce
from sandbox.vendors.salesforce.access import JWT_BEARER, USERNAME
from sandbox.vendors.salesforce.soql import long_id
from tests.sandbox.salesforce import CLIENT, LATE_LEADS, LEADS, called, having, write_firm
from tests.sandbox.serving import serving

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
TOKEN = "/salesforce/services/oauth2/token"


@pytest.fixture(scope="module")
def url(meridian: Path) -> Iterator[str]:
    with serving(having(certificate=KEY.public_key(), only_rest=frozenset({"Task"})), meridian) as (url, _clock):
        yield url


@pytest.fixture(scope="module")
def http(url: str) -> Iterator[httpx.Client]:
    with called(url) as client:
        yield client


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_firm(tmp_path_factory.mktemp("firm") / "firm.duckdb")


def code(reply: httpx.Response) -> tuple[int, str]:
    """Status and code of an error, which is a list of one."""
    (error,) = reply.json()
    return reply.status_code, error["errorCode"]


def asked(http: httpx.Client, statement: str, path: str = "/query", **headers: str) -> Any:
    return http.get(path, params={"q": statement}, headers=headers).raise_for_status().json()


def every(http: httpx.Client, url: str, statement: str, path: str = "/query") -> list[dict[str, Any]]:
    """All rows of a query, by the vendor's own links."""
    page = asked(http, statement, path)
    rows = page["records"]
    while not page["done"]:
        page = http.get(url + page["nextRecordsUrl"]).raise_for_status().json()
        rows += page["records"]
    assert len(rows) == page["totalSize"]
    return rows


def assertion(key: rsa.RSAPrivateKey = KEY, **changed: Any) -> dict[str, str]:
    claims = {"iss": "sandbox-client", "sub": USERNAME, "aud": "https://login.salesforce.com", "exp": int(time.time()) + 180}
    return {"grant_type": JWT_BEARER, "assertion": jwt.encode(claims | changed, key, algorithm="RS256")}


def test_each_grant_gives_a_session_and_none_tells_how_long_it_lasts(url: str) -> None:
    basic = httpx.post(url + TOKEN, data={"grant_type": "client_credentials"}, auth=(CLIENT["client_id"], CLIENT["client_secret"]))
    signed = httpx.post(url + TOKEN, data=assertion())
    both = {"access_token", "instance_url", "id", "token_type", "scope"}
    assert basic.json().keys() == both | {"issued_at", "signature"}
    assert signed.json().keys() == both
    assert signed.json()["instance_url"] == f"{url}/salesforce"
    for answer in (basic.json(), signed.json()):
        reply = httpx.get(f"{url}/services/data/v62.0/limits", headers={"Authorization": f"Bearer {answer['access_token']}"})
        assert reply.status_code == 200


def test_a_refresh_token_is_good_once_and_gives_the_next(meridian: Path) -> None:
    with serving(salesforce, meridian) as (url, _clock):
        order = {"grant_type": "refresh_token", **CLIENT}
        first = httpx.post(url + TOKEN, data={**order, "refresh_token": "sandbox-refresh-0"}).json()
        assert httpx.post(url + TOKEN, data={**order, "refresh_token": "sandbox-refresh-0"}).json() == {
            "error": "invalid_grant",
            "error_description": "expired access/refresh token",
        }
        assert "refresh_token" in httpx.post(url + TOKEN, data={**order, "refresh_token": first["refresh_token"]}).json()


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "password", **CLIENT}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials", "client_id": "sandbox-client", "client_secret": "wrong"}, "invalid_client"),
        ({"grant_type": "client_credentials", "client_id": "stranger", "client_secret": "sandbox-secret"}, "invalid_client_id"),
        ({"grant_type": JWT_BEARER, "assertion": "nonsense"}, "invalid_grant"),
        (assertion(STRANGER), "invalid_grant"),
        (assertion(iss="stranger"), "invalid_client_id"),
        (assertion(aud="https://login.example"), "invalid_grant"),
        (assertion(exp=int(time.time()) + 3600), "invalid_grant"),
        (assertion(exp=int(time.time()) - 3600), "invalid_grant"),
    ],
)
def test_a_grant_that_is_wrong_is_refused_with_an_object_not_a_list(url: str, form: dict[str, str], error: str) -> None:
    reply = httpx.post(url + TOKEN, data=form)
    assert (reply.status_code, reply.json()["error"]) == (400, error)
    assert reply.json().keys() == {"error", "error_description"}


def test_a_session_ends_after_two_hours_and_the_cursor_of_its_query_lives_on(meridian: Path) -> None:
    with serving(salesforce, meridian) as (url, clock), called(url) as http:
        link = url + asked(http, "SELECT Id FROM Lead")["nextRecordsUrl"]
        clock.advance(2 * 3600 + 1)
        assert code(http.get(link)) == (401, "INVALID_SESSION_ID")
        with called(url) as renewed:
            assert renewed.get(link).json()["done"] is True
        clock.advance(2 * 86_400)
        with called(url) as late:
            assert code(late.get(link)) == (400, "INVALID_QUERY_LOCATOR")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/query?q=SELECT+Id+FROM+Nothing", (400, "INVALID_TYPE")),
        ("/query?q=SELECT+Nothing+FROM+Lead", (400, "INVALID_FIELD")),
        ("/query?q=SELECT+Account.Nothing+FROM+Contact", (400, "INVALID_FIELD")),
        ("/query?q=SELECT+Nothing.Name+FROM+Contact", (400, "INVALID_FIELD")),
        ("/query?q=SELECT+Id+FROM+OpportunityFieldHistory+WHERE+NewValue='x'", (400, "INVALID_FIELD")),
        ("/query?q=SELECT+Id+FROM+Lead+WHERE+CreatedDate+>+'2026-01-01'", (400, "INVALID_FIELD")),
        ("/query?q=SELECT+Id+FROM+Lead+WHERE+Name+=+1", (400, "INVALID_FIELD")),
        ("/query?q=SELECT+Id+FROM+Lead+WHERE+Id+=+'x'", (400, "INVALID_QUERY_FILTER_OPERATOR")),
        ("/query?q=SELECT+Id+FROM+Lead+WHERE+Name+=+'a'+OR+Name+=+'b'+AND+Name+=+'c'", (400, "MALFORMED_QUERY")),
        ("/query?q=SELECT+Id,+Id+FROM+Lead", (400, "MALFORMED_QUERY")),
        ("/query?q=SELECT+*+FROM+Lead", (400, "MALFORMED_QUERY")),
        ("/query?q=SELECT+FIELDS(ALL)+FROM+Lead", (400, "MALFORMED_QUERY")),
        ("/query?q=SELECT+Id,+(SELECT+Id+FROM+Leads)+FROM+Account", (400, "INVALID_TYPE")),
        ("/query?q=SELECT+Id,+(SELECT+Id+FROM+Contacts+FROM)+FROM+Account", (400, "MALFORMED_QUERY")),
        ("/query?q=SELECT+Id,+(SELECT+COUNT()+FROM+Contacts)+FROM+Account", (400, "MALFORMED_QUERY")),
        ("/query?q=SELECT+Id,+Name+FROM+Lead+GROUP+BY+Id", (400, "MALFORMED_QUERY")),
        ("/query?q=SELECT+Amount,+COUNT(Id)+FROM+Opportunity+GROUP+BY+Amount", (400, "MALFORMED_QUERY")),
        ("/query?q=SELECT+StageName,+COUNT(Id)+FROM+Opportunity", (400, "MALFORMED_QUERY")),
        ("/query?q=SELECT+Id+one+FROM+Lead", (400, "MALFORMED_QUERY")),
        ("/query?q=SELECT+Id+FROM+Lead+WHERE+COUNT(Id)+>+1", (400, "MALFORMED_QUERY")),
        ("/query", (400, "MALFORMED_QUERY")),
        ("/query/01g000000009999AAA-2000", (400, "INVALID_QUERY_LOCATOR")),
        ("/sobjects/Nothing/describe", (404, "NOT_FOUND")),
        ("/sobjects/Account/001000000000999AAA999", (404, "NOT_FOUND")),
        ("/nothing", (404, "NOT_FOUND")),
        ("/sobjects/Account/deleted/?start=2026-01-01T00:00:00Z&end=2026-06-30T00:00:00Z", (400, "INVALID_REPLICATION_DATE")),
        ("/jobs/query/750000000009999AAA", (404, "NOT_FOUND")),
    ],
)
def test_errors_are_lists_with_the_vendors_codes(http: httpx.Client, path: str, expected: tuple[int, str]) -> None:
    assert code(http.get(path)) == expected


def test_without_a_session_or_under_an_unknown_version_nothing_is_told(url: str, http: httpx.Client) -> None:
    assert code(httpx.get(f"{url}/salesforce/services/data/v62.0/limits")) == (401, "INVALID_SESSION_ID")
    assert code(http.get(f"{url}/salesforce/services/data/v9.0/limits")) == (404, "NOT_FOUND")
    assert httpx.get(f"{url}/services/data").json()[-1].keys() == {"label", "url", "version"}


def test_after_the_last_call_of_the_day_every_call_is_refused_until_the_next(meridian: Path) -> None:
    with serving(having(calls_a_day=3), meridian, limits=True) as (url, clock), called(url) as http:
        used = [http.get("/limits").headers["sforce-limit-info"] for _ in range(3)]
        assert used == ["api-usage=1/3", "api-usage=2/3", "api-usage=3/3"]
        refused = http.get("/limits")
        assert code(refused) == (403, "REQUEST_LIMIT_EXCEEDED")
        assert refused.json()[0]["message"] == "TotalRequests Limit exceeded."
        clock.advance(86_400)
        with called(url) as again:
            assert again.get("/limits").status_code == 200


def test_a_page_holds_two_thousand_rows_or_as_many_as_are_asked_for(url: str, http: httpx.Client) -> None:
    page = asked(http, "SELECT Id FROM Lead")
    assert (len(page["records"]), page["done"]) == (2000, False)
    assert page["nextRecordsUrl"].startswith("/services/data/v62.0/query/01g")
    assert page["nextRecordsUrl"].endswith("-2000")
    fewer = asked(http, "SELECT Id FROM Lead", "/queryAll/", **{"Sforce-Query-Options": "batchSize=200"})
    assert (len(fewer["records"]), fewer["nextRecordsUrl"].rpartition("/")[0]) == (200, "/services/data/v62.0/query")
    ids = [row["Id"] for row in every(http, url, "SELECT Id FROM Lead")]
    assert len(set(ids)) == len(ids) == asked(http, "SELECT COUNT() FROM Lead")["totalSize"]


def test_a_session_that_is_refused_in_the_middle_of_the_pages_may_go_on_with_another(url: str, http: httpx.Client) -> None:
    page = asked(http, "SELECT Id FROM Lead")
    httpx.post(f"{url}/_sandbox/faults", json={"vendor": "salesforce", "path": "*/query/*", "kind": "unauthorized"})
    assert code(http.get(url + page["nextRecordsUrl"])) == (401, "INVALID_SESSION_ID")
    assert http.get(url + page["nextRecordsUrl"]).json()["done"] is True


@pytest.mark.parametrize(
    ("kind", "form", "expected"),
    [
        ("throttle", None, (403, "REQUEST_LIMIT_EXCEEDED")),
        ("day_limit", None, (403, "REQUEST_LIMIT_EXCEEDED")),
        ("server_error", None, (500, "UNKNOWN_EXCEPTION")),
        ("server_error", "busy", (503, "SERVER_UNAVAILABLE")),
        ("server_error", "timeout", (400, "QUERY_TIMEOUT")),
        ("server_error", "locator", (400, "INVALID_QUERY_LOCATOR")),
        ("forbidden", "api", (403, "API_DISABLED_FOR_ORG")),
        ("error_200", None, (200, "UNKNOWN_EXCEPTION")),
    ],
)
def test_misbehaviour_on_demand_speaks_the_vendors_language(
    url: str, http: httpx.Client, kind: str, form: str | None, expected: tuple[int, str]
) -> None:
    httpx.post(f"{url}/_sandbox/faults", json={"vendor": "salesforce", "kind": kind, **({"form": form} if form else {})})
    assert code(http.get("/limits")) == expected


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("StageName = 'closed won'", lambda row: row["StageName"] == "Closed Won"),
        ("StageName != 'Closed Won'", lambda row: row["StageName"] != "Closed Won"),
        ("Name LIKE '%renewal 202_'", lambda row: " - renewal 202" in row["Name"]),
        ("Amount > 50000.5 AND IsWon = true", lambda row: row["Amount"] > 50000.5 and row["IsWon"]),
        ("(Amount <= 1e4 OR IsClosed = false) AND Type != null", lambda row: row["Amount"] <= 1e4 or not row["IsClosed"]),
        ("NOT (CurrencyIsoCode IN ('USD', 'EUR'))", lambda row: row["CurrencyIsoCode"] == "JPY"),
        ("CurrencyIsoCode NOT IN ('USD', 'EUR')", lambda row: row["CurrencyIsoCode"] == "JPY"),
        ("CampaignId = null", lambda row: row["CampaignId"] is None),
        ("CampaignId != null", lambda row: row["CampaignId"] is not None),
        ("CloseDate >= 2026-01-01 AND CloseDate < 2026-04-01", lambda row: "2026-01-01" <= row["CloseDate"] < "2026-04-01"),
        ("CreatedDate > 2026-01-01T00:00:00+02:00", lambda row: row["CreatedDate"] > "2025-12-31T22:00:00"),
        ("CreatedDate > LAST_N_DAYS:30", lambda row: row["CreatedDate"] > "2026-06-01T00:00:00"),
        ("Account.BillingCountry = 'jp'", lambda row: row["Account"]["BillingCountry"] == "JP"),
        ("Name = 'O\\'Neil'", lambda _row: False),
    ],
)
def test_conditions_mean_what_they_say(url: str, http: httpx.Client, condition: str, holds: Any) -> None:
    fields = "Id, Name, StageName, Amount, IsWon, IsClosed, Type, CurrencyIsoCode, CampaignId, CloseDate, CreatedDate, AccountId, Account.BillingCountry"
    rows = every(http, url, f"SELECT {fields} FROM Opportunity")
    found = every(http, url, f"SELECT Id FROM Opportunity WHERE {condition}")
    assert [row["Id"] for row in found] == [row["Id"] for row in rows if holds(row)]


def test_rows_carry_their_type_their_address_and_values_of_their_kind(http: httpx.Client) -> None:
    row = asked(
        http,
        "SELECT Id, name, Amount, IsWon, CloseDate, CreatedDate, Account.Name, Owner.Name FROM Opportunity ORDER BY Amount DESC NULLS LAST LIMIT 1",
    )
    (row,) = row["records"]
    assert list(row) == ["attributes", "Id", "Name", "Amount", "IsWon", "CloseDate", "CreatedDate", "Account", "Owner"]
    assert row["attributes"] == {"type": "Opportunity", "url": f"/services/data/v62.0/sobjects/Opportunity/{row['Id']}"}
    assert row["Account"]["attributes"]["type"] == "Account"
    assert (type(row["Amount"]), len(row["Id"]), row["CreatedDate"][-5:], len(row["CloseDate"])) == (float, 18, "+0000", 10)
    counted = asked(http, "SELECT COUNT(Id) n, MAX(Amount) FROM Opportunity")["records"][0]
    assert counted == {
        "attributes": {"type": "AggregateResult"},
        "n": asked(http, "SELECT COUNT() FROM Opportunity")["totalSize"],
        "expr1": row["Amount"],
    }
    assert len(asked(http, "SELECT FIELDS(ALL) FROM Account LIMIT 2")["records"][0]) > 20
    assert (
        asked(http, "SELECT Id FROM Lead LIMIT 3 OFFSET 1")["records"][0]
        == asked(http, "SELECT Id FROM Lead LIMIT 2")["records"][1]
    )


def test_records_are_reached_over_several_relations(url: str, http: httpx.Client) -> None:
    rows = every(
        http, url, "SELECT PricebookEntry.Product2.Name, Opportunity.Account.Owner.Name, Product2Id FROM OpportunityLineItem"
    )
    products = {row["Id"]: row["Name"] for row in every(http, url, "SELECT Id, Name FROM Product2")}
    assert {row["PricebookEntry"]["Product2"]["Name"] == products[row["Product2Id"]] for row in rows} == {True}
    owner = rows[0]["Opportunity"]["Account"]["Owner"]
    assert (owner["attributes"]["type"], set(owner)) == ("User", {"attributes", "Name"})


def test_groups_hold_what_their_rows_hold(url: str, http: httpx.Client) -> None:
    rows = every(http, url, "SELECT StageName, Owner.Name, Amount, CloseDate FROM Opportunity WHERE Amount > 0")
    by_stage: dict[str, list[float]] = {}
    by_quarter: dict[tuple[int, int], int] = {}
    for row in rows:
        by_stage.setdefault(row["StageName"], []).append(row["Amount"])
        year, month = int(row["CloseDate"][:4]), int(row["CloseDate"][5:7])
        by_quarter[year, -(-month // 3)] = by_quarter.get((year, -(-month // 3)), 0) + 1
    told = every(
        http,
        url,
        "SELECT StageName, COUNT(Id) n, SUM(Amount) total FROM Opportunity WHERE Amount > 0 GROUP BY StageName "
        "HAVING COUNT(Id) > 20 ORDER BY COUNT(Id) DESC",
    )
    expected = {stage: len(amounts) for stage, amounts in by_stage.items() if len(amounts) > 20}
    assert {row["StageName"]: row["n"] for row in told} == expected
    assert [row["n"] for row in told] == sorted(expected.values(), reverse=True)
    assert {row["StageName"]: row["total"] for row in told} == pytest.approx({stage: sum(by_stage[stage]) for stage in expected})
    quarters = every(
        http,
        url,
        "SELECT CALENDAR_YEAR(CloseDate) y, CALENDAR_QUARTER(CloseDate), COUNT(Id) FROM Opportunity WHERE Amount > 0 "
        "GROUP BY CALENDAR_YEAR(CloseDate), CALENDAR_QUARTER(CloseDate)",
    )
    assert {(row["y"], row["expr1"]): row["expr2"] for row in quarters} == by_quarter
    owners = every(http, url, "SELECT Owner.Name, MAX(Amount) FROM Opportunity WHERE Amount > 0 GROUP BY Owner.Name")
    assert {row["Name"] for row in owners} == {row["Owner"]["Name"] for row in rows}


def test_a_record_comes_with_what_belongs_to_it(url: str, http: httpx.Client) -> None:
    items: dict[str, list[str]] = {}
    for row in every(http, url, "SELECT Id, OpportunityId, Quantity FROM OpportunityLineItem WHERE Quantity > 10"):
        items.setdefault(row["OpportunityId"], []).append(row["Id"])
    statement = "SELECT Id, (SELECT Id, Product2.Name FROM OpportunityLineItems WHERE Quantity > 10 ORDER BY Id) FROM Opportunity WHERE Amount > 0"
    told = every(http, url, statement)
    assert any(row["OpportunityLineItems"] for row in told)
    for row in told:
        within = row["OpportunityLineItems"]
        assert [one["Id"] for one in within["records"]] == items[row["Id"]] if within else row["Id"] not in items
        if within:
            assert (within["totalSize"], within["done"]) == (len(within["records"]), True)
            assert within["records"][0]["Product2"]["Name"]
    first = every(http, url, statement.replace("ORDER BY Id", "ORDER BY Id LIMIT 1"))
    assert [row["OpportunityLineItems"]["records"][0]["Id"] for row in first if row["OpportunityLineItems"]] == [
        row["OpportunityLineItems"]["records"][0]["Id"] for row in told if row["OpportunityLineItems"]
    ]
    relations = http.get("/sobjects/Opportunity/describe").json()["childRelationships"]
    assert {
        "childSObject": "OpportunityLineItem",
        "field": "OpportunityId",
        "relationshipName": "OpportunityLineItems",
    }.items() <= next(one for one in relations if one["relationshipName"] == "OpportunityLineItems").items()


def test_a_short_id_is_the_same_as_a_long_one(url: str, http: httpx.Client) -> None:
    rows = every(http, url, "SELECT Id, AccountId FROM Opportunity")
    account = rows[0]["AccountId"]
    found = every(http, url, f"SELECT Id FROM Opportunity WHERE AccountId = '{account[:15]}'")
    assert [row["Id"] for row in found] == [row["Id"] for row in rows if row["AccountId"] == account] != []
    assert long_id("001000000000001") == "001000000000001AAA"
    assert long_id("00Q000000000001") == "00Q000000000001EAA"
    assert long_id("0015w00002ABCDE") == "0015w00002ABCDEAA5"[:15] + long_id("0015w00002ABCDE")[15:]


def test_activities_of_more_than_a_year_ago_are_told_by_query_all_only(http: httpx.Client) -> None:
    recent, whole = (
        asked(http, "SELECT COUNT() FROM Event")["totalSize"],
        asked(http, "SELECT COUNT() FROM Event", "/queryAll")["totalSize"],
    )
    assert 0 < recent < whole
    assert asked(http, "SELECT COUNT() FROM Event WHERE IsArchived = false", "/queryAll")["totalSize"] == recent


def test_what_is_hidden_from_a_user_is_neither_described_nor_found(meridian: Path) -> None:
    hidden = frozenset({"Lead.Phone", "LeadHistory"})
    with serving(having(hidden=hidden, multi_currency=False), meridian) as (url, _clock), called(url) as http:
        names = {field["name"] for field in http.get("/sobjects/Lead/describe").json()["fields"]}
        assert "Email" in names
        assert names.isdisjoint({"Phone", "CurrencyIsoCode"})
        assert code(http.get("/query", params={"q": "SELECT Phone FROM Lead"})) == (400, "INVALID_FIELD")
        assert code(http.get("/sobjects/LeadHistory/describe")) == (404, "NOT_FOUND")
        assert code(http.get("/query", params={"q": "SELECT Id FROM CurrencyType"})) == (400, "INVALID_TYPE")


def run(http: httpx.Client, statement: str, **order: str) -> str:
    """A job that is done."""
    job = http.post("/jobs/query", json={"operation": "query", "query": statement, **order}).raise_for_status().json()
    assert job["state"] == "UploadComplete"
    assert code(http.get(f"/jobs/query/{job['id']}/results")) == (400, "INVALIDJOBSTATE")
    assert [http.get(f"/jobs/query/{job['id']}").json()["state"] for _ in range(2)] == ["InProgress", "JobComplete"]
    return str(job["id"])


def test_results_of_a_job_come_compressed_in_pages_that_each_have_the_header(http: httpx.Client) -> None:
    key = run(http, "SELECT Id, Name, Amount, IsWon, CampaignId, SystemModstamp FROM Opportunity")
    locator, rows, pages = "", [], 0
    while locator != "null":
        reply = http.get(f"/jobs/query/{key}/results", params={"maxRecords": "500"} | ({"locator": locator} if locator else {}))
        assert reply.headers["content-encoding"] == "gzip"
        found = list(csv.DictReader(io.StringIO(reply.text)))
        assert len(found) == int(reply.headers["sforce-numberofrecords"])
        assert reply.text.startswith('"Id","Name","Amount","IsWon","CampaignId","SystemModstamp"\n"006')
        locator, rows, pages = reply.headers["sforce-locator"], rows + found, pages + 1
    assert pages == 3
    assert len(rows) == http.get(f"/jobs/query/{key}").json()["numberRecordsProcessed"]
    assert rows[0]["SystemModstamp"].endswith(".000Z")
    assert {row["IsWon"] for row in rows} == {"true", "false"}
    assert "" in {row["CampaignId"] for row in rows}
    first = http.get(f"/jobs/query/{key}/results", params={"maxRecords": "500"}, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in first.headers
    again = http.build_request(
        "GET", f"/jobs/query/{key}/results", params={"maxRecords": "500"}, headers={"Accept-Encoding": "gzip"}
    )
    raw = http.send(again, stream=True)
    assert gzip.decompress(b"".join(raw.iter_raw())) == first.content, "a locator can be read again"


def test_a_job_is_read_under_the_version_that_made_it_and_can_be_deleted(url: str, http: httpx.Client) -> None:
    key = run(http, "SELECT Id FROM Product2", columnDelimiter="PIPE", lineEnding="CRLF")
    assert http.get(f"/jobs/query/{key}/results").text.startswith('"Id"\r\n"01t')
    assert code(http.get(f"{url}/services/data/v61.0/jobs/query/{key}/results")) == (409, "API_VERSION_MISMATCH")
    assert code(http.get(f"/jobs/query/{key}/results", params={"locator": "nonsense"})) == (400, "INVALID_LOCATOR")
    beyond = base64.b64encode(b"99").decode()
    assert code(http.get(f"/jobs/query/{key}/results", params={"locator": beyond})) == (400, "INVALID_LOCATOR")
    assert http.delete(f"/jobs/query/{key}").status_code == 204
    assert code(http.get(f"/jobs/query/{key}")) == (404, "NOT_FOUND")


def test_a_job_may_be_aborted_before_it_is_done(http: httpx.Client) -> None:
    job = http.post("/jobs/query", json={"operation": "queryAll", "query": "SELECT Id FROM Lead"}).json()
    assert code(http.delete(f"/jobs/query/{job['id']}")) == (400, "INVALIDJOBSTATE")
    assert http.patch(f"/jobs/query/{job['id']}", json={"state": "Aborted"}).json()["state"] == "Aborted"
    assert http.get(f"/jobs/query/{job['id']}").json()["state"] == "Aborted"
    assert code(http.patch(f"/jobs/query/{job['id']}", json={"state": "Aborted"})) == (400, "INVALIDJOBSTATE")


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ({"operation": "query", "query": "SELECT Id FROM Task"}, (400, "INVALIDENTITY")),
        ({"operation": "query", "query": "SELECT BillingAddress FROM Account"}, (400, "FUNCTIONALITY_NOT_ENABLED")),
        ({"operation": "query", "query": "SELECT COUNT() FROM Account"}, (400, "API_ERROR")),
        ({"operation": "insert", "query": "SELECT Id FROM Account"}, (400, "INVALIDJOB")),
        ({"operation": "query"}, (400, "INVALIDJOB")),
        ({"operation": "query", "query": "SELECT Nothing FROM Account"}, (400, "INVALID_FIELD")),
    ],
)
def test_a_job_that_cannot_be_is_refused_at_once(http: httpx.Client, order: dict[str, str], expected: tuple[int, str]) -> None:
    assert code(http.post("/jobs/query", json=order)) == expected


def test_a_converted_lead_names_the_account_the_contact_and_the_deal(url: str, http: httpx.Client) -> None:
    leads = every(
        http,
        url,
        "SELECT Id, Email, Status, ConvertedAccountId, ConvertedContactId, ConvertedOpportunityId FROM Lead WHERE IsConverted = true",
    )
    contacts = {row["Id"]: row for row in every(http, url, "SELECT Id, Email, AccountId FROM Contact")}
    deals = {row["Id"]: row for row in every(http, url, "SELECT Id, AccountId, ContactId FROM Opportunity")}
    assert {row["Status"] for row in leads} == {"Closed - Converted"}
    assert all(
        (contacts[row["ConvertedContactId"]]["Email"], contacts[row["ConvertedContactId"]]["AccountId"])
        == (row["Email"], row["ConvertedAccountId"])
        for row in leads
    )
    with_deal = [row for row in leads if row["ConvertedOpportunityId"] in deals]
    assert len(with_deal) > 500
    assert all(deals[row["ConvertedOpportunityId"]]["ContactId"] == row["ConvertedContactId"] for row in with_deal)
    open_leads = every(http, url, "SELECT Id, ConvertedContactId, ConvertedAccountId FROM Lead WHERE IsConverted = false")
    assert {row["ConvertedContactId"] for row in open_leads} == {None}


def test_records_are_committed_up_to_eight_minutes_after_their_stamp(firm: Path) -> None:
    with serving(salesforce, firm, at=datetime(2026, 7, 2, 10, 4, 1, tzinfo=UTC)) as (url, _clock), called(url) as http:
        asked_for = "SELECT Id, SystemModstamp FROM Lead WHERE CreatedDate > 2026-07-01T00:00:00Z"
        before = {row["Id"]: row["SystemModstamp"] for row in every(http, url, asked_for)}
        httpx.post(f"{url}/_sandbox/advance", json={"seconds": 480})
        after = {row["Id"]: row["SystemModstamp"] for row in every(http, url, asked_for)}
    assert len(before) < len(after) == LATE_LEADS
    assert any(stamp < max(before.values()) for key, stamp in after.items() if key not in before)


def test_deleted_deals_lie_in_the_bin_for_fifteen_days_with_all_that_belongs_to_them(firm: Path) -> None:
    with serving(salesforce, firm) as (url, _clock), called(url) as http:
        assert asked(http, "SELECT COUNT() FROM Lead")["totalSize"] == LEADS
        httpx.post(f"{url}/_sandbox/advance", json={"days": 20})
    with serving(salesforce, firm, at=datetime(2026, 7, 21, tzinfo=UTC)) as (url, _clock), called(url) as http:
        gone = "SELECT COUNT() FROM {} WHERE IsDeleted = true"
        kinds = ("Opportunity", "OpportunityHistory", "OpportunityFieldHistory", "OpportunityContactRole")
        assert [asked(http, gone.format(kind), "/queryAll")["totalSize"] for kind in kinds] == [1, 1, 1, 1]
        assert [asked(http, f"SELECT COUNT() FROM {kind}")["totalSize"] for kind in kinds] == [2, 2, 2, 2]
        span = {"start": "2026-07-19T00:00:00+00:00", "end": "2026-07-21T00:00:00Z"}
        told = http.get("/sobjects/Opportunity/deleted/", params=span).json()
        assert [row["deletedDate"] for row in told["deletedRecords"]] == ["2026-07-20T08:00:00.000+0000"]
        assert told.keys() == {"deletedRecords", "earliestDateAvailable", "latestDateCovered"}
        httpx.post(f"{url}/_sandbox/advance", json={"days": 15})
        with called(url) as later:
            assert asked(later, gone.format("Opportunity"), "/queryAll")["totalSize"] == 0
            merged = asked(later, "SELECT Id, MasterRecordId FROM Account WHERE IsDeleted = true", "/queryAll")["records"]
    assert merged
    assert all(row["MasterRecordId"] for row in merged)


def test_ids_of_the_company_are_those_of_the_wire(url: str, http: httpx.Client, meridian: Path) -> None:
    known = salesforce.identifiers(meridian)
    for kind, sobject in {
        "contact": "Contact",
        "lead": "Lead",
        "company": "Account",
        "deal": "Opportunity",
        "campaign": "Campaign",
    }.items():
        there = {row["Id"] for row in every(http, url, f"SELECT Id FROM {sobject}")}
        assert there <= set(known[kind].values())

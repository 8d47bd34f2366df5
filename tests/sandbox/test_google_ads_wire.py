"""The emulator of Google Ads as a client sees it: credentials, both ways to ask, the query language, errors, limits."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.vendors import google_ads
from sandbox.vendors.ads import AdStore
from sandbox.vendors.google_ads.app import GoogleAdsApi
from sandbox.vendors.wire import VirtualClock
from tests.sandbox.serving import serving

GRANT = {
    "grant_type": "refresh_token",
    "client_id": "sandbox-client",
    "client_secret": "sandbox-secret",
    "refresh_token": "sandbox-refresh-0",
}
HEADERS = {"developer-token": "sandbox-developer-token", "login-customer-id": "7301000000"}
US, JP = "7301004035", "7301004021"
DAYS = "segments.date BETWEEN '2026-05-01' AND '2026-05-31'"
SPENT = (
    "SELECT campaign.id, campaign.name, segments.date, metrics.cost_micros, metrics.clicks, metrics.impressions, metrics.conversions, "
    f"metrics.conversions_value FROM campaign WHERE {DAYS}"
)


@pytest.fixture(scope="module")
def running(meridian: Path) -> Iterator[tuple[str, VirtualClock]]:
    with serving(google_ads, meridian) as served:
        yield served


@pytest.fixture(scope="module")
def http(running: tuple[str, VirtualClock]) -> Iterator[httpx.Client]:
    url = f"{running[0]}/google_ads"
    token = httpx.post(f"{url}/token", data=GRANT).json()["access_token"]
    with httpx.Client(base_url=url, headers={**HEADERS, "Authorization": f"Bearer {token}"}) as client:
        yield client


def stream(http: httpx.Client, query: str, account: str = US) -> list[dict[str, Any]]:
    answer = http.post(f"/v26/customers/{account}/googleAds:searchStream", json={"query": query})
    assert answer.status_code == 200, answer.text
    return [row for chunk in answer.json() for row in chunk["results"]]


def failure(answer: httpx.Response) -> tuple[int, str, str]:
    """HTTP status, the status word, the Ads API's own code."""
    error = answer.json()["error"]
    assert error["code"] == answer.status_code
    detail = error["details"][0]
    assert detail["@type"].endswith(".errors.GoogleAdsFailure")
    (code,) = detail["errors"][0]["errorCode"].values()
    return answer.status_code, error["status"], code


def test_a_stream_is_an_array_of_chunks_with_64_bit_numbers_as_strings(http: httpx.Client) -> None:
    answer = http.post(f"/v26/customers/{US}/googleAds:searchStream", json={"query": SPENT})
    (chunk,) = answer.json()
    assert chunk.keys() == {"results", "fieldMask", "requestId"}
    assert chunk["fieldMask"].startswith("campaign.id,campaign.name,segments.date,metrics.costMicros")
    row = chunk["results"][0]
    assert row["campaign"]["resourceName"] == f"customers/{US}/campaigns/{row['campaign']['id']}"
    metrics = row["metrics"]
    assert all(isinstance(metrics[name], str) for name in ("costMicros", "clicks", "impressions"))
    assert isinstance(metrics["conversions"], float)
    assert row["segments"]["date"] == "2026-05-01"


def test_pages_of_a_search_hold_what_the_stream_holds(meridian: Path) -> None:
    clock = VirtualClock(datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC))
    store = AdStore(meridian, "google_ads")
    store.move(clock.horizon)
    api = GoogleAdsApi(store, clock, limits=False, page_rows=50)
    transport = httpx.ASGITransport(app=api.app())

    async def pages() -> tuple[list[Any], list[Any], int]:
        async with httpx.AsyncClient(transport=transport, base_url="http://ads", headers=HEADERS) as client:
            token = (await client.post("/token", data=GRANT)).json()["access_token"]
            client.headers["Authorization"] = f"Bearer {token}"
            found, page_token, count = [], "", 0
            while True:
                body = {"query": SPENT} | ({"pageToken": page_token} if page_token else {})
                page = (await client.post(f"/v26/customers/{US}/googleAds:search", json=body)).json()
                found += page["results"]
                count += 1
                page_token = page.get("nextPageToken", "")
                if not page_token:
                    break
            chunks = (await client.post(f"/v26/customers/{US}/googleAds:searchStream", json={"query": SPENT})).json()
            return found, [row for chunk in chunks for row in chunk["results"]], count

    found, streamed, count = asyncio.run(pages())
    assert found == streamed
    assert count == -(-len(streamed) // 50) > 1


def test_sums_over_a_span_are_those_of_its_days(http: httpx.Client) -> None:
    days = stream(http, SPENT)
    sums = stream(http, f"SELECT campaign.id, metrics.cost_micros FROM campaign WHERE {DAYS} ORDER BY metrics.cost_micros DESC")
    (whole,) = stream(http, f"SELECT metrics.cost_micros FROM customer WHERE {DAYS}")
    groups = stream(http, f"SELECT ad_group.id, segments.date, metrics.cost_micros FROM ad_group WHERE {DAYS}")
    total = sum(int(row["metrics"]["costMicros"]) for row in days)
    assert total > 0
    assert {int(whole["metrics"]["costMicros"]), sum(int(row["metrics"]["costMicros"]) for row in groups)} == {total}
    assert sum(int(row["metrics"]["costMicros"]) for row in sums) == total
    assert len(sums) > len({row["campaign"]["id"] for row in days}), "over a span, campaigns that cost nothing are told too"


def test_conditions_choose_and_a_limit_ends(http: httpx.Client) -> None:
    kind = "campaign.advertising_channel_type"
    every = stream(http, f"SELECT {kind} FROM campaign")
    display = stream(http, f"SELECT {kind} FROM campaign WHERE {kind} = 'DISPLAY'")
    search = stream(http, f"SELECT {kind} FROM campaign WHERE {kind} IN ('SEARCH', 'VIDEO') AND campaign.name LIKE '%Search%'")
    assert {row["campaign"]["advertisingChannelType"] for row in display} == {"DISPLAY"}
    assert 0 < len(display) < len(every)
    assert {row["campaign"]["advertisingChannelType"] for row in search} == {"SEARCH"}
    assert len(stream(http, "SELECT campaign.id FROM campaign LIMIT 3")) == 3
    last = stream(http, "SELECT segments.date, metrics.clicks FROM customer WHERE segments.date DURING LAST_30_DAYS")
    days = [row["segments"]["date"] for row in last]
    assert days == sorted(days)
    assert (days[0], days[-1] <= "2026-06-29") == ("2026-05-31", True)


def test_the_manager_lists_its_client_accounts_in_their_currencies(http: httpx.Client) -> None:
    fields = "customer_client.id, customer_client.descriptive_name, customer_client.currency_code, customer_client.time_zone"
    clients = [
        row["customerClient"]
        for row in stream(http, f"SELECT {fields} FROM customer_client WHERE customer_client.manager = FALSE", "7301000000")
    ]
    told = {client["descriptiveName"]: (client["currencyCode"], client["timeZone"]) for client in clients}
    assert told["Meridian Japan KK"] == ("JPY", "Asia/Tokyo")
    assert len(told) == 5
    assert http.get("/v26/customers:listAccessibleCustomers").json() == {"resourceNames": ["customers/7301000000"]}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT campaign.colour FROM campaign", "UNRECOGNIZED_FIELD"),
        ("SELECT campaign.id FROM weather", "BAD_RESOURCE_TYPE_IN_FROM_CLAUSE"),
        ("campaign.id", "UNEXPECTED_INPUT"),
        ("SELECT campaign.id FROM campaign WHERE segments.date DURING NEXT_YEAR", "INVALID_VALUE_WITH_DURING_OPERATOR"),
        ("SELECT campaign.id FROM campaign WHERE segments.date = '2026-13-01'", "INVALID_STRING_DATE"),
    ],
)
def test_a_wrong_query_is_refused_by_name(http: httpx.Client, query: str, code: str) -> None:
    answer = http.post(f"/v26/customers/{US}/googleAds:searchStream", json={"query": query})
    assert failure(answer) == (400, "INVALID_ARGUMENT", code)


def test_who_may_not_call_is_refused_and_told_why(http: httpx.Client) -> None:
    path, body = f"/v26/customers/{US}/googleAds:searchStream", {"query": "SELECT customer.id FROM customer"}
    assert failure(http.post(path, json=body, headers={"Authorization": "Bearer stranger"}))[:2] == (401, "UNAUTHENTICATED")
    assert failure(http.post(path, json=body, headers={"developer-token": "x"})) == (
        401,
        "UNAUTHENTICATED",
        "DEVELOPER_TOKEN_INVALID",
    )
    assert failure(http.post(path, json=body, headers={"login-customer-id": ""}))[2] == "USER_PERMISSION_DENIED"
    assert failure(http.post(path.replace(US, "1"), json=body)) == (403, "PERMISSION_DENIED", "USER_PERMISSION_DENIED")
    assert failure(http.post(path, json=body, headers={"login-customer-id": "730-100-0000"}))[2] == "INVALID_LOGIN_CUSTOMER_ID"
    assert failure(http.post(path.replace("v26", "v11"), json=body))[2] == "UNSUPPORTED_VERSION"
    assert failure(http.post(path.replace("Stream", ""), json={**body, "pageSize": 10}))[2] == "PAGE_SIZE_NOT_SUPPORTED"
    assert failure(http.post(path.replace("Stream", ""), json={**body, "pageToken": "!"}))[2] == "INVALID_PAGE_TOKEN"
    unknown = http.get("/v26/weather")
    assert (unknown.status_code, unknown.headers["content-type"].partition(";")[0]) == (404, "text/html")


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"refresh_token": "dead"}, 400, "invalid_grant"),
        ({"client_secret": "x"}, 401, "invalid_client"),
        ({"grant_type": "client_credentials"}, 400, "unsupported_grant_type"),
    ],
)
def test_only_a_living_refresh_token_of_the_client_gives_access(
    running: tuple[str, VirtualClock], change: dict[str, str], status: int, error: str
) -> None:
    answer = httpx.post(f"{running[0]}/google_ads/token", data=GRANT | change)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_an_access_token_lives_for_an_hour(meridian: Path) -> None:
    with serving(google_ads, meridian) as (url, clock):
        token = httpx.post(f"{url}/google_ads/token", data=GRANT).json()
        assert token["expires_in"] == 3599
        assert "refresh_token" not in token
        headers = {**HEADERS, "Authorization": f"Bearer {token['access_token']}"}
        path = f"{url}/google_ads/v26/customers:listAccessibleCustomers"
        assert httpx.get(path, headers=headers).status_code == 200
        clock.advance(3600)
        assert failure(httpx.get(path, headers=headers))[0] == 401


def test_calls_beyond_the_limit_are_told_when_to_come_back(meridian: Path) -> None:
    with serving(google_ads, meridian, limits=True) as (url, _):
        token = httpx.post(f"{url}/google_ads/token", data=GRANT).json()["access_token"]
        with httpx.Client(headers={**HEADERS, "Authorization": f"Bearer {token}"}) as client:
            answers = [client.get(f"{url}/google_ads/v26/customers:listAccessibleCustomers") for _ in range(210)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert failure(refused[0]) == (429, "RESOURCE_EXHAUSTED", "RESOURCE_TEMPORARILY_EXHAUSTED")
    details = refused[0].json()["error"]["details"][0]["errors"][0]["details"]
    assert details["quotaErrorDetails"]["retryDelay"] == "5s"

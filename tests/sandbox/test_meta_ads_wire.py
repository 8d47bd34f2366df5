"""The emulator of Meta's Graph API as a client sees it: the token, edges and their pages, insights at once and as reports, errors."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.vendors import meta_ads
from sandbox.vendors.ads import AdStore
from sandbox.vendors.meta_ads.app import MetaAdsApi
from sandbox.vendors.wire import VirtualClock
from tests.sandbox.serving import serving

TOKEN = "sandbox-meta-system-user-token"
ACCOUNT = "act_120330000400014"  # Germany
WHOLE = json.dumps({"since": "2023-07-01", "until": "2026-06-30"})
FIELDS = "campaign_id,campaign_name,spend,impressions,clicks,actions,action_values,account_currency"
DAILY = {"level": "campaign", "time_increment": "1", "time_range": WHOLE, "fields": FIELDS, "limit": "500"}


@pytest.fixture(scope="module")
def http(meridian: Path) -> Iterator[httpx.Client]:
    with (
        serving(meta_ads, meridian) as (url, _),
        httpx.Client(base_url=f"{url}/meta_ads/v25.0/", headers={"Authorization": f"Bearer {TOKEN}"}) as client,
    ):
        yield client


def pages(http: httpx.Client, path: str, params: dict[str, str]) -> list[dict[str, Any]]:
    answer = http.get(path, params=params)
    found: list[dict[str, Any]] = []
    while True:
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += page["data"]
        if "next" not in page.get("paging", {}):
            return found
        answer = http.get(page["paging"]["next"])


def error(answer: httpx.Response) -> tuple[int, int, int | None]:
    told = answer.json()["error"]
    assert told.keys() >= {"message", "type", "code", "fbtrace_id"}
    return answer.status_code, told["code"], told.get("error_subcode")


def test_every_number_of_insights_is_a_string_and_actions_are_lists(http: httpx.Client) -> None:
    rows = pages(http, f"{ACCOUNT}/insights", DAILY)
    assert len(rows) > 100
    row = next(row for row in rows if any(action["action_type"] == "lead" for action in row["actions"]))
    assert row["date_start"] == row["date_stop"]
    assert all(isinstance(row[name], str) for name in ("spend", "impressions", "clicks", "campaign_id"))
    assert row["account_currency"] == "EUR"
    assert row["action_values"] == []


def test_a_link_leads_to_the_next_page_and_the_pages_hold_each_row_once(http: httpx.Client) -> None:
    small = pages(http, f"{ACCOUNT}/insights", DAILY | {"limit": "40"})
    assert small == pages(http, f"{ACCOUNT}/insights", DAILY)
    first = http.get(f"{ACCOUNT}/insights", params=DAILY | {"limit": "2"}).json()
    assert first["paging"]["next"].startswith(str(http.base_url))
    assert first["paging"].keys() == {"cursors", "next"}


def test_levels_and_spans_add_up(http: httpx.Client) -> None:
    by_day = sum(Decimal(row["spend"]) for row in pages(http, f"{ACCOUNT}/insights", DAILY))
    by_set = sum(
        Decimal(row["spend"]) for row in pages(http, f"{ACCOUNT}/insights", DAILY | {"level": "adset", "fields": "adset_id,spend"})
    )
    span = {"level": "account", "time_range": WHOLE, "fields": "spend,account_name"}
    (whole,) = pages(http, f"{ACCOUNT}/insights", span)
    assert Decimal(whole["spend"]) == by_day == by_set
    assert (whole["date_start"], whole["date_stop"]) == ("2023-07-01", "2026-06-30")
    assert whole["account_name"] == "Meridian Deutschland GmbH"


@pytest.mark.parametrize("listed", [",".join, json.dumps], ids=["commas", "json"])
def test_a_report_takes_its_time_and_holds_what_is_told_at_once(http: httpx.Client, listed: Callable[[list[str]], str]) -> None:
    order = {**DAILY, "fields": listed(DAILY["fields"].split(","))}
    del order["limit"]
    run = http.post(f"{ACCOUNT}/insights", data=order).json()["report_run_id"]
    assert error(http.get(f"{run}/insights"))[:2] == (400, 2601)
    states = []
    while not states or states[-1] != "Job Completed":
        states.append(http.get(run).json()["async_status"])
    assert states == ["Job Not Started", "Job Running", "Job Completed"]
    assert http.get(run).json()["async_percent_completion"] == 100
    assert pages(http, f"{run}/insights", {"limit": "500"}) == pages(http, f"{ACCOUNT}/insights", DAILY)


def test_too_much_at_once_is_refused(meridian: Path) -> None:
    clock = VirtualClock(datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC))
    store = AdStore(meridian, "meta_ads")
    store.move(clock.horizon)
    app = MetaAdsApi(store, clock, limits=False, rows_at_once=10).app()

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://meta") as client:
            return await client.get(f"/v25.0/{ACCOUNT}/insights", params={**DAILY, "access_token": TOKEN})

    assert error(asyncio.run(ask())) == (400, 100, 1504018)


def test_campaigns_ad_sets_and_ads_hang_together(http: httpx.Client) -> None:
    campaigns = pages(http, f"{ACCOUNT}/campaigns", {"fields": "name,lifetime_budget,start_time,stop_time,objective,status"})
    sets = pages(http, f"{ACCOUNT}/adsets", {"fields": "campaign_id,name"})
    ads = pages(http, f"{ACCOUNT}/ads", {"fields": "campaign_id,adset_id,creative{url_tags}"})
    assert len(sets) == len(ads) == 2 * len(campaigns)
    assert {one["campaign_id"] for one in sets} == {one["id"] for one in campaigns}
    assert {one["adset_id"] for one in ads} == {one["id"] for one in sets}
    assert "utm_campaign=de-" in ads[0]["creative"]["url_tags"]
    accounts = pages(http, "me/adaccounts", {"fields": "name,currency,timezone_name", "limit": "2"})
    assert [account["id"][:4] for account in accounts] == ["act_"] * 5


@pytest.mark.parametrize(
    ("path", "params", "told"),
    [
        ("act_1/insights", {}, (400, 100, 33)),
        (f"{ACCOUNT}/insights", {"level": "planet"}, (400, 100, None)),
        (f"{ACCOUNT}/insights", {"fields": "colour"}, (400, 100, None)),
        (f"{ACCOUNT}/insights", {"time_range": "May"}, (400, 100, None)),
        (f"{ACCOUNT}/insights", {"access_token": "stranger"}, (400, 190, 463)),
        (f"{ACCOUNT}/weather", {}, (400, 2500, None)),
        (f"{ACCOUNT}/campaigns", {"fields": "colour"}, (400, 100, None)),
        ("123", {}, (400, 100, 33)),
    ],
)
def test_a_wrong_question_is_refused_with_its_code(
    http: httpx.Client, path: str, params: dict[str, str], told: tuple[int, int, int | None]
) -> None:
    assert error(http.get(path, params=params)) == told


def test_a_version_that_has_ended_is_refused(http: httpx.Client) -> None:
    assert error(http.get(f"{str(http.base_url).replace('v25.0', 'v12.0')}{ACCOUNT}"))[1] == 2635


def test_a_later_version_is_answered(http: httpx.Client) -> None:
    assert http.get(f"{str(http.base_url).replace('v25.0', 'v26.0')}{ACCOUNT}").json() == http.get(ACCOUNT).json()


def test_every_answer_tells_what_has_been_used(http: httpx.Client) -> None:
    headers = http.get(f"{ACCOUNT}/insights", params=DAILY).headers
    assert json.loads(headers["x-app-usage"]).keys() == {"call_count", "total_cputime", "total_time"}
    ((business, *_),) = json.loads(headers["x-business-use-case-usage"]).values()
    assert business["type"] == "ads_insights"
    assert business["estimated_time_to_regain_access"] == 0
    assert "acc_id_util_pct" in json.loads(headers["x-ad-account-usage"])
    assert "app_id_util_pct" in json.loads(headers["x-fb-ads-insights-throttle"])

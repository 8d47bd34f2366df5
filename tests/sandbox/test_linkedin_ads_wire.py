"""The emulator of LinkedIn's marketing API as a client sees it: versions, tokens, Rest.li, analytics, listings, errors."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.vendors import linkedin_ads
from sandbox.vendors.linkedin_ads import restli
from tests.sandbox.serving import serving

HEADERS = {"Authorization": "Bearer sandbox-linkedin-token", "LinkedIn-Version": "202611", "X-Restli-Protocol-Version": "2.0.0"}
UK = "507404028"
SPAN = "dateRange=(start:(year:2023,month:7,day:1),end:(year:2026,month:6,day:30))"
ACCOUNTS = f"accounts=List(urn%3Ali%3AsponsoredAccount%3A{UK})"
FIELDS = "fields=dateRange,pivotValues,costInLocalCurrency,impressions,clicks,externalWebsiteConversions"
DAILY = f"rest/adAnalytics?q=analytics&pivot=CAMPAIGN&timeGranularity=DAILY&{SPAN}&{ACCOUNTS}"


@pytest.fixture(scope="module")
def http(meridian: Path) -> Iterator[httpx.Client]:
    with serving(linkedin_ads, meridian) as (url, _), httpx.Client(base_url=f"{url}/linkedin_ads/", headers=HEADERS) as client:
        yield client


def elements(http: httpx.Client, path: str) -> list[dict[str, Any]]:
    answer = http.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()["elements"]


def error(answer: httpx.Response) -> tuple[int, str]:
    told = answer.json()
    assert told["status"] == answer.status_code
    assert told["message"]
    return answer.status_code, told["code"]


def test_a_day_of_a_campaign_has_its_cost_as_a_string_and_counts_as_numbers(http: httpx.Client) -> None:
    row = elements(http, f"{DAILY}&{FIELDS}")[0]
    assert row["dateRange"]["start"] == row["dateRange"]["end"]
    assert row["dateRange"]["start"].keys() == {"year", "month", "day"}
    assert row["pivotValues"][0].startswith("urn:li:sponsoredCampaign:")
    assert Decimal(row["costInLocalCurrency"]) > 0
    assert isinstance(row["impressions"], int)


def test_without_fields_only_impressions_and_clicks_are_told(http: httpx.Client) -> None:
    assert {frozenset(row) for row in elements(http, DAILY)} == {frozenset({"impressions", "clicks"})}


def test_pivots_and_spans_add_up(http: httpx.Client) -> None:
    def total(pivot: str, span: str) -> Decimal:
        path = f"{DAILY}&{FIELDS}".replace("pivot=CAMPAIGN", f"pivot={pivot}").replace("DAILY", span)
        return sum((Decimal(row["costInLocalCurrency"]) for row in elements(http, path)), Decimal(0))

    whole = total("CAMPAIGN", "DAILY")
    assert whole > 0
    assert {
        total(pivot, span)
        for pivot in ("CAMPAIGN", "CAMPAIGN_GROUP", "ACCOUNT", "CREATIVE")
        for span in ("DAILY", "MONTHLY", "ALL")
    } == {whole}


def test_an_account_that_is_not_ours_is_simply_not_there(http: httpx.Client) -> None:
    assert elements(http, DAILY.replace(UK, "1")) == []
    assert error(http.get("rest/adAccounts/1")) == (404, "NOT_FOUND")


def test_structure_may_be_encoded_once_and_never_twice(http: httpx.Client) -> None:
    span, accounts = "(start:(year:2023,month:7,day:1))", f"List(urn:li:sponsoredAccount:{UK})"
    once = http.get(
        "rest/adAnalytics",
        params={"q": "analytics", "pivot": "CAMPAIGN", "timeGranularity": "DAILY", "dateRange": span, "accounts": accounts},
    )
    assert once.json()["elements"] == elements(http, DAILY)
    assert error(http.get(DAILY.replace("%3A", "%253A")))[0] == 400
    assert restli.read("List(urn%3Ali%3Aa%3A1,(b:2))") == ["urn:li:a:1", {"b": "2"}]
    with pytest.raises(restli.Malformed):
        restli.read("List(a")


def test_groups_and_campaigns_are_listed_in_pages(http: httpx.Client) -> None:
    def listed(what: str) -> list[dict[str, Any]]:
        found, token = [], ""
        while True:
            page = http.get(f"rest/adAccounts/{UK}/{what}?q=search&pageSize=3{token}").json()
            found += page["elements"]
            if "nextPageToken" not in page["metadata"]:
                return found
            token = f"&pageToken={page['metadata']['nextPageToken']}"

    groups, campaigns = listed("adCampaignGroups"), listed("adCampaigns")
    assert len(campaigns) == 2 * len(groups) > 6
    assert {one["campaignGroup"] for one in campaigns} == {f"urn:li:sponsoredCampaignGroup:{one['id']}" for one in groups}
    assert groups[0]["totalBudget"]["currencyCode"] == "GBP"
    assert error(http.get(f"rest/adAccounts/{UK}/adCampaigns?q=search&pageSize=5000"))[0] == 400
    assert len(elements(http, "rest/adAccounts?q=search")) == 5


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"LinkedIn-Version": ""}, (400, "VERSION_MISSING")),
        ({"LinkedIn-Version": "202401"}, (426, "NONEXISTENT_VERSION")),
        ({"Authorization": "Bearer stranger"}, (401, "INVALID_ACCESS_TOKEN")),
        ({"Authorization": ""}, (401, "EMPTY_ACCESS_TOKEN")),
        ({"X-Restli-Protocol-Version": "1.0.0"}, (400, "ILLEGAL_ARGUMENT")),
    ],
)
def test_every_call_needs_a_living_version_a_token_and_the_protocol(
    http: httpx.Client, headers: dict[str, str], told: tuple[int, str]
) -> None:
    assert error(http.get(DAILY, headers=headers)) == told


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("q=analytics", "q=weather"), (400, "MISSING_QUERY_PARAMETER")),
        (("pivot=CAMPAIGN", "pivot=PLANET"), (400, "ILLEGAL_ARGUMENT")),
        ((ACCOUNTS, "x=1"), (400, "MISSING_QUERY_PARAMETER")),
        ((SPAN, "dateRange=(start:2023)"), (400, "ILLEGAL_ARGUMENT")),
        (("CAMPAIGN&", "CAMPAIGN&fields=colour&"), (400, "ILLEGAL_ARGUMENT")),
        (("rest/adAnalytics", "rest/weather"), (404, "RESOURCE_NOT_FOUND")),
    ],
)
def test_a_wrong_question_is_refused(http: httpx.Client, change: tuple[str, str], told: tuple[int, str]) -> None:
    assert error(http.get(DAILY.replace(*change))) == told


def test_a_refresh_token_gives_a_token_that_lives_for_sixty_days(meridian: Path) -> None:
    with serving(linkedin_ads, meridian) as (url, clock):
        grant = {
            "grant_type": "refresh_token",
            "client_id": "sandbox-client",
            "client_secret": "sandbox-secret",
            "refresh_token": "sandbox-refresh-0",
        }
        token = httpx.post(f"{url}/linkedin_ads/oauth/v2/accessToken", data=grant).json()
        assert token["expires_in"] == 5_184_000
        headers = HEADERS | {"Authorization": f"Bearer {token['access_token']}"}
        assert httpx.get(f"{url}/linkedin_ads/rest/adAccounts/{UK}", headers=headers).status_code == 200
        clock.advance(61 * 86400)
        assert error(httpx.get(f"{url}/linkedin_ads/rest/adAccounts/{UK}", headers=headers)) == (401, "EXPIRED_ACCESS_TOKEN")
        assert httpx.post(f"{url}/linkedin_ads/oauth/v2/accessToken", data=grant | {"refresh_token": "dead"}).status_code == 400

"""The Pipedrive emulator against the vendor's description: both versions, who may call and how often, what is deleted and archived."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sandbox.pipedrive import PEOPLE, Instance, emulator, write_firm

DEAL_KEYS = {
    "id",
    "title",
    "owner_id",
    "person_id",
    "org_id",
    "pipeline_id",
    "stage_id",
    "value",
    "currency",
    "add_time",
    "update_time",
    "stage_change_time",
    "is_deleted",
    "is_archived",
    "status",
    "probability",
    "lost_reason",
    "visible_to",
    "close_time",
    "won_time",
    "lost_time",
    "expected_close_date",
    "label_ids",
    "origin",
    "origin_id",
    "channel",
    "channel_id",
    "source_lead_id",
    "arr",
    "mrr",
    "acv",
    "custom_fields",
}
LINE_KEYS = {
    "id",
    "deal_id",
    "product_id",
    "product_variation_id",
    "name",
    "item_price",
    "quantity",
    "sum",
    "currency",
    "tax",
    "tax_method",
    "discount",
    "discount_type",
    "is_enabled",
    "comments",
    "order_nr",
    "add_time",
    "update_time",
    "billing_frequency",
    "billing_frequency_cycles",
    "billing_start_date",
}
OLD_LINE_KEYS = {
    "id",
    "deal_id",
    "product_id",
    "product_variation_id",
    "order_nr",
    "item_price",
    "discount_percentage",
    "duration",
    "duration_unit",
    "sum_no_discount",
    "sum",
    "currency",
    "enabled_flag",
    "quantity",
    "tax",
    "name",
    "add_time",
    "last_edit",
    "active_flag",
}
OLD_STAGE_KEYS = {
    "id",
    "order_nr",
    "name",
    "active_flag",
    "deal_probability",
    "pipeline_id",
    "rotten_flag",
    "rotten_days",
    "add_time",
    "update_time",
    "pipeline_name",
    "pipeline_deal_probability",
}
UNAUTHORIZED = {
    "success": False,
    "error": "unauthorized access",
    "errorCode": 401,
    "error_info": "Please check developers.pipedrive.com",
}


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_firm(tmp_path_factory.mktemp("firm") / "firm.duckdb")


@pytest.fixture(scope="module")
def still(firm: Path) -> Iterator[httpx.Client]:
    """An account at the end of June; nobody lets time pass here."""
    with emulator(firm) as instance, instance.caller() as caller:
        yield caller


@pytest.fixture
def instance(firm: Path) -> Iterator[Instance]:
    with emulator(firm) as running:
        yield running


def ids(answer: httpx.Response) -> list[int]:
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json()["data"]]


def every(caller: httpx.Client, path: str, **params: object) -> list[dict[str, Any]]:
    """All rows of a listing, by its cursors."""
    rows, cursor = [], None
    while True:
        answer = caller.get(path, params={**params, **({"cursor": cursor} if cursor else {})}).raise_for_status().json()  # type: ignore[dict-item]
        rows += answer["data"]
        cursor = answer["additional_data"]["next_cursor"]
        if cursor is None:
            return rows


def test_a_token_is_needed_in_its_header_or_the_legacy_query(instance: Instance) -> None:
    with instance.caller({}) as nobody:
        for headers in ({}, {"x-api-token": "wrong"}, {"Authorization": "Bearer wrong"}):
            answer = nobody.get("/api/v2/deals", headers=headers)
            assert (answer.status_code, answer.json()) == (401, UNAUTHORIZED)
        assert nobody.get("/api/v2/deals?api_token=sandbox-pipedrive-token").status_code == 200
    with instance.caller() as caller:
        assert caller.get("/api/v2/deals/").status_code == 200


def test_oauth_tells_where_the_company_is_and_its_tokens_end(instance: Instance) -> None:
    with instance.caller({}) as caller:
        consent = caller.get(
            "/oauth/authorize?client_id=sandbox-client&response_type=code&redirect_uri=http://127.0.0.1/back&state=x"
        )
        code = httpx.URL(consent.headers["location"]).params["code"]
        basic = {"Authorization": f"Basic {base64.b64encode(b'sandbox-client:sandbox-secret').decode()}"}
        first = caller.post("/oauth/token", data={"grant_type": "authorization_code", "code": code}, headers=basic).json()
        assert first.keys() == {"access_token", "refresh_token", "expires_in", "scope", "token_type", "api_domain"}
        assert first["expires_in"] == 3599
        assert first["api_domain"] == f"{instance.url}/pipedrive"
        again = caller.post(
            "/oauth/token", data={"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}, headers=basic
        )
        bearer = {"Authorization": f"Bearer {again.json()['access_token']}"}
        assert caller.get("/api/v2/deals", headers=bearer).headers["x-ratelimit-limit"] == "160"
        instance.advance(0.05)
        assert caller.get("/api/v2/deals", headers=bearer).json() == UNAUTHORIZED
        for form, error in (
            ({"grant_type": "refresh_token", "refresh_token": "wrong"}, "invalid_grant"),
            ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ):
            refusal = caller.post("/oauth/token", data=form, headers=basic)
            assert (refusal.status_code, refusal.json()["error"], refusal.json()["success"]) == (400, error, False)
        stranger = caller.post("/oauth/token", data={"grant_type": "refresh_token", "refresh_token": first["refresh_token"]})
        assert (stranger.status_code, stranger.json()["error"]) == (400, "invalid_client")


def test_a_deal_has_the_fields_of_the_second_version(still: httpx.Client) -> None:
    deal = still.get("/api/v2/deals/1").json()["data"]
    assert deal.keys() == DEAL_KEYS
    assert (deal["value"], deal["currency"], deal["status"], deal["stage_id"]) == (100.25, "USD", "won", 4)
    assert deal["close_time"] == deal["won_time"] == "2026-04-01T10:00:00Z"
    assert deal["lost_time"] is None
    assert (deal["add_time"], deal["stage_change_time"], deal["expected_close_date"]) == (
        *("2025-10-02T09:00:00Z", "2026-03-01T10:00:00Z", "2026-09-30"),
    )
    ((code, option),) = deal["custom_fields"].items()
    field = next(one for one in every(still, "/api/v2/dealFields") if one["field_code"] == code)
    assert len(code) == 40
    assert field["field_name"] == "Deal type"
    assert field["field_type"] == "enum"
    assert field["is_custom_field"]
    assert {"id": option, "label": "Expansion"} in field["options"]
    assert [deal["probability"] for deal in every(still, "/api/v2/deals", status="open")] == [None, 50]


@pytest.mark.parametrize(
    ("sort", "direction"), [("id", "asc"), ("update_time", "asc"), ("update_time", "desc"), ("add_time", "desc")]
)
def test_cursors_lead_through_rows_that_share_a_moment(still: httpx.Client, sort: str, direction: str) -> None:
    rows = every(still, "/api/v2/persons", limit=77, sort_by=sort, sort_direction=direction)
    found = [row["id"] for row in rows]
    assert len(found) == PEOPLE
    assert set(found) == set(range(1, PEOPLE + 1))
    assert [row[sort] for row in rows] == sorted((row[sort] for row in rows), reverse=direction == "desc")
    assert len(still.get("/api/v2/persons").json()["data"]) == 100
    assert len(every(still, "/api/v2/persons", limit=500)) == PEOPLE


@pytest.mark.parametrize(
    "query",
    [
        *("limit=501", "limit=0", "limit=x", "cursor=%21", "cursor=e30=", "sort_by=title", "sort_direction=up", "status=gone"),
        *("updated_since=yesterday", "updated_since=2026-01-01T00:00:00", "ids=a", f"ids={','.join(['1'] * 101)}"),
        f"custom_fields={','.join(['k'] * 16)}",
    ],
)
def test_what_cannot_be_asked_is_refused(still: httpx.Client, query: str) -> None:
    answer = still.get(f"/api/v2/deals?{query}")
    assert (answer.status_code, answer.json()["success"]) == (400, False)


def test_changes_are_from_a_moment_on_and_until_before_one(still: httpx.Client) -> None:
    since = "updated_since=2026-04-01T10:00:00Z"
    assert ids(still.get(f"/api/v2/deals?{since}")) == [1, 2, 5]
    assert ids(still.get(f"/api/v2/deals?{since}&updated_until=2026-04-01T12:00:00%2B02:00")) == []
    assert ids(still.get("/api/v2/deals?updated_since=2026-04-01T10:00:01Z")) == []


def test_archived_deals_have_a_listing_of_their_own(instance: Instance) -> None:
    with instance.caller() as caller:
        assert ids(caller.get("/api/v2/deals")) == [1, 2, 4, 5, 6, 7]
        assert ids(caller.get("/api/v2/deals/archived")) == [3]
        instance.advance(9)
        assert ids(caller.get("/api/v2/deals/archived?updated_since=2026-07-01T00:00:00Z")) == [6]
        assert caller.get("/api/v2/deals/6").json()["data"]["is_archived"]


def test_deleted_deals_are_shown_for_thirty_days_to_whoever_asks_for_them(instance: Instance) -> None:
    with instance.caller() as caller:
        assert ids(caller.get("/api/v2/deals?status=deleted")) == [8]
        gone = caller.get("/api/v2/deals/8").json()["data"]
        assert (gone["is_deleted"], gone["status"], gone["update_time"]) == (True, "deleted", "2026-06-20T08:00:00Z")
        assert caller.get("/api/v2/deals/9").status_code == 404
        instance.advance(12)
        assert ids(caller.get("/api/v2/deals?status=deleted")) == [5, 8]
        assert 5 not in ids(caller.get("/api/v2/deals"))
        assert ids(caller.get("/api/v2/deals/products?deal_ids=5,1")) == [1, 2]
        instance.advance(20)
        assert ids(caller.get("/api/v2/deals?status=deleted")) == [5]
        instance.advance(20)
        assert caller.get("/api/v2/deals?status=deleted").json() == {
            "success": True,
            "data": [],
            "additional_data": {"next_cursor": None},
        }
        answer = caller.get("/api/v2/deals/5")
        assert (answer.status_code, answer.json()["error"]) == (404, "Deal not found")


def test_filters_narrow_a_listing_and_a_saved_one_takes_the_place_of_all_others(still: httpx.Client) -> None:
    assert ids(still.get("/api/v2/deals?ids=7,1,99")) == [1, 7]
    assert ids(still.get("/api/v2/deals?status=open,won")) == [1, 4, 7]
    assert ids(still.get("/api/v2/deals?stage_id=4")) == [1]
    assert ids(still.get("/api/v2/deals?person_id=2")) == [2]
    assert ids(still.get("/api/v2/deals?filter_id=1&ids=1&status=won")) == [4, 7]
    assert still.get("/api/v2/deals?filter_id=2").status_code == 404
    assert ids(still.get("/api/v2/activities?done=true&person_id=1")) == [1]
    assert ids(still.get("/api/v2/activities?done=false")) == []
    assert ids(still.get("/api/v2/stages?pipeline_id=2")) == [5, 6]
    asked = still.get("/api/v2/deals/1?include_fields=products_count,nonsense&custom_fields=abc").json()["data"]
    assert asked.keys() == {*DEAL_KEYS, "products_count"}
    assert asked["custom_fields"] == {}


def test_products_of_deals_are_asked_for_by_deal_or_by_a_hundred(still: httpx.Client) -> None:
    lines = still.get("/api/v2/deals/1/products").json()["data"]
    assert [line.keys() for line in lines] == [LINE_KEYS, LINE_KEYS]
    assert [(line["quantity"], line["item_price"], line["discount"], line["sum"]) for line in lines] == [
        (3, 20.1, 12.5, 633.15),
        (8, 180, 0, 1440),
    ]
    assert [line["billing_frequency_cycles"] for line in lines] == [12, None]
    assert {line["deal_id"] for line in every(still, "/api/v2/deals/products", deal_ids="1,2,4", limit=1)} == {1, 2, 4}
    assert still.get("/api/v2/deals/99/products").status_code == 404
    assert still.get("/api/v2/deals/products").status_code == 400
    assert still.get(f"/api/v2/deals/products?deal_ids={','.join(['1'] * 101)}").status_code == 400


def test_the_second_version_has_the_other_records(still: httpx.Client) -> None:
    person = still.get("/api/v2/persons/1").json()["data"]
    assert person["emails"] == [{"value": "P1@buyer.example", "primary": True, "label": "work"}]
    assert person["phones"] == []
    fields = {one["field_code"]: one["field_name"] for one in every(still, "/api/v2/personFields", limit=2)}
    second = still.get("/api/v2/persons/2").json()["data"]["custom_fields"]
    assert {fields[code]: value for code, value in second.items()} == {"mql_date": "2025-09-02", "sql_date": "2025-09-20"}
    address = still.get("/api/v2/organizations/1").json()["data"]["address"]
    assert (address["street_number"], address["route"], address["locality"], address["country"]) == (
        "1",
        "Mill Street",
        "Austin",
        "US",
    )
    call = still.get("/api/v2/activities/1").json()["data"]
    assert (call["type"], call["due_date"], call["due_time"], call["deal_id"]) == ("call", "2025-10-20", "14:30:15", 1)
    assert [stage["deal_probability"] for stage in every(still, "/api/v2/stages")] == [20, 40, 60, 80, 100, 100]
    assert [one["is_deal_probability_enabled"] for one in every(still, "/api/v2/pipelines")] == [True, False]
    prices = [one["prices"][0] for one in every(still, "/api/v2/products")]
    assert [(price["price"], price["currency"]) for price in prices] == [(25, "USD"), (180, "USD")]


def test_a_flow_is_paged_by_offsets_and_has_moments_without_offset(still: httpx.Client) -> None:
    first = still.get("/api/v1/deals/1/flow?items=change&limit=3").json()
    assert first["additional_data"] == {"pagination": {"start": 0, "limit": 3, "more_items_in_collection": True, "next_start": 3}}
    rest = still.get("/v1/deals/1/flow?items=change&start=3").json()
    assert rest["additional_data"] == {"pagination": {"start": 3, "limit": 100, "more_items_in_collection": False}}
    items = [*first["data"], *rest["data"]]
    assert {item["object"] for item in items} == {"dealChange"}
    told = [(item["data"]["field_key"], item["data"]["old_value"], item["data"]["new_value"], item["timestamp"]) for item in items]
    assert told == [
        ("status", "open", "won", "2026-04-01 10:00:00"),
        ("stage_id", "2", "4", "2026-03-01 10:00:00"),
        ("stage_id", "1", "2", "2025-10-07 09:00:00"),
        ("value", 0, 100.25, "2025-10-02 09:00:00"),
        ("add_time", None, "2025-10-02 09:00:00", "2025-10-02 09:00:00"),
    ]
    everything = still.get("/api/v1/deals/1/flow").json()["data"]
    assert [item["object"] for item in everything].count("activity") == 1
    assert still.get("/api/v1/deals/99/flow").status_code == 404


def test_the_paging_of_a_flow_may_be_flat(instance: Instance) -> None:
    instance.fault(path="*/flow", kind="rewrite", set={"additional_data": "flat", "limit": "2"})
    with instance.caller() as caller:
        assert caller.get("/api/v1/deals/1/flow?items=change").json()["additional_data"] == {
            "start": 0,
            "limit": 2,
            "more_items_in_collection": True,
            "next_start": 2,
        }


def test_a_changelog_has_cursors_and_texts(still: httpx.Client) -> None:
    logged = every(still, "/api/v1/deals/1/changelog", limit=2)
    assert [(one["field_key"], one["old_value"], one["new_value"]) for one in logged[-2:]] == [
        ("value", "0", "100.25"),
        ("add_time", None, "2025-10-02 09:00:00"),
    ]
    assert logged[0]["time"] == "2026-04-01 10:00:00"
    assert len(logged) == 5


def test_the_first_version_keeps_its_own_shapes(still: httpx.Client) -> None:
    stages = still.get("/v1/stages").json()["data"]
    assert all(stage.keys() == OLD_STAGE_KEYS for stage in stages)
    assert stages[0]["active_flag"]
    assert not stages[0]["rotten_flag"]
    line = still.get("/api/v1/deals/1/products").json()["data"][0]
    assert line.keys() == OLD_LINE_KEYS
    assert line["add_time"] == "2025-10-02 09:00:00"
    assert line["discount_percentage"] == 12.5
    users = still.get("/api/v1/users").json()["data"]
    assert [(user["name"], user["active_flag"]) for user in users] == [("Ann Seller", True), ("Bob Former", False)]
    assert still.get("/v1/users/me").json()["data"]["company_name"] == "Firm LLC"
    assert "USD" in {one["code"] for one in still.get("/v1/currencies").json()["data"]}
    assert {"call", "meeting"} <= {one["key_string"] for one in still.get("/v1/activityTypes").json()["data"]}
    assert still.get("/v1/notes").json()["data"] == []
    assert still.get("/v1/deals").status_code == still.get("/api/v2/flows").status_code == 404


def test_recents_reach_one_month_back_whatever_is_asked(instance: Instance) -> None:
    with instance.caller() as caller:
        query = "items=deal&since_timestamp=2020-01-01 00:00:00"
        answer = caller.get(f"/v1/recents?{query}").json()
        assert [(row["item"], row["id"]) for row in answer["data"]] == [("deal", 3), ("deal", 8)], "others changed longer ago"
        assert answer["data"][0]["data"]["update_time"] == "2026-06-03 10:00:00"
        about = answer["additional_data"]
        assert (about["since_timestamp"], about["last_timestamp_on_page"]) == ("2020-01-01 00:00:00", "2026-06-20 08:00:00")
        instance.advance(5.5)
        page = caller.get(f"/v1/recents?{query.replace('deal', 'deal,person')}&limit=1&start=1").json()
        assert page["additional_data"]["pagination"]["next_start"] == 2
        assert caller.get("/v1/recents").status_code == 400


def test_a_burst_is_refused_and_who_does_not_listen_meets_the_shield(firm: Path) -> None:
    with emulator(firm, limits=True) as instance, instance.caller() as caller:
        answers = [caller.get("/api/v2/pipelines") for _ in range(75)]
        statuses = [answer.status_code for answer in answers]
        assert statuses[:40] == [200] * 40
        assert 429 in statuses
        assert statuses[-1] == 403
        assert (answers[0].headers["x-ratelimit-limit"], answers[0].headers["x-ratelimit-remaining"]) == ("40", "39")
        refused = answers[statuses.index(429)]
        assert refused.json()["error"] == "request over limit"
        assert refused.json()["errorCode"] == 429
        assert (refused.headers["x-ratelimit-remaining"], refused.headers["x-ratelimit-reset"]) in {("0", "1"), ("0", "2")}
        assert answers[-1].headers["content-type"].startswith("text/html")
        assert "Cloudflare" in answers[-1].text
        instance.advance(1)
        assert caller.get("/api/v2/pipelines").status_code == 200


def test_the_tokens_of_a_day_are_spent_twice_as_fast_by_the_first_version(firm: Path) -> None:
    with emulator(firm, limits=True) as instance, instance.caller() as caller:

        def left(path: str) -> int:
            return int(caller.get(path).headers["x-daily-ratelimit-token-remaining"])

        assert caller.get("/api/v2/deals").headers["x-daily-ratelimit-token-limit"] == "60000", "one seat of the Growth plan"
        start = left("/api/v2/deals")
        assert [start - left("/api/v2/deals"), start - left("/api/v1/users"), start - left("/api/v2/deals/1")] == [10, 30, 31]
        instance.api.spent = dict.fromkeys(instance.api.spent, 59_995)
        answer = caller.get("/api/v2/deals")
        assert (answer.status_code, answer.headers["x-daily-requests-left"]) == (429, "0")
        assert caller.get("/api/v2/deals/1").status_code == 200, "a single record costs a token"
        instance.advance(1)
        assert caller.get("/api/v2/deals").status_code == 200


@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        ({"kind": "throttle"}, 429, "request over limit"),
        ({"kind": "throttle", "form": "cloudflare"}, 403, "rate limited"),
        ({"kind": "day_limit"}, 429, "request over limit"),
        ({"kind": "unauthorized"}, 401, "unauthorized access"),
        ({"kind": "forbidden"}, 403, '"code":"feature_not_permitted"'),
        ({"kind": "forbidden", "form": "plan"}, 402, '"code":"feature_capping_deal"'),
        ({"kind": "error_200"}, 200, '"success":false'),
        ({"kind": "server_error"}, 500, '"success":false'),
    ],
)
def test_scripted_errors_look_like_the_vendors(instance: Instance, fault: dict[str, object], status: int, words: str) -> None:
    instance.fault(path="*", **fault)
    with instance.caller() as caller:
        answer = caller.get("/api/v2/deals")
        assert answer.status_code == status
        assert words in answer.text
        assert caller.get("/api/v2/deals").status_code == 200

"""The wire to the letter: who may call, how pages are cut, what filters do, what errors look like, and what time brings."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.vendors import mailchimp
from sandbox.vendors.mailchimp.app import API_KEY, AT_ONCE, MailchimpApi
from sandbox.vendors.mailchimp.listings import LISTINGS
from sandbox.vendors.mailchimp.store import MailchimpStore
from sandbox.vendors.wire import VirtualClock
from tests.sandbox.mailchimp import HORIZON, called, let_pass, write_firm
from tests.sandbox.serving import serving

Row = dict[str, Any]
CLIENT = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_firm(tmp_path_factory.mktemp("firm") / "firm.duckdb")


@pytest.fixture(scope="module")
def url(firm: Path) -> Iterator[str]:
    with serving(mailchimp, firm) as (url, _):
        yield url


@pytest.fixture(scope="module")
def http(url: str) -> Iterator[httpx.Client]:
    with called(url) as client:
        yield client


def rows(http: httpx.Client, path: str, key: str, **query: object) -> list[Row]:
    found: list[Row] = http.get(path, params={"count": 1000, **query}).raise_for_status().json()[key]
    return found


def audience(http: httpx.Client) -> str:
    return str(rows(http, "/lists", "lists")[0]["id"])


def paths(http: httpx.Client) -> dict[str, str]:
    """Where each collection is, of this account -> how it is named."""
    report = rows(http, "/reports", "reports")[0]["id"]
    named = {"{id}": report, "{list}": audience(http), "{store}": rows(http, "/ecommerce/stores", "stores")[0]["id"]}

    def filled(path: str) -> str:
        for name, value in named.items():
            path = path.replace(name, value)
        return path

    return {filled(listing.path): listing.key for listing in LISTINGS}


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Status and title of a problem document, which must be one."""
    assert answer.headers["content-type"].startswith("application/problem+json")
    body = answer.json()
    assert body.keys() >= {"type", "title", "status", "detail", "instance"}
    assert body["type"] == "https://mailchimp.com/developer/marketing/docs/errors/"
    assert body["status"] == answer.status_code
    return answer.status_code, body["title"]


@pytest.mark.parametrize(
    "authorization",
    [
        *(f"Basic {base64.b64encode(f'{user}:{API_KEY}'.encode()).decode()}" for user in ("user", "anystring", "")),
        f"Bearer {API_KEY}",
    ],
)
def test_a_key_is_good_with_any_user_name_and_as_a_bearer(url: str, authorization: str) -> None:
    answer = httpx.get(f"{url}/mailchimp/3.0/ping", headers={"Authorization": authorization})
    assert answer.json() == {"health_status": "Everything's Chimpy!"}


@pytest.mark.parametrize("authorization", ["", "Basic !", "Basic dXNlcjp3cm9uZw==", "Bearer wrong", "OAuth wrong"])
def test_without_a_good_key_every_call_is_refused(url: str, authorization: str) -> None:
    answer = httpx.get(f"{url}/mailchimp/3.0/campaigns", headers={"Authorization": authorization})
    assert problem(answer) == (401, "API Key Invalid")
    assert answer.json()["detail"] == "Your API key may be invalid, or you've attempted to access the wrong datacenter."


def test_a_consent_gives_a_token_without_an_end_and_the_vendor_tells_its_data_centre(url: str) -> None:
    root = f"{url}/mailchimp/oauth2"
    asked = {"response_type": "code", "client_id": "sandbox-client", "redirect_uri": "http://localhost:1/callback", "state": "s"}
    back = httpx.get(f"{root}/authorize", params=asked)
    code = httpx.URL(back.headers["location"]).params["code"]
    issued = httpx.post(f"{root}/token", data={**CLIENT, "grant_type": "authorization_code", "code": code}).json()
    assert (issued["expires_in"], issued["scope"]) == (0, None)
    told = httpx.get(f"{root}/metadata", headers={"Authorization": f"OAuth {issued['access_token']}"}).json()
    assert (told["dc"], told["api_endpoint"]) == ("us6", f"{url}/mailchimp")
    headers = {"Authorization": f"Bearer {issued['access_token']}"}
    httpx.post(f"{url}/_sandbox/advance", json={"days": 0})
    assert httpx.get(f"{told['api_endpoint']}/3.0/lists", headers=headers).status_code == 200
    unknown = httpx.get(f"{root}/metadata", headers={"Authorization": "OAuth nobody"})
    assert (unknown.status_code, unknown.json()["error"]) == (200, "invalid_token"), "a failure with a good status"
    wrong = httpx.post(f"{root}/token", data={**CLIENT, "client_secret": "x", "grant_type": "authorization_code", "code": code})
    assert wrong.status_code == 400


def test_every_collection_is_cut_into_pages_that_hold_each_row_once(http: httpx.Client) -> None:
    for path, key in paths(http).items():
        whole = rows(http, path, key)
        first = http.get(path).json()
        assert len(first[key]) == min(10, len(whole)), "ten by default"
        assert first["total_items"] == len(whole)
        step = max(1, len(whole) // 3 + 1)
        cut = [row for at in range(0, len(whole), step) for row in rows(http, path, key, count=step, offset=at)]
        assert cut == whole
        assert rows(http, path, key, offset=len(whole)) == []


def test_links_lead_back_to_the_emulator(http: httpx.Client) -> None:
    for path, key in paths(http).items():
        page = http.get(path).json()
        assert {link["href"] for link in page["_links"]} == {f"{str(http.base_url).rstrip('/')}{path}"}
        for row in page[key][:1]:
            (own,) = row["_links"]
            assert own["href"].startswith(str(http.base_url))
            if key not in {"emails", "sent_to"}:
                assert http.get(own["href"]).json() == row


def test_fields_choose_what_is_sent_and_exclude_fields_what_is_not(http: httpx.Client) -> None:
    chosen = http.get("/campaigns", params={"fields": "campaigns.id,campaigns.settings.title,total_items"}).json()
    assert chosen.keys() == {"campaigns", "total_items"}
    assert [row.keys() for row in chosen["campaigns"]] == [{"id", "settings"}] * len(chosen["campaigns"])
    assert chosen["campaigns"][0]["settings"] == {"title": "Spring #1"}
    whole = http.get("/campaigns").json()
    less = http.get("/campaigns", params={"exclude_fields": "campaigns._links,campaigns.settings.title,_links"}).json()
    assert less.keys() == whole.keys() - {"_links"}
    assert less["campaigns"][0].keys() == whole["campaigns"][0].keys() - {"_links"}
    assert less["campaigns"][0]["settings"].keys() == whole["campaigns"][0]["settings"].keys() - {"title"}
    order = http.get("/ecommerce/orders", params={"exclude_fields": "orders._links"}).content
    assert b'"order_total":134.17' in order


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("/campaigns", {"count": "1001"}, "count"),
        ("/campaigns", {"count": "many"}, "count"),
        ("/campaigns", {"offset": "-1"}, "offset"),
        ("/campaigns", {"since_send_time": "yesterday"}, "since_send_time"),
        ("/campaigns", {"sort_field": "title"}, "sort_field"),
        ("/campaigns", {"sort_field": "create_time", "sort_dir": "UP"}, "sort_dir"),
        ("/campaigns", {"status": "lost"}, "status"),
    ],
)
def test_what_a_parameter_must_not_be_is_refused_by_its_name(http: httpx.Client, path: str, query: Row, field: str) -> None:
    answer = http.get(path, params=query)
    assert problem(answer) == (400, "Invalid Resource")
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_what_is_not_there_is_not_found_and_what_may_not_be_done_is_not_allowed(http: httpx.Client) -> None:
    for path in ("/nothing", "/campaigns/0", "/lists/0/members", f"/lists/{audience(http)}/members/0", "/reports/0/email-activity"):
        assert problem(http.get(path)) == (404, "Resource Not Found")
    assert problem(http.post("/campaigns", json={})) == (405, "Method Not Allowed")


def test_errors_on_demand_are_the_vendors(http: httpx.Client, url: str) -> None:
    wanted = {
        "throttle": (429, "Too Many Requests"),
        "forbidden": (403, "Forbidden"),
        "server_error": (500, "Internal Server Error"),
    }
    for kind, told in wanted.items():
        httpx.post(f"{url}/_sandbox/faults", json={"vendor": "mailchimp", "kind": kind})
        answer = http.get("/ping")
        assert problem(answer) == told
        assert not {name for name in answer.headers if name.startswith(("retry", "x-ratelimit"))}
    httpx.post(f"{url}/_sandbox/faults", json={"vendor": "mailchimp", "kind": "day_limit"})
    bare = http.get("/ping")
    assert (bare.status_code, bare.headers["content-type"].partition(";")[0]) == (403, "text/html")


def test_ten_calls_may_be_under_way_and_no_more(firm: Path) -> None:
    clock = VirtualClock(HORIZON)
    store = MailchimpStore(firm, "mailchimp")
    store.move(HORIZON)
    app = MailchimpApi(store, clock).app()
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/3.0/ping",
        "raw_path": b"/3.0/ping",
        "root_path": "",
        "scheme": "http",
        "query_string": b"",
        "headers": [(b"authorization", f"Bearer {API_KEY}".encode()), (b"host", b"127.0.0.1")],
    }

    async def nothing() -> Row:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def scene() -> tuple[int, int]:
        read = asyncio.Event()

        async def slow(_message: Any) -> None:
            await read.wait()

        async def once() -> int:
            heads: list[Row] = []

            async def keep(message: Any) -> None:
                heads.append(message)

            await app(scope, nothing, keep)
            return int(heads[0]["status"])

        waiting = [asyncio.create_task(app(scope, nothing, slow)) for _ in range(AT_ONCE)]
        await asyncio.sleep(0.2)
        while_full = await once()
        read.set()
        await asyncio.gather(*waiting)
        return while_full, await once()

    assert asyncio.run(scene()) == (429, 200)


def test_what_is_not_known_is_an_empty_text(http: httpx.Client) -> None:
    draft = next(row for row in rows(http, "/campaigns", "campaigns") if row["status"] == "save")
    assert (draft["send_time"], draft["emails_sent"], draft["settings"]["folder_id"]) == ("", 0, "")
    (order,) = rows(http, "/ecommerce/orders", "orders")
    assert (order["cancelled_at_foreign"], order["fulfillment_status"]) == ("", "")
    signed = [row["timestamp_signup"] for row in rows(http, f"/lists/{audience(http)}/members", "members")]
    assert all(text == "" or text.endswith("+00:00") for text in signed)


def test_members_are_found_by_change_status_and_order(http: httpx.Client) -> None:
    path = f"/lists/{audience(http)}/members"
    whole = rows(http, path, "members", sort_field="last_changed", sort_dir="DESC")
    changed = [row["last_changed"] for row in whole]
    assert changed == sorted(changed, reverse=True)
    since = changed[20]
    assert rows(http, path, "members", since_last_changed=since, sort_field="last_changed", sort_dir="DESC") == [
        row for row in whole if row["last_changed"] >= since
    ]
    for status in ("subscribed", "unsubscribed", "cleaned", "archived"):
        found = rows(http, path, "members", status=status)
        assert found
        assert {row["id"] for row in found} == {row["id"] for row in whole if row["status"] == status}
    one = whole[0]
    assert one["merge_fields"].keys() == {"FNAME", "LNAME", "COMPANY"}
    assert one["tags_count"] == len(one["tags"])


def test_campaigns_and_reports_are_found_by_their_moments(http: httpx.Client) -> None:
    sent = rows(http, "/campaigns", "campaigns", since_send_time="2026-06-20T00:00:00+00:00")
    assert [row["settings"]["title"] for row in sent] == ["Spring #3", "Spring #4"]
    assert [row["id"] for row in rows(http, "/reports", "reports", since_send_time="2026-06-20T00:00:00Z")] == [
        row["id"] for row in sent
    ]
    assert rows(http, "/campaigns", "campaigns", before_create_time="2026-06-01T00:00:00+00:00") == []
    assert len(rows(http, "/campaigns", "campaigns", status="save")) == 1
    assert {row["tracking"]["google_analytics"] for row in sent} == {"BF-Spring"}


def test_activity_agrees_with_its_report(http: httpx.Client) -> None:
    for report in rows(http, "/reports", "reports"):
        path = f"/reports/{report['id']}"
        acts = [
            act | {"email": row["email_id"]} for row in rows(http, f"{path}/email-activity", "emails") for act in row["activity"]
        ]
        opened = {act["email"] for act in acts if act["action"] == "open"}
        clicked = {act["email"] for act in acts if act["action"] == "click"}
        assert len(opened) == report["opens"]["unique_opens"], "the firm has more readers than mails were sent to"
        assert clicked <= opened
        assert len(clicked) <= report["clicks"]["unique_clicks"]
        assert sum(act["action"] == "bounce" for act in acts) == sum(
            report["bounces"][kind] for kind in ("hard_bounces", "soft_bounces")
        )
        assert (
            sum(row["total_clicks"] for row in rows(http, f"{path}/click-details", "urls_clicked"))
            == report["clicks"]["clicks_total"]
        )
        assert (
            len(rows(http, f"{path}/sent-to", "sent_to"))
            == len(rows(http, f"{path}/email-activity", "emails"))
            == report["emails_sent"]
        )
        late = rows(http, f"{path}/email-activity", "emails", since="2026-06-20T00:00:00+00:00")
        assert all(act["timestamp"] >= "2026-06-20T00:00:00+00:00" for row in late for act in row["activity"])


def test_time_brings_what_no_moment_of_creation_tells(firm: Path) -> None:
    with serving(mailchimp, firm) as (url, _), called(url) as http:
        campaigns = {row["id"]: row for row in rows(http, "/campaigns", "campaigns")}
        reports = {row["id"]: row for row in rows(http, "/reports", "reports")}
        let_pass(url, datetime(2026, 8, 31, tzinfo=UTC))
        later = {row["id"]: row for row in rows(http, "/campaigns", "campaigns")}
        assert later.keys() == campaigns.keys()
        assert {row["status"] for row in later.values()} == {"sent"}
        assert {row["settings"]["title"] for row in later.values()} == {f"Early Summer #{number}" for number in range(1, 6)}
        grown = {row["id"]: row for row in rows(http, "/reports", "reports")}
        assert all(grown[key]["opens"]["unique_opens"] >= reports[key]["opens"]["unique_opens"] for key in reports)
        assert any(grown[key] != reports[key] for key in reports)
        for row in grown.values():
            assert (row["opens"]["unique_opens"], row["emails_sent"], row["unsubscribed"]) == (12, 40, 2)
            assert row["clicks"]["unique_clicks"] == 4

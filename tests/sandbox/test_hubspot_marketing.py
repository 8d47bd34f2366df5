"""What became of e-mails, campaigns and marketing events: on the wire, and through the hub's source from one extraction to the next."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest
from hubspot import HubSpot

from dlt_sources.http import ApiClient, MalformedReply, NoAuth, PagingLoop, Policy
from dlt_sources.hubspot import pages
from sandbox.company import SCHEMA
from sandbox.server import RunningSandbox, Shown
from sandbox.vendors.hubspot.app import HubSpotApi
from sandbox.vendors.hubspot.campaigns import MODELS
from sandbox.vendors.hubspot.store import HubSpotStore
from sandbox.vendors.wire import VirtualClock
from tests.http.fault_server import FaultServer, http, say
from tests.sandbox.hub import Controls, Hub

TOKEN = "sandbox-hubspot-token"
HORIZON = datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC)
MARKETING = (
    *("campaigns", "campaign_assets", "campaign_metrics", "campaign_revenue", "marketing_emails", "marketing_email_sendings"),
    *("email_events", "marketing_events", "marketing_event_participations", "deals", "deal_stage_history"),
)
EVENTS = "/email/public/v1/events"
Row = dict[str, Any]


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A firm of 1,300 readers, twelve e-mails of one campaign and one webinar.

    Until June numbers 1 to 9 click, 1, 3 and 4 are at the webinar, and number 2 registers for it; in July come three clicks, two visits and
    a thirteenth e-mail, and number 4 is merged into number 3, whose name and firm it has. A deal of numbers 1 and 2 is won in June for
    100, and one more moves on in July.
    """
    path = tmp_path_factory.mktemp("firm") / "firm.duckdb"
    with duckdb.connect() as db:
        db.execute(f"attach '{path}' as firm; use firm")
        db.execute(SCHEMA)
        db.execute("insert into company.parameter values (1, 1, ?, 90, ?, '1')", [date(2026, 6, 30), date(2026, 1, 1)])
        db.execute("insert into company.entity (entity_id, name, currency) values ('uk', 'Firm Ltd', 'GBP')")
        db.execute("""
            insert into company.organization (organization_id, entity_id, name, domain, created_at)
            values ('org-1', 'uk', 'Buyer', 'buyer.example', timestamp '2026-01-01 08:00:00');
            insert into company.person (person_id, organization_id, first_name, last_name, email, created_at)
            select 'per-' || lpad(n::varchar, 6, '0'), 'org-1', 'First' || if(n = 4, 3, n), 'Last' || if(n = 4, 3, n),
                'P' || n || '@buyer.example', timestamp '2026-01-01 08:00:00'
            from range(1, 1301) r (n);
            insert into company.lead (lead_id, person_id, entity_id, created_at)
            select replace(person_id, 'per', 'led'), person_id, 'uk', timestamp '2026-06-05 08:00:00' + to_seconds(row_number() over (order by person_id)::integer)
            from company.person;
            insert into company.campaign (campaign_id, entity_id, name, channel, utm_source, utm_medium, utm_campaign, start_date, end_date, budget_amount, currency, created_at)
            values ('cmp-mail', 'uk', 'News', 'email', 'newsletter', 'email', 'news', '2026-02-01', '2026-08-31', 1000, 'GBP', timestamp '2026-01-20 09:00:00'),
                ('cmp-web', 'uk', 'Show', 'webinar', 'webinar', 'webinar', 'show', '2026-05-01', '2026-08-31', 1000, 'GBP', timestamp '2026-01-20 09:00:00');
            insert into company.marketing_email
            select 'eml-' || lpad(n::varchar, 2, '0'), 'cmp-mail', 'uk', 'News #' || n, 'Subject', timestamp '2026-02-02 08:00:00' + to_days((13 * n)::integer),
                100, 97, 25, 3, 3, 1
            from range(0, 13) r (n);
            update company.marketing_email set sent = 1300, delivered = 1261, opened = 1200, bounced = 39 where email_id = 'eml-00';
            insert into company.touch (touch_id, person_id, entity_id, campaign_id, channel, touch_type, form_id, landing_page, utm_source, utm_medium, utm_campaign, occurred_at)
            select 'tch-c' || n, 'per-' || lpad(n::varchar, 6, '0'), 'uk', 'cmp-mail', 'email', 'email_click', null, 'https://firm.example/',
                'newsletter', 'email', if(n = 2, null, 'news'), if(n < 10, timestamp '2026-05-10 10:00:00', timestamp '2026-07-02 10:00:00') + to_hours(n::integer)
            from range(1, 13) r (n)
            union all
            select 'tch-w' || n, 'per-' || lpad((n % 10)::varchar, 6, '0'), 'uk', 'cmp-web', 'webinar', 'webinar_attended', null, '', 'webinar', 'webinar', 'show',
                if(n < 10, timestamp '2026-06-10 10:00:00', timestamp '2026-07-03 10:00:00') + to_hours(n::integer)
            from (select unnest([1, 3, 4, 11, 13]) as n)
            union all
            select 'tch-f2', 'per-000002', 'uk', 'cmp-web', 'webinar', 'form_submission', 'frm-uk-webinar', '', 'webinar', 'webinar', 'show', timestamp '2026-06-11 10:00:00';
            insert into company.form values ('frm-uk-webinar', 'uk', 'Register', 'https://firm.example/webinar', timestamp '2026-01-01 08:00:00');
            insert into company.opportunity
                (opportunity_id, entity_id, organization_id, primary_person_id, name, kind, amount, currency, created_at, updated_at, outcome, closed_at)
            values ('opp-1', 'uk', 'org-1', 'per-000001', 'Deal 1', 'new', 100, 'GBP', timestamp '2026-06-12 09:00:00', timestamp '2026-06-20 09:00:00', 'won', timestamp '2026-06-20 09:00:00'),
                ('opp-2', 'uk', 'org-1', 'per-000005', 'Deal 2', 'new', 100, 'GBP', timestamp '2026-06-12 09:00:00', timestamp '2026-06-12 09:00:00', null, null);
            insert into company.opportunity_person values ('opp-1', 'per-000002', 'user');
            insert into company.opportunity_stage values
                ('opp-1', 'qualification', timestamp '2026-06-12 09:00:00'), ('opp-1', 'proposal', timestamp '2026-06-15 09:00:00'),
                ('opp-1', 'closedwon', timestamp '2026-06-20 09:00:00'), ('opp-2', 'qualification', timestamp '2026-06-12 09:00:00'),
                ('opp-2', 'proposal', timestamp '2026-07-04 09:00:00');
        """)
        db.execute("use memory; detach firm")
    return path


@pytest.fixture(scope="module")
def running(firm: Path) -> Iterator[RunningSandbox]:
    with RunningSandbox(Shown(company=firm, limits=False)) as running:
        yield running


@pytest.fixture(scope="module")
def called(running: RunningSandbox) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=f"{running.url}/hubspot", headers=headers, timeout=30) as client:
        yield client


def asked(client: httpx.Client, path: str, **query: object) -> Row:
    found: Row = client.get(path, params={name: str(value) for name, value in query.items()}).raise_for_status().json()
    return found


def log(client: httpx.Client, limit: int = 1000, **query: object) -> list[Row]:
    """The event log, page by page."""
    page = asked(client, EVENTS, limit=limit, **query)
    events: list[Row] = page["events"]
    while page["hasMore"]:
        page = asked(client, EVENTS, limit=limit, offset=page["offset"], **query)
        assert page["events"]
        events += page["events"]
    return events


def test_the_event_log_comes_newest_first_over_all_pages_and_agrees_with_the_counts(called: httpx.Client) -> None:
    events = log(called)
    assert len({event["id"] for event in events}) == len(events) > 3 * 1000
    moments = [event["created"] for event in events]
    assert moments == sorted(moments, reverse=True)
    assert {event["type"] for event in events} == {"SENT", "DELIVERED", "BOUNCE", "OPEN", "CLICK", "STATUSCHANGE"}
    first = asked(called, "/marketing/v3/emails", limit=1, includeStats="true")["results"][0]
    of_first = [event for event in events if event["emailCampaignId"] == int(first["primaryEmailCampaignId"])]
    people = {
        kind: {event["recipient"] for event in of_first if event["type"] == kind}
        for kind in ("SENT", "DELIVERED", "BOUNCE", "OPEN")
    }
    counters = first["stats"]["counters"]
    assert [len(people[kind]) for kind in people] == [counters[name] for name in ("sent", "delivered", "bounce", "open")]
    assert not people["BOUNCE"] & people["OPEN"]


def test_the_log_is_asked_by_type_reader_sending_and_time(called: httpx.Client) -> None:
    clicks = log(called, eventType="CLICK", limit=2)
    assert len(clicks) == 9
    assert {"?utm_source=newsletter&utm_medium=email&utm_campaign=news" in click["url"] for click in clicks} == {True, False}
    mine = log(called, recipient="p4@buyer.example", eventType="CLICK")
    assert [click["recipient"] for click in mine] == ["p4@buyer.example"]
    one = mine[0]
    assert asked(called, f"{EVENTS}/{one['created']}/{one['id']}") == one
    assert log(called, eventType="CLICK", startTimestamp=one["created"], endTimestamp=one["created"]) == [one]
    sending = asked(called, f"/email/public/v1/campaigns/{one['emailCampaignId']}", appId=one["appId"])
    assert len(log(called, campaignId=sending["id"], appId=one["appId"], eventType="SENT")) == sending["counters"]["sent"] == 100
    listed = asked(called, "/email/public/v1/campaigns", limit=1000)
    assert not listed["hasMore"]
    assert sending["id"] in {campaign["id"] for campaign in listed["campaigns"]}
    assert len(listed["campaigns"]) == asked(called, "/marketing/v3/emails")["total"] == 12


@pytest.mark.parametrize(
    ("path", "status", "category"),
    [
        (f"{EVENTS}?limit=1001", 400, "VALIDATION_ERROR"),
        (f"{EVENTS}?campaignId=1", 400, "VALIDATION_ERROR"),
        (f"{EVENTS}?eventType=CLICKED", 400, "VALIDATION_ERROR"),
        (f"{EVENTS}?offset=elsewhere", 400, "VALIDATION_ERROR"),
        (f"{EVENTS}/1/none", 404, "OBJECT_NOT_FOUND"),
        ("/email/public/v1/campaigns/7", 404, "OBJECT_NOT_FOUND"),
        ("/marketing/v3/marketing-events/7", 404, "OBJECT_NOT_FOUND"),
        ("/marketing/v3/marketing-events/participations/7/breakdown", 404, "OBJECT_NOT_FOUND"),
        ("/marketing/v3/campaigns/7/reports/revenue", 404, "OBJECT_NOT_FOUND"),
        ("{campaign}/reports/revenue?attributionModel=FAIR", 400, "VALIDATION_ERROR"),
        ("{campaign}/reports/metrics?startDate=June", 400, "VALIDATION_ERROR"),
        ("{campaign}/reports/contacts/everybody", 400, "VALIDATION_ERROR"),
        ("{campaign}/assets/DREAM", 400, "VALIDATION_ERROR"),
    ],
)
def test_what_cannot_be_asked_is_refused(called: httpx.Client, path: str, status: int, category: str) -> None:
    campaign = f"/marketing/v3/campaigns/{asked(called, '/marketing/v3/campaigns')['results'][0]['id']}"
    answer = called.get(path.format(campaign=campaign))
    assert (answer.status_code, answer.json()["category"]) == (status, category)


def test_a_batch_of_campaigns_carries_the_first_assets_and_where_to_go_on(called: httpx.Client) -> None:
    ids = [row["id"] for row in asked(called, "/marketing/v3/campaigns")["results"]]
    body = {"inputs": [{"id": key} for key in (*ids, ids[0], "gone")]}
    answer = called.post("/marketing/v3/campaigns/batch/read", params={"properties": "hs_name,hs_owner"}, json=body)
    assert (answer.status_code, answer.json()["errors"][0]["context"]) == (207, {"ids": ["gone"]})
    told = {row["properties"]["hs_name"]: row for row in answer.json()["results"]}
    assert set(told) == {"News", "Show"}
    assert "hs_owner" not in told["News"]["properties"], "what is empty is left out"
    mails = told["News"]["assets"]["MARKETING_EMAIL"]
    assert len(mails["results"]) == 10
    rest = called.get(mails["paging"]["next"]["link"]).raise_for_status().json()["results"]
    assert len({asset["id"] for asset in (*mails["results"], *rest)}) == 12
    assert [asset["name"] for asset in told["Show"]["assets"]["MARKETING_EVENT"]["results"]] == ["Show"]
    span = {"startDate": "2026-01-01", "endDate": "2026-12-31"}
    (show,) = asked(called, f"/marketing/v3/campaigns/{told['Show']['id']}/assets/MARKETING_EVENT", **span)["results"]
    assert show["metrics"] == {"registrants": 1, "attendees": 3}
    too_many = called.post("/marketing/v3/campaigns/batch/read", json={"inputs": [{"id": str(n)} for n in range(51)]})
    assert too_many.status_code == 400


def test_revenue_of_a_deal_is_shared_by_the_campaigns_in_every_model(called: httpx.Client) -> None:
    """News was clicked by both people of the deal, Show was seen by one and asked for by the other: a deal of 100 has four meetings."""
    ids = {
        row["properties"]["hs_name"]: row["id"] for row in asked(called, "/marketing/v3/campaigns", properties="hs_name")["results"]
    }
    revenue: dict[str, dict[str, Row]] = {
        model: {
            name: asked(called, f"/marketing/v3/campaigns/{key}/reports/revenue", attributionModel=model)
            for name, key in ids.items()
        }
        for model in MODELS
    }
    for shares in revenue.values():
        assert sum(share["revenueAmount"] for share in shares.values()) == 100
        assert all(share["dealAmount"] == 100 * share["dealsNumber"] for share in shares.values())
    assert {name: share["revenueAmount"] for name, share in revenue["LINEAR"].items()} == {"News": 50, "Show": 50}
    assert revenue["LINEAR"]["News"]["contactsNumber"] == 2
    assert revenue["FIRST_INTERACTION"]["News"]["revenueAmount"] == revenue["LAST_INTERACTION"]["Show"]["revenueAmount"] == 100
    later = asked(called, f"/marketing/v3/campaigns/{ids['News']}/reports/revenue", startDate="2026-06-21")
    assert (later["dealsNumber"], later["revenueAmount"], later["currencyCode"]) == (0, 0, "GBP")
    metrics = asked(called, f"/marketing/v3/campaigns/{ids['News']}/reports/metrics")
    assert metrics == {"sessions": 9, "influencedContacts": 9, "newContactsFirstTouch": 9, "newContactsLastTouch": 9}
    page = asked(called, f"/marketing/v3/campaigns/{ids['News']}/reports/contacts/influencedContacts", limit=5)
    rest = called.get(page["paging"]["next"]["link"]).json()["results"]
    assert len({row["id"] for row in (*page["results"], *rest)}) == 9


def test_the_vendors_client_reads_marketing_events_and_who_was_there(running: RunningSandbox) -> None:
    events = HubSpot(access_token=TOKEN, host=f"{running.url}/hubspot").marketing.events
    (show,) = events.basic_api.get_all().results
    assert (show.event_name, show.event_type, show.registrants, show.attendees) == ("Show", "WEBINAR", 1, 3)
    assert events.basic_api.get_by_object_id(show.object_id).event_name == "Show"
    parts = events.retrieve_participant_state_api
    page = parts.get_participations_breakdown_by_marketing_event_id(int(show.object_id), state="ATTENDED", limit=2)
    assert (page.total, len(page.results)) == (3, 2)
    rest = parts.get_participations_breakdown_by_marketing_event_id(
        int(show.object_id), state="ATTENDED", limit=2, after=page.paging.next.after
    )
    assert {one.associations.contact.email for one in (*page.results, *rest.results)} == {f"P{n}@buyer.example" for n in (1, 3, 4)}
    (registered,) = parts.get_participations_breakdown_by_contact_id("p2@buyer.example").results
    assert registered.properties.attendance_state == "REGISTERED"
    counters = parts.get_participations_counters_by_marketing_event_id(int(show.object_id))
    assert (counters.attended, counters.registered, counters.no_shows) == (3, 1, 0)


@pytest.mark.parametrize(
    ("scope", "path"),
    [
        ("marketing.campaigns.revenue.read", "/marketing/v3/campaigns/x/reports/revenue"),
        ("marketing.campaigns.read", "/marketing/v3/campaigns"),
        ("marketing.campaigns.read", "/marketing/campaigns/2026-03"),
        ("crm.objects.marketing_events.read", "/marketing/v3/marketing-events"),
        ("content", EVENTS),
        ("content", "/marketing/v3/emails"),
        ("forms", "/marketing/v3/forms"),
    ],
)
def test_what_an_app_was_not_granted_it_may_not_read(firm: Path, scope: str, path: str) -> None:
    import asyncio

    store, clock = HubSpotStore(firm, "uk"), VirtualClock(HORIZON)
    api = HubSpotApi(store, clock, limits=False)
    api.scopes = [one for one in api.scopes if one != scope]

    async def ask() -> httpx.Response:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=api.app()), base_url="http://here", headers=headers
        ) as client:
            return await client.get(path)

    answer = asyncio.run(ask())
    assert (answer.status_code, answer.json()["category"]) == (403, "MISSING_SCOPES")
    assert answer.json()["errors"][0]["context"] == {"requiredGranularScopes": [scope]}


def told(hub: Hub) -> dict[str, list[tuple[Any, ...]]]:
    return hub.told("hubspot", *MARKETING)


@pytest.mark.heavy
def test_only_what_is_new_travels_and_the_result_is_that_of_a_full_load(firm: Path, tmp_path: Path) -> None:
    with RunningSandbox(Shown(company=firm, limits=False)) as running:
        controls = Controls(running.url, "hubspot")
        hub = Hub(tmp_path / "hub", running.url, {"hubspot"})
        first = hub.load()
        assert first["email_events"] > 1000, "more than a page of the log holds"
        assert hub.query("select distinct type from hubspot.email_events order by all") == [
            ("BOUNCE",),
            ("CLICK",),
            ("OPEN",),
            ("STATUSCHANGE",),
        ]
        assert hub.query("select count(*) from hubspot.campaign_assets where asset_type = 'MARKETING_EMAIL'") == [(12,)]
        assert hub.query("select sum(revenue_amount)::integer from hubspot.campaign_revenue") == [(100,)]
        history = "select stage.value from hubspot.deal_stage_history stage join hubspot.deals deal on deal.id = deal_id where dealname = 'Deal 1' order by entry"
        assert hub.query(history) == [("qualification",), ("proposal",), ("closedwon",)]
        assert hub.query("select undeclared_fields from hubspot.extraction where undeclared_fields <> ''") == []
        controls.log()
        assert hub.load() == {}
        paths = [call["path"] for call in controls.log()]
        assert not [path for path in paths if "/reports/" in path or "/participations/" in path], "once a day"
        assert len([path for path in paths if path.endswith("/v1/events")]) == 6, "a page of each type"

        controls.advance(5)
        second = hub.load()
        assert (second["deals"], second["deal_stage_history"]) == (1, 2)
        assert second["marketing_event_participations"] == 6, "of the event that changed, all of them"
        assert 0 < second["email_events"] < first["email_events"] / 5
        assert hub.query("select count(*) from hubspot.email_events where type = 'CLICK'") == [(12,)]
        with (hub.home / "hub.toml").open("a") as file:
            file.write("hours_between_sweeps = 0\n")
        hub.load()
        controls.advance(60)  # by then numbers 3 and 4 are one contact, which changes no count of the webinar
        hub.load()
        whole = Hub(tmp_path / "whole", running.url, {"hubspot"})
        whole.load()
        assert told(hub) == told(whole)
        assert hub.query("select count(distinct id) = count(*) from hubspot.email_events") == [(True,)]
        contacts = "select count(distinct contact_id), count(*) from hubspot.marketing_event_participations where attendance_state = 'ATTENDED'"
        assert hub.query(contacts) == [(2, 5)]


@pytest.mark.heavy
def test_a_listing_that_may_not_be_read_is_named_and_the_others_go_on(firm: Path, tmp_path: Path) -> None:
    with RunningSandbox(Shown(company=firm, limits=False)) as running:
        hub = Hub(tmp_path, running.url, {"hubspot"})
        Controls(running.url, "hubspot").fault(kind="forbidden", path="*/email/public/v1/events")
        rows = hub.load()
        assert "email_events" not in rows
        assert rows["marketing_events"] == 1
        assert hub.load()["email_events"] > 1000, "the next extraction has them"
        assert all(finding.ok for finding in hub.check("hubspot_uk"))


def page_of(*ids: int, more: bool, offset: str = "") -> bytes:
    events = [{"id": str(n), "created": n, "type": "OPEN"} for n in ids]
    return json.dumps({"events": events, "hasMore": more, "offset": offset}).encode()


@pytest.mark.parametrize(
    ("bodies", "trouble"),
    [
        ([page_of(2, more=True, offset="a"), page_of(2, more=True, offset="a")], PagingLoop),
        ([page_of(2, more=True)], MalformedReply),
        ([b'{"message": "all is well"}'], MalformedReply),
    ],
)
def test_a_log_that_does_not_go_on_as_it_says_is_refused(bodies: list[bytes], trouble: type[Exception]) -> None:
    actions = [say(http(body, "200 OK")) for body in bodies]
    with (
        FaultServer(actions) as server,
        ApiClient("firm", server.url, NoAuth(), Policy(retries=0), sleep=lambda _seconds: None) as api,
        pytest.raises(trouble),
    ):
        list(pages.log(api, "email/public/v1/events", {}))

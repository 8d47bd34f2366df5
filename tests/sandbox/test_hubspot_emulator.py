"""The vendor's own client reads the emulator, with nothing changed but the address."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import httpx
import pytest
from hubspot import HubSpot
from hubspot.crm.associations.v4 import BatchInputPublicFetchAssociationsBatchRequest, PublicFetchAssociationsBatchRequest
from hubspot.crm.contacts import ApiException, Filter, FilterGroup, PublicObjectSearchRequest
from hubspot.oauth import TokensApi
from hubspot.oauth.api_client import ApiClient as TokenClient
from hubspot.oauth.configuration import Configuration as TokenConfiguration

from sandbox.server import RunningSandbox, Shown
from sandbox.vendors.hubspot.app import HubSpotApi
from sandbox.vendors.hubspot.store import HubSpotStore
from sandbox.vendors.wire import VirtualClock

TOKEN = "sandbox-hubspot-token"
JULY = datetime(2026, 7, 1, tzinfo=UTC)


def client(url: str, token: str = TOKEN) -> HubSpot:
    """hubspot-api-client, pointed at the emulator; its answers are validated against the vendor's schemas."""
    return HubSpot(access_token=token, host=f"{url}/hubspot")


@pytest.fixture
def hubspot(group: RunningSandbox) -> HubSpot:
    return client(group.url)


def _since(moment: datetime, name: str = "lastmodifieddate") -> PublicObjectSearchRequest:
    changed = Filter(property_name=name, operator="GTE", value=str(int(moment.timestamp() * 1000)))
    return PublicObjectSearchRequest(
        filter_groups=[FilterGroup(filters=[changed])], sorts=["hs_object_id"], limit=200, after="0", properties=["email"]
    )


def _all(read: object, **options: object) -> Iterator[object]:
    after = None
    while True:
        page = read(limit=100, after=after, **options)
        yield from page.results
        if page.paging is None:
            return
        after = page.paging.next.after


def test_a_refresh_token_gives_an_access_token_that_the_crm_accepts(group: RunningSandbox) -> None:
    tokens = TokensApi(TokenClient(TokenConfiguration(host=f"{group.url}/hubspot")))
    answer = tokens.create(
        grant_type="refresh_token", client_id="sandbox-client", client_secret="sandbox-secret", refresh_token="sandbox-refresh-0"
    )
    assert answer.expires_in == 1800
    assert client(group.url, answer.access_token).crm.owners.owners_api.get_page(limit=1).results


def test_every_contact_comes_once_over_all_pages(hubspot: HubSpot, meridian: Path) -> None:
    contacts = list(_all(hubspot.crm.contacts.basic_api.get_page, properties=["email", "hs_merged_object_ids"]))
    losers = {int(one) for contact in contacts for one in (contact.properties["hs_merged_object_ids"] or "").split(";") if one}
    with duckdb.connect() as connection:
        connection.execute(f"attach '{meridian}' as meridian (read_only)")
        people = connection.execute("""
            select count(distinct person_id) from meridian.company.lead where entity_id = 'uk' and created_at <= timestamp '2026-06-30 23:59:59'
        """).fetchone()[0]

    assert len({contact.id for contact in contacts}) == len(contacts)
    assert len(contacts) + len(losers) == people


def test_deals_come_with_their_associations_and_exact_amounts(hubspot: HubSpot) -> None:
    deals = list(
        _all(hubspot.crm.deals.basic_api.get_page, properties=["amount", "dealstage"], associations=["contacts", "companies"])
    )
    assert any("contacts" in (deal.associations or {}) for deal in deals)
    assert all(Decimal(deal.properties["amount"]) > 0 for deal in deals)
    won = [deal for deal in deals if deal.properties["dealstage"] == "closedwon"]
    assert 0 < len(won) < len(deals)


def test_deleted_deals_are_in_the_archived_list_alone(hubspot: HubSpot) -> None:
    archived = list(_all(hubspot.crm.deals.basic_api.get_page, archived=True))
    assert archived
    assert all(deal.archived and deal.archived_at for deal in archived)
    living = {deal.id for deal in _all(hubspot.crm.deals.basic_api.get_page)}
    assert living.isdisjoint(deal.id for deal in archived)


def test_a_search_by_change_is_sorted_counted_and_paged(hubspot: HubSpot) -> None:
    request = _since(datetime(2026, 1, 1, tzinfo=UTC))
    first = hubspot.crm.contacts.search_api.do_search(request)
    assert first.total > 0
    ids = [int(contact.id) for contact in first.results]
    assert ids == sorted(ids)
    assert all(contact.updated_at >= datetime(2026, 1, 1, tzinfo=UTC) for contact in first.results)


def test_associations_are_read_in_batches_and_lonely_objects_are_named(hubspot: HubSpot) -> None:
    deals = hubspot.crm.deals.basic_api.get_page(limit=3).results
    wanted = BatchInputPublicFetchAssociationsBatchRequest(
        inputs=[*(PublicFetchAssociationsBatchRequest(id=deal.id) for deal in deals), PublicFetchAssociationsBatchRequest(id="999")]
    )
    answer = hubspot.crm.associations.v4.batch_api.get_page("deals", "companies", wanted)
    assert len(answer.results) == 3
    assert answer.num_errors == 1
    assert answer.errors[0].context["fromObjectId"] == ["999"]
    kinds = {kind.type_id for tie in answer.results for to in tie.to for kind in to.association_types}
    assert kinds == {5, 341}
    single = hubspot.crm.associations.v4.basic_api.get_page("deals", deals[0].id, "companies")
    assert single.results[0].association_types


def test_owners_pipelines_properties_and_line_items_are_read_by_the_vendors_client(hubspot: HubSpot) -> None:
    assert hubspot.crm.owners.owners_api.get_page(limit=100).results
    stages = hubspot.crm.pipelines.pipelines_api.get_all("deals").results[0].stages
    assert [stage.metadata["isClosed"] for stage in stages].count("true") == 2
    names = {one.name for one in hubspot.crm.properties.core_api.get_all("contacts").results}
    assert {"email", "lastmodifieddate", "hs_analytics_source"} <= names
    assert hubspot.crm.line_items.basic_api.get_page(limit=5, properties=["amount"]).results


def test_emails_campaigns_and_forms_are_read_by_the_vendors_client(hubspot: HubSpot) -> None:
    emails = hubspot.marketing.emails.marketing_emails_api.get_page(limit=5, include_stats=True)
    assert emails.total > 0
    assert emails.results[0].stats.counters["sent"] > emails.results[0].stats.counters["click"]
    assert hubspot.marketing.forms.forms_api.get_page().results


def test_campaigns_carry_budget_and_spend_that_add_up(group: RunningSandbox) -> None:
    with httpx.Client(base_url=f"{group.url}/hubspot", headers={"Authorization": f"Bearer {TOKEN}"}) as http:
        campaign = http.get(
            "/marketing/v3/campaigns", params={"properties": "hs_name,hs_spend_items_sum_amount", "limit": "1"}
        ).json()["results"][0]
        totals = http.get(f"/marketing/v3/campaigns/{campaign['id']}/budget/totals").json()
        missing = http.get("/marketing/v3/campaigns/00000000-0000-0000-0000-000000000000/budget/totals")
    assert (
        round(sum(item["amount"] for item in totals["spendItems"]), 2)
        == totals["spendTotal"]
        == float(campaign["properties"]["hs_spend_items_sum_amount"])
    )
    assert missing.status_code == 404


def test_submissions_of_a_form_come_newest_first_without_gap_or_repeat(group: RunningSandbox) -> None:
    with httpx.Client(base_url=f"{group.url}/hubspot", headers={"Authorization": f"Bearer {TOKEN}"}) as http:
        form = http.get("/marketing/v3/forms").json()["results"][0]["id"]
        found, after = [], None
        while True:
            page = http.get(
                f"/form-integrations/v1/submissions/forms/{form}", params={"limit": "50"} | ({"after": after} if after else {})
            ).json()
            found += page["results"]
            if "paging" not in page:
                break
            after = page["paging"]["next"]["after"]
    moments = [one["submittedAt"] for one in found]
    assert len({one["conversionId"] for one in found}) == len(found) > 50
    assert moments == sorted(moments, reverse=True)


@pytest.mark.heavy
def test_time_brings_changes_that_a_search_finds(meridian: Path) -> None:
    with RunningSandbox(Shown(company=meridian, limits=False)) as running:
        hubspot = client(running.url)
        assert hubspot.crm.contacts.search_api.do_search(_since(JULY)).total == 0
        httpx.post(f"{running.url}/_sandbox/advance", json={"days": 10})
        changed = hubspot.crm.contacts.search_api.do_search(_since(JULY))
        everyone = list(_all(hubspot.crm.contacts.basic_api.get_page))
    assert 0 < changed.total < len(everyone) / 5
    assert {one.id for one in changed.results} <= {one.id for one in everyone}


@pytest.mark.parametrize(
    ("call", "status", "category"),
    [
        (("GET", "/crm/v3/objects/contacts?limit=101", None), 400, "VALIDATION_ERROR"),
        (("GET", "/crm/v3/objects/spaceships", None), 400, "VALIDATION_ERROR"),
        (("GET", "/crm/v3/objects/deals/1", None), 404, "OBJECT_NOT_FOUND"),
        (("POST", "/crm/v3/objects/contacts/search", {"limit": 201}), 400, "VALIDATION_ERROR"),
        (("POST", "/crm/v3/objects/contacts/search", {"limit": 200, "after": "9900"}), 400, "VALIDATION_ERROR"),
        (("POST", "/crm/v3/objects/contacts/search", {"sorts": ["a", "b"]}), 400, "VALIDATION_ERROR"),
        (
            (
                "POST",
                "/crm/v3/objects/contacts/search",
                {"filterGroups": [{"filters": [{"propertyName": "nope", "operator": "EQ", "value": "1"}]}]},
            ),
            400,
            "VALIDATION_ERROR",
        ),
    ],
)
def test_what_the_vendor_refuses_is_refused_in_its_words(
    group: RunningSandbox, call: tuple[str, str, object], status: int, category: str
) -> None:
    method, path, body = call
    answer = httpx.request(method, f"{group.url}/hubspot{path}", json=body, headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == status
    assert answer.json()["category"] == category
    assert answer.json()["correlationId"]


def test_a_wrong_token_is_refused(group: RunningSandbox) -> None:
    with pytest.raises(ApiException) as refused:
        client(group.url, "wrong").crm.contacts.basic_api.get_page(limit=1)
    assert refused.value.status == 401


@pytest.mark.heavy
def test_the_limit_of_ten_seconds_and_that_of_searches_are_real(meridian: Path) -> None:
    with RunningSandbox(Shown(company=meridian)) as running, httpx.Client(headers={"Authorization": f"Bearer {TOKEN}"}) as http:
        answers = [http.get(f"{running.url}/hubspot/crm/v3/owners") for _ in range(400)]
        searches = [http.post(f"{running.url}/hubspot/crm/v3/objects/contacts/search", json={}) for _ in range(12)]
    limited = [answer for answer in answers if answer.status_code == 429]
    assert limited, "two windows of ten seconds hold 380 calls at most"
    assert limited[0].json()["policyName"] == "TEN_SECONDLY_ROLLING"
    assert "X-HubSpot-RateLimit-Remaining" in answers[0].headers
    assert {answer.json().get("policyName") for answer in searches if answer.status_code == 429} <= {
        "SECONDLY",
        "TEN_SECONDLY_ROLLING",
    }


def test_a_search_that_ends_before_the_cap_tells_how_to_go_on(meridian: Path) -> None:
    """The cap itself, at a size that a small account reaches."""
    store = HubSpotStore(meridian, entity="uk")
    clock = VirtualClock(datetime(2026, 6, 30, tzinfo=UTC))
    store.move(clock.horizon)
    api = HubSpotApi(store, clock, limits=False, search_cap=400)
    transport = httpx.ASGITransport(app=api.app())

    async def ask(after: int) -> httpx.Response:
        async with httpx.AsyncClient(
            transport=transport, base_url="http://here", headers={"Authorization": f"Bearer {TOKEN}"}
        ) as http:
            return await http.post("/crm/v3/objects/contacts/search", json={"limit": 200, "after": str(after)})

    import asyncio

    within, beyond = asyncio.run(ask(200)), asyncio.run(ask(400))
    assert within.json()["paging"]["next"]["after"] == "400"
    assert beyond.status_code == 400
    assert "limited to 400" in beyond.json()["message"]

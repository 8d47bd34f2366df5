"""Every kind of answer is valid for the vendor's own client, which checks what it reads against the vendor's schemas."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hubspot import HubSpot
from hubspot.crm.associations.v4 import BatchInputPublicFetchAssociationsBatchRequest, PublicFetchAssociationsBatchRequest
from hubspot.crm.objects import (
    ApiException,
    BatchReadInputSimplePublicObjectId,
    Filter,
    FilterGroup,
    PublicObjectSearchRequest,
    SimplePublicObjectId,
)

from sandbox.server import RunningSandbox

TYPES = ("contacts", "companies", "deals", "line_items", "products", "meetings", "calls")


@pytest.fixture(scope="module")
def hubspot(group: RunningSandbox) -> HubSpot:
    return HubSpot(access_token="sandbox-hubspot-token", host=f"{group.url}/hubspot")


@pytest.mark.parametrize("kind", TYPES)
def test_objects_are_listed_read_searched_and_described(hubspot: HubSpot, kind: str) -> None:
    names = [one.name for one in hubspot.crm.properties.core_api.get_all(kind).results]
    page = hubspot.crm.objects.basic_api.get_page(kind, limit=3, properties=names)
    first = page.results[0]
    assert first.properties.keys() == set(names)
    assert page.paging.next.after
    assert hubspot.crm.objects.basic_api.get_by_id(kind, first.id).created_at == first.created_at
    assert hubspot.crm.properties.core_api.get_by_name(kind, names[0]).name == names[0]
    modified = Filter(
        property_name="lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate",
        operator="BETWEEN",
        value=str(int(first.updated_at.timestamp() * 1000)),
        high_value=first.updated_at.isoformat(),
    )
    request = PublicObjectSearchRequest(filter_groups=[FilterGroup(filters=[modified])], properties=["hs_object_id"], limit=200)
    assert first.id in {row.id for row in hubspot.crm.objects.search_api.do_search(kind, request).results}


def test_a_batch_carries_history_and_names_what_is_missing(hubspot: HubSpot) -> None:
    won = next(
        deal
        for deal in hubspot.crm.deals.get_all()
        if deal.properties["dealstage"] == "closedwon" and "new" in deal.properties["dealname"]
    )
    wanted = [SimplePublicObjectId(id=won.id), SimplePublicObjectId(id="12")]
    order = BatchReadInputSimplePublicObjectId(
        inputs=wanted, properties=["amount"], properties_with_history=["dealstage", "amount"]
    )
    answer = hubspot.crm.objects.batch_api.read("deals", order)
    assert (answer.status, answer.num_errors, answer.errors[0].context) == ("COMPLETE", 1, {"ids": ["12"]})
    history = answer.results[0].properties_with_history
    moments = [value.timestamp for value in history["dealstage"]]
    assert history["dealstage"][0].value == "closedwon"
    assert len(moments) > 1
    assert moments == sorted(moments, reverse=True)
    assert [value.value for value in history["amount"]] == [answer.results[0].properties["amount"]]


def test_objects_come_with_what_they_are_tied_to(hubspot: HubSpot) -> None:
    deals = hubspot.crm.deals.get_all(associations=["contacts", "companies", "line_items"])
    tied = next(deal for deal in deals if len(deal.associations or {}) == 3)
    assert tied.associations.keys() == {"contacts", "companies", "line items"}, "with a space, as the vendor has it"
    assert {row.type for row in tied.associations["companies"].results} == {"deal_to_company", "deal_to_company_unlabeled"}
    inputs = BatchInputPublicFetchAssociationsBatchRequest(
        inputs=[PublicFetchAssociationsBatchRequest(id=deal.id) for deal in deals]
    )
    lines = hubspot.crm.associations.v4.batch_api.get_page("deals", "line_items", inputs).results
    inline = {(deal.id, row.id) for deal in deals for row in (deal.associations or {}).get("line items", _NOTHING).results}
    assert {(row._from.id, to.to_object_id) for row in lines for to in row.to} == inline
    single = hubspot.crm.associations.v4.basic_api.get_page("deals", tied.id, "companies", limit=1).results[0]
    assert [(kind.category, kind.type_id, kind.label) for kind in single.association_types] == [
        ("HUBSPOT_DEFINED", 5, "Primary"),
        ("HUBSPOT_DEFINED", 341, None),
    ]


class _Nothing:
    results: list[object] = []


_NOTHING = _Nothing()


def test_owners_and_pipelines_are_read_whole_and_singly(hubspot: HubSpot) -> None:
    living = hubspot.crm.owners.owners_api.get_page(limit=500).results
    gone = hubspot.crm.owners.owners_api.get_page(limit=500, archived=True).results
    assert living
    assert {owner.archived for owner in living} == {False}
    assert {owner.id for owner in living}.isdisjoint(owner.id for owner in gone)
    assert hubspot.crm.owners.owners_api.get_by_id(int(living[0].id)).email == living[0].email
    (pipeline,) = hubspot.crm.pipelines.pipelines_api.get_all("deals").results
    assert hubspot.crm.pipelines.pipelines_api.get_by_id("deals", pipeline.id).label == pipeline.label
    stages = hubspot.crm.pipelines.pipeline_stages_api.get_all("deals", pipeline.id).results
    assert [stage.display_order for stage in stages] == list(range(6))
    deals = hubspot.crm.deals.get_all(properties=["dealstage", "hubspot_owner_id"])
    assert {deal.properties["dealstage"] for deal in deals} <= {stage.id for stage in stages}
    assert {deal.properties["hubspot_owner_id"] for deal in deals} <= {owner.id for owner in [*living, *gone]}


def test_emails_forms_and_tokens_are_read_whole_and_singly(hubspot: HubSpot, group: RunningSandbox) -> None:
    emails = hubspot.marketing.emails
    page = emails.marketing_emails_api.get_page(limit=100, include_stats=True)
    one = emails.marketing_emails_api.get_by_id(page.results[0].id, include_stats=True)
    assert one.stats.counters == page.results[0].stats.counters
    span = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    sums = emails.statistics_api.get_emails_list(start_timestamp=span[0].isoformat(), end_timestamp=span[1].isoformat())
    assert len(sums.emails) == page.total
    assert sums.aggregate.counters["sent"] == sum(part.counters["sent"] for part in sums.campaign_aggregations.values())
    form = hubspot.marketing.forms.forms_api.get_page(limit=1).results[0]
    assert hubspot.marketing.forms.forms_api.get_by_id(form.id).name == form.name
    oauth = HubSpot(host=f"{group.url}/hubspot").oauth
    token = oauth.tokens_api.create(
        grant_type="refresh_token", client_id="sandbox-client", client_secret="sandbox-secret", refresh_token="sandbox-refresh-0"
    )
    about = oauth.access_tokens_api.get(token.access_token)
    assert about.token == token.access_token
    assert 0 < about.expires_in <= token.expires_in
    assert oauth.refresh_tokens_api.get(token.refresh_token).client_id == "sandbox-client"


def test_refusals_reach_the_callers_of_the_client(hubspot: HubSpot) -> None:
    with pytest.raises(ApiException) as refused:
        hubspot.crm.objects.search_api.do_search("deals", PublicObjectSearchRequest(limit=200, after="10000"))
    assert refused.value.status == 400

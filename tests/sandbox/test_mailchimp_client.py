"""The vendor's own client reads the emulator, with nothing changed but the address."""

from __future__ import annotations

from pathlib import Path

import pytest
from mailchimp_marketing import Client
from mailchimp_marketing.api_client import ApiClientError

from sandbox.vendors import mailchimp
from sandbox.vendors.mailchimp.app import API_KEY
from tests.sandbox.mailchimp import write_firm
from tests.sandbox.serving import serving


def client_of(url: str, key: str = API_KEY) -> Client:
    client = Client()
    client.set_config({"api_key": key, "server": "us6"})
    client.api_client.host = f"{url}/mailchimp/3.0"
    return client


def test_the_vendors_client_reads_everything(tmp_path: Path) -> None:
    with serving(mailchimp, write_firm(tmp_path / "firm.duckdb")) as (url, _):
        client = client_of(url)
        assert client.ping.get() == {"health_status": "Everything's Chimpy!"}
        assert client.root.get_root()["account_name"] == "BrightForms LLC"
        (audience,) = client.lists.get_all_lists()["lists"]
        members = client.lists.get_list_members_info(audience["id"], count=1000, status="subscribed")
        assert len(members["members"]) == members["total_items"] == audience["stats"]["member_count"]
        one = members["members"][0]
        assert client.lists.get_list_member(audience["id"], one["id"]) == one
        campaigns = client.campaigns.list(count=1000, fields=["campaigns.id", "campaigns.status", "total_items"])
        sent = [row["id"] for row in campaigns["campaigns"] if row["status"] == "sent"]
        assert client.campaigns.get(sent[0])["settings"]["title"] == "Spring #1"
        reports = client.reports.get_all_campaign_reports(count=1000)
        assert [row["id"] for row in reports["reports"]] == sent
        report = client.reports.get_campaign_report(sent[1])
        assert report["ecommerce"]["total_orders"] == 1
        assert len(client.reports.get_email_activity_for_campaign(sent[1], count=1000)["emails"]) == 40
        assert client.reports.get_campaign_click_details(sent[1])["urls_clicked"]
        assert client.reports.get_unsubscribed_list_for_campaign(sent[0], count=1000)["total_items"] >= 0
        assert client.reports.get_campaign_recipients(sent[0], count=1000)["total_items"] == 40
        (shop,) = client.ecommerce.stores()["stores"]
        (order,) = client.ecommerce.get_store_orders(shop["id"])["orders"]
        assert client.ecommerce.orders(campaign_id=sent[1])["orders"] == [order]
        assert client.ecommerce.get_all_store_customers(shop["id"])["customers"][0]["orders_count"] == 1
        assert client.ecommerce.get_all_store_products(shop["id"])["products"][0]["id"] == "BF-FORMS"
        assert {row["settings"]["title"] for row in client.automations.list()["automations"]} == {
            "Welcome series",
            "Onboarding of new customers",
        }
        with pytest.raises(ApiClientError) as missing:
            client.campaigns.get("0")
        assert missing.value.status_code == 404
        assert "Resource Not Found" in missing.value.text
        with pytest.raises(ApiClientError) as refused:
            client_of(url, "wrong-us6").ping.get()
        assert refused.value.status_code == 401

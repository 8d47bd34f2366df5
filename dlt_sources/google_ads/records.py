"""What Google Ads tells of accounts, campaigns, ad groups and their cost. 64-bit numbers travel as strings, money in millionths."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from dlt_sources.ad_platforms import AdAccount, AdCampaign, AdGroup, Labelled, Platform, SpendDay, declare
from dlt_sources.records import Record
from dlt_sources.records.declare import Row

_MICROS = -6  # powers of ten
WITHOUT_AD_GROUPS = frozenset({"PERFORMANCE_MAX", "SMART", "LOCAL", "HOTEL", "TRAVEL"})
"""Types of campaigns whose cost, or part of it, no ad group has."""


class Wire(Record, rename="camel"):
    """Base of what carries the vendor's camelCase names."""


class Customer(Wire):
    """An account."""

    id: str
    descriptive_name: str | None = None
    currency_code: str | None = None
    time_zone: str | None = None


class Campaign(Wire):
    """A campaign; the API's versions before v23 tell days, the others moments."""

    id: str
    name: str | None = None
    status: str | None = None
    advertising_channel_type: str | None = None
    start_date: str | None = None
    end_date: str | None = None
    start_date_time: str | None = None
    end_date_time: str | None = None
    final_url_suffix: str | None = None


class CampaignBudget(Wire):
    """A campaign's budget: for the whole of it, where it has one of that kind."""

    total_amount_micros: Decimal | None = None


class Group(Wire):
    """An ad group."""

    id: str
    name: str | None = None
    status: str | None = None


class Segments(Wire):
    """What a row is divided by."""

    date: str


class Metrics(Wire):
    """What was counted."""

    cost_micros: Decimal
    impressions: str = "0"
    clicks: str = "0"
    conversions: Decimal | None = None
    conversions_value: Decimal | None = None


class CustomerRow(Wire):
    """A row of the resource customer."""

    customer: Customer


class CampaignRow(Labelled, rename="camel"):
    """A row of the resource campaign."""

    campaign: Campaign
    campaign_budget: CampaignBudget | None = None


class AdGroupRow(Labelled, rename="camel"):
    """A row of the resource ad_group."""

    campaign: Campaign
    ad_group: Group


class SpendRow(Labelled, rename="camel"):
    """A row of an ad group's or a campaign's day."""

    campaign: Campaign
    segments: Segments
    metrics: Metrics
    ad_group: Group | None = None


def _account(row: CustomerRow) -> Iterable[Row]:
    one = row.customer
    yield (AdAccount(account_id=one.id, account_name=one.descriptive_name, currency=one.currency_code, time_zone=one.time_zone),)


def _campaign(row: CampaignRow) -> Iterable[Row]:
    one, budget = row.campaign, row.campaign_budget.total_amount_micros if row.campaign_budget else None
    yield (
        AdCampaign(
            account_id=row.account,
            campaign_id=one.id,
            campaign_name=one.name,
            status=one.status,
            channel=one.advertising_channel_type,
            start_date=one.start_date_time or one.start_date,
            end_date=one.end_date_time or one.end_date,
            currency=row.account_currency,
            budget=budget.scaleb(_MICROS) if budget else None,
            url_tags=one.final_url_suffix,
        ),
    )


def _ad_group(row: AdGroupRow) -> Iterable[Row]:
    one = row.ad_group
    found = AdGroup(
        account_id=row.account, campaign_id=row.campaign.id, ad_group_id=one.id, ad_group_name=one.name, status=one.status
    )
    yield (found,)


def _spend(row: SpendRow) -> Iterable[Row]:
    told = row.metrics
    yield (
        SpendDay(
            platform="google_ads",
            account_id=row.account,
            campaign_id=row.campaign.id,
            ad_group_id=row.ad_group.id if row.ad_group else "",
            spend_date=row.segments.date,
            currency=row.account_currency,
            impressions=told.impressions,
            clicks=told.clicks,
            spend=told.cost_micros.scaleb(_MICROS),
            conversions=told.conversions,
            conversion_value=told.conversions_value,
        ),
    )


PLATFORM = Platform(
    name="google_ads",
    accounts=declare("accounts", CustomerRow, _account),
    campaigns=declare("campaigns", CampaignRow, _campaign),
    ad_groups=declare("ad_groups", AdGroupRow, _ad_group),
    spend=declare("spend", SpendRow, _spend),
)
TABLES = PLATFORM.tables

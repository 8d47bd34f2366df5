"""What Meta tells of ad accounts, campaigns, ad sets, ads and their insights. Every number travels as a string."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from dlt_sources.ad_platforms import AdAccount, AdCampaign, AdGroup, Labelled, Platform, SpendDay, TaggedAd, declare
from dlt_sources.records import Record
from dlt_sources.records.declare import Row

_WITHOUT_MINOR_UNIT = frozenset({"CLP", "COP", "CRC", "HUF", "ISK", "IDR", "JPY", "KRW", "PYG", "TWD", "VND"})
"""Currencies whose budgets are told in whole units: Meta's own list, which is not that of ISO 4217. All others are in hundredths."""


class AccountNode(Record):
    """An ad account."""

    account_id: str
    id: str | None = None
    name: str | None = None
    currency: str | None = None
    timezone_name: str | None = None


class CampaignNode(Labelled):
    """A campaign; ``lifetime_budget`` is in the smallest unit of the account's currency."""

    id: str
    name: str | None = None
    effective_status: str | None = None
    objective: str | None = None
    start_time: str | None = None
    stop_time: str | None = None
    lifetime_budget: Decimal | None = None


class AdSetNode(Labelled):
    """An ad set."""

    id: str
    campaign_id: str
    name: str | None = None
    effective_status: str | None = None


class Creative(Record):
    """What an ad shows."""

    id: str | None = None
    url_tags: str | None = None


class AdNode(Labelled):
    """An ad."""

    id: str
    campaign_id: str
    adset_id: str | None = None
    creative: Creative | None = None


class Action(Record):
    """Something that people did, and how often, or what it was worth."""

    action_type: str
    value: Decimal


class Insight(Labelled):
    """A day of an ad set; ``_actions`` are the types that count as conversions. Where there was no action there is no list."""

    campaign_id: str
    date_start: str
    date_stop: str
    spend: Decimal
    adset_id: str = ""
    impressions: str = "0"
    clicks: str = "0"
    reported_currency: str | None = msgspec.field(default=None, name="account_currency")
    actions: list[Action] = []
    action_values: list[Action] = []
    conversion_types: list[str] = msgspec.field(default_factory=list, name="_actions")


def _account(node: AccountNode) -> Iterable[Row]:
    yield (AdAccount(account_id=node.account_id, account_name=node.name, currency=node.currency, time_zone=node.timezone_name),)


def _campaign(node: CampaignNode) -> Iterable[Row]:
    scale = 0 if node.account_currency in _WITHOUT_MINOR_UNIT else -2
    yield (
        AdCampaign(
            account_id=node.account,
            campaign_id=node.id,
            campaign_name=node.name,
            status=node.effective_status,
            channel=node.objective,
            start_date=node.start_time,
            end_date=node.stop_time,
            currency=node.account_currency,
            budget=node.lifetime_budget.scaleb(scale) if node.lifetime_budget else None,
        ),
    )


def _ad_set(node: AdSetNode) -> Iterable[Row]:
    found = AdGroup(
        account_id=node.account,
        campaign_id=node.campaign_id,
        ad_group_id=node.id,
        ad_group_name=node.name,
        status=node.effective_status,
    )
    yield (found,)


def _ad(node: AdNode) -> Iterable[Row]:
    tags = node.creative.url_tags if node.creative else None
    yield (
        TaggedAd(account_id=node.account, ad_id=node.id, campaign_id=node.campaign_id, ad_group_id=node.adset_id, url_tags=tags),
    )


def _spend(day: Insight) -> Iterable[Row]:
    yield (
        SpendDay(
            platform="meta_ads",
            account_id=day.account,
            campaign_id=day.campaign_id,
            ad_group_id=day.adset_id,
            spend_date=day.date_start,
            currency=day.reported_currency or day.account_currency,
            impressions=day.impressions,
            clicks=day.clicks,
            spend=day.spend,
            conversions=_sum(day.actions, day.conversion_types),
            conversion_value=_sum(day.action_values, day.conversion_types),
        ),
    )


def _sum(actions: Iterable[Action], types: Iterable[str]) -> Decimal:
    return sum((action.value for action in actions if action.action_type in types), Decimal(0))


PLATFORM = Platform(
    name="meta_ads",
    accounts=declare("accounts", AccountNode, _account),
    campaigns=declare("campaigns", CampaignNode, _campaign),
    ad_groups=declare("ad_groups", AdSetNode, _ad_set),
    ads=declare("ads", AdNode, _ad),
    spend=declare("spend", Insight, _spend),
)
TABLES = PLATFORM.tables

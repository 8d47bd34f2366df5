"""What LinkedIn tells of ad accounts, campaign groups, campaigns and their analytics.

LinkedIn's campaign group is what other platforms call a campaign, and its campaign what they call an ad group: so it is read here.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import ClassVar

import msgspec

from dlt_sources.ad_platforms import AdAccount, AdCampaign, AdGroup, Labelled, Platform, SpendDay, declare
from dlt_sources.records import Record, names
from dlt_sources.records.declare import Row

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class AccountElement(Record):
    """An ad account. LinkedIn counts days in UTC."""

    LEFT_OUT: ClassVar[frozenset[str]] = names(
        "status type test reference changeAuditStamps notifiedOnCampaignOptimization notifiedOnCreativeApproval notifiedOnCreativeRejection "
        "notifiedOnEndOfCampaign notifiedOnNewFeaturesEnabled servingStatuses totalBudget totalBudgetEndsAt version"
    )

    id: int
    name: str | None = None
    currency: str | None = None


class Schedule(Record):
    """When it runs, in milliseconds."""

    start: int | None = None
    end: int | None = None


class Amount(Record, rename="camel"):
    """An amount of money."""

    amount: Decimal
    currency_code: str | None = None


class GroupElement(Labelled, rename="camel"):
    """A campaign group."""

    LEFT_OUT: ClassVar[frozenset[str]] = names(
        "account test servingStatuses changeAuditStamps allowedCampaignTypes backfilled dailyBudget objectiveType budgetOptimization"
    )

    id: int
    name: str | None = None
    status: str | None = None
    run_schedule: Schedule | None = None
    total_budget: Amount | None = None


class CampaignElement(Labelled, rename="camel"):
    """A campaign; ``campaign_group`` is a URN."""

    LEFT_OUT: ClassVar[frozenset[str]] = names(
        "account test type costType unitCost dailyBudget totalBudget runSchedule locale objectiveType servingStatuses changeAuditStamps "
        "creativeSelection offsiteDeliveryEnabled audienceExpansionEnabled targetingCriteria optimizationTargetType pacingStrategy format "
        "version associatedEntity offsitePreferences storyDeliveryEnabled politicalIntent connectedTelevisionOnly"
    )

    id: int
    campaign_group: str | None = None
    name: str | None = None
    status: str | None = None


class Calendar(Record):
    """A day in parts."""

    year: int
    month: int
    day: int


class Range(Record):
    """A span of days."""

    start: Calendar
    end: Calendar | None = None


class Analytics(Labelled, rename="camel"):
    """A day of a campaign; ``_groups`` are the groups of campaigns, by number."""

    date_range: Range
    pivot_values: list[str]
    cost_in_local_currency: Decimal
    impressions: int = 0
    clicks: int = 0
    external_website_conversions: int | None = None
    conversion_value_in_local_currency: Decimal | None = None
    group: str = msgspec.field(default="", name="_group")


def number_of(urn: str | None) -> str:
    """The number at the end of a URN."""
    return (urn or "").rpartition(":")[2]


def _account(element: AccountElement) -> Iterable[Row]:
    yield (AdAccount(account_id=str(element.id), account_name=element.name, currency=element.currency, time_zone="UTC"),)


def _campaign(element: GroupElement) -> Iterable[Row]:
    budget, schedule = element.total_budget, element.run_schedule
    yield (
        AdCampaign(
            account_id=element.account,
            campaign_id=str(element.id),
            campaign_name=element.name,
            status=element.status,
            start_date=_day(schedule.start) if schedule else None,
            end_date=_day(schedule.end) if schedule else None,
            currency=(budget.currency_code if budget else None) or element.account_currency,
            budget=budget.amount if budget else None,
        ),
    )


def _ad_group(element: CampaignElement) -> Iterable[Row]:
    found = AdGroup(
        account_id=element.account,
        campaign_id=number_of(element.campaign_group) or str(element.id),
        ad_group_id=str(element.id),
        ad_group_name=element.name,
        status=element.status,
    )
    yield (found,)


def _spend(element: Analytics) -> Iterable[Row]:
    campaign = number_of(element.pivot_values[0]) if element.pivot_values else ""
    start = element.date_range.start
    yield (
        SpendDay(
            platform="linkedin_ads",
            account_id=element.account,
            campaign_id=element.group or campaign,
            ad_group_id=campaign,
            spend_date=f"{start.year:04d}-{start.month:02d}-{start.day:02d}",
            currency=element.account_currency,
            impressions=str(element.impressions),
            clicks=str(element.clicks),
            spend=element.cost_in_local_currency,
            conversions=None if element.external_website_conversions is None else Decimal(element.external_website_conversions),
            conversion_value=element.conversion_value_in_local_currency,
        ),
    )


def _day(milliseconds: int | None) -> str | None:
    if milliseconds is None:
        return None
    day: date = (_EPOCH + timedelta(milliseconds=milliseconds)).date()
    return day.isoformat()


PLATFORM = Platform(
    name="linkedin_ads",
    accounts=declare("accounts", AccountElement, _account),
    campaigns=declare("campaigns", GroupElement, _campaign),
    ad_groups=declare("ad_groups", CampaignElement, _ad_group),
    spend=declare("spend", Analytics, _spend),
)
TABLES = PLATFORM.tables

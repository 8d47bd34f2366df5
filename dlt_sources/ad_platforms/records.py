"""The shape that all ad platforms share: accounts, campaigns, ad groups, and what each ad group cost and brought by day.

Each platform declares what it sends and how that becomes these records. Money is in the account's currency, days are those of the
account's time zone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from dlt_sources.records import CountText, Day, Money, Record, Table
from dlt_sources.records.declare import Row, itself
from dlt_sources.records.intake import Endpoint

Rows = Callable[[Any], Iterable[Row]]
"""Takes a document of a platform apart into shared records."""


class AdAccount(Record):
    """An account: who pays, in which currency and time zone."""

    account_id: str
    account_name: str | None = None
    currency: str | None = None
    time_zone: str | None = None


class AdCampaign(Record):
    """A campaign; ``budget`` is what it may cost in all, ``url_tags`` what is added to the addresses that its ads lead to."""

    account_id: str
    campaign_id: str
    campaign_name: str | None = None
    status: str | None = None
    channel: str | None = None
    start_date: Day | None = None
    end_date: Day | None = None
    currency: str | None = None
    budget: Money | None = None
    url_tags: str | None = None


class AdGroup(Record):
    """A part of a campaign: an ad group, an ad set."""

    account_id: str
    campaign_id: str
    ad_group_id: str
    ad_group_name: str | None = None
    status: str | None = None


class TaggedAd(Record):
    """An ad with what is added to the address that it leads to."""

    account_id: str
    ad_id: str
    campaign_id: str
    ad_group_id: str | None = None
    url_tags: str | None = None


class SpendDay(Record):
    """A day of an ad group; ``ad_group_id`` is empty where the platform tells the campaign as a whole only."""

    platform: str
    account_id: str
    campaign_id: str
    ad_group_id: str
    spend_date: Day
    currency: str
    impressions: CountText
    clicks: CountText
    spend: Money
    conversions: Money | None = None
    conversion_value: Money | None = None


class Labelled(Record):
    """Base of what a platform sends about an account without saying which: the source adds it before anything is decoded."""

    account: str = msgspec.field(name="_account")
    account_currency: str = msgspec.field(name="_currency")


@dataclass(frozen=True)
class Platform:
    """One platform's listings, in the order in which they are read."""

    name: str
    accounts: Endpoint
    campaigns: Endpoint
    ad_groups: Endpoint
    spend: Endpoint
    ads: Endpoint | None = None

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """All of them."""
        return (self.accounts, self.campaigns, self.ad_groups, *([self.ads] if self.ads else []), self.spend)

    @property
    def tables(self) -> tuple[Table, ...]:
        """Their tables."""
        return tuple(table for endpoint in self.endpoints for table in endpoint.tables)


_DECLARED: dict[str, tuple[type[Record], str, str]] = {
    "accounts": (AdAccount, "account_id", "Ad accounts: an account's name is the legal entity that pays."),
    "campaigns": (AdCampaign, "account_id campaign_id", "Campaigns."),
    "ad_groups": (AdGroup, "account_id ad_group_id", "Parts of campaigns."),
    "ads": (TaggedAd, "account_id ad_id", "Ads with the tags of their addresses."),
    "spend": (
        SpendDay,
        "account_id campaign_id ad_group_id spend_date",
        "Impressions, clicks, cost and conversions by ad group and day.",
    ),
}


def declare(name: str, document: type[Record] | None = None, rows: Rows = itself) -> Endpoint:
    """The endpoint of one shared table, fed by a platform's documents; by default by the shared record itself."""
    record, key, description = _DECLARED[name]
    table = Table(name, record, tuple(key.split()), description, rows=rows, deletable=name == "spend")

    def identity(found: Any) -> str:
        """The key of the document's row, its parts joined."""
        ((row, *_),) = rows(found)
        return "|".join(str(getattr(row, part)) for part in table.key)

    return Endpoint(name, document or record, (table,), identity)

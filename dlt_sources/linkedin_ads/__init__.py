"""LinkedIn: what campaign groups and campaigns cost and brought by day, through the marketing API's ad analytics.

Analytics come in one answer without pages, which holds 15,000 rows at most: a span that fills it is halved. The last weeks are read
anew each time, since LinkedIn restates them. Deliberately absent: demographics of who saw an ad, and lead forms.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, timedelta
from datetime import time as time_of_day
from typing import Any

import msgspec

from dlt_sources import ad_platforms
from dlt_sources.ad_platforms import AdAccount, AdSettings
from dlt_sources.ad_platforms.reading import Pages, slices
from dlt_sources.connection import Connection, Finding, Unavailable
from dlt_sources.http import (
    ApiClient,
    Application,
    Auth,
    MalformedReply,
    NotFound,
    Page,
    PermissionMissing,
    Policy,
    RateLimit,
    Reply,
    Request,
    StaticToken,
    retry_after,
    walk,
)
from dlt_sources.linkedin_ads.records import PLATFORM, CampaignElement, number_of
from dlt_sources.records.intake import Endpoint

SCOPES = "r_ads r_ads_reporting"
PAGE_SIZE = 1000
ELEMENTS_AT_MOST = 15_000
_DAYS_AT_ONCE = 366
_LONGEST_PAUSE = 120.0
_TOO_MANY = 429
_LISTINGS = {"campaigns": "adCampaignGroups", "ad_groups": "adCampaigns"}
_FIELDS = "dateRange,pivotValues,costInLocalCurrency,impressions,clicks,externalWebsiteConversions"


class LinkedInAdsSettings(AdSettings, frozen=True, forbid_unknown_fields=True):
    """Keys of a LinkedIn connection: an access token, which lives for sixty days, or an app with a refresh token, which renews it.

    ``api_version`` is a month; LinkedIn ends each about a year later.
    """

    access_token: str = ""
    client_id: str = ""
    client_secret: str = ""
    refresh_token: str | None = None
    api_version: str | int = "202606"
    base_url: str = "https://api.linkedin.com"
    token_url: str = "https://www.linkedin.com/oauth/v2/accessToken"  # noqa: S105 - an address
    authorize_url: str = "https://www.linkedin.com/oauth/v2/authorization"

    def __post_init__(self) -> None:
        AdSettings.__post_init__(self)
        if not self.path and not self.access_token and not (self.client_id and self.client_secret):
            raise ValueError("set access_token, or client_id and client_secret with a refresh_token, or path for files")
        if not re.fullmatch(r"20\d\d(0[1-9]|1[0-2])", str(self.api_version)):
            raise ValueError("api_version must be a month such as 202606")


def application(settings: LinkedInAdsSettings) -> Application:
    """What LinkedIn must know for a first consent."""
    return Application(
        settings.authorize_url,
        settings.token_url,
        settings.client_id,
        settings.client_secret,
        SCOPES,
        settings.refresh_token,
        client_in_form=True,
    )


def source(connection: Connection[LinkedInAdsSettings], unavailable: Unavailable | None = None) -> Any:
    """The dlt source: accounts, campaign groups, campaigns, and spend by campaign and day."""
    return ad_platforms.source(PLATFORM, _open, connection, unavailable)


def check(connection: Connection[LinkedInAdsSettings]) -> list[Finding]:
    """Tell in plain words whether the token is good and which accounts it reaches."""
    return ad_platforms.check(PLATFORM, _open, connection)


def _auth(connection: Connection[LinkedInAdsSettings]) -> Auth:
    settings = connection.settings
    if settings.access_token:
        return StaticToken(settings.access_token)
    return application(settings).auth(connection.name, connection.tokens)


@contextmanager
def _open(connection: Connection[LinkedInAdsSettings]) -> Iterator[_Session]:
    settings = connection.settings
    policy = Policy(limits=(RateLimit(50, 1.0),), max_delay=_LONGEST_PAUSE, trace_header="x-li-uuid", pause=_pause)
    headers = {"LinkedIn-Version": str(settings.api_version), "X-Restli-Protocol-Version": "2.0.0"}
    with ApiClient(connection.name, settings.base_url, _auth(connection), policy, pacer=connection.pacer(policy.limits)) as api:
        yield _Session(api, settings, headers)


class _Metadata(msgspec.Struct, rename="camel"):
    next_page_token: str | None = None


class _Collection(msgspec.Struct):
    elements: list[msgspec.Raw]
    metadata: _Metadata | None = None


@dataclass(frozen=True)
class _Session:
    """The calls of one extraction."""

    api: ApiClient
    settings: LinkedInAdsSettings
    headers: Mapping[str, str]
    groups: dict[str, dict[str, str]] = field(default_factory=dict)

    def accounts(self) -> Pages:
        """Each account of the settings by itself, or all that the member may see."""
        if not self.settings.account_ids:
            yield from self._pages("rest/adAccounts")
        for account in self.settings.account_ids:
            reply = self.api.send(self._request(f"rest/adAccounts/{account}"), _whole)
            yield reply, [msgspec.Raw(reply.body)]

    def listing(self, endpoint: Endpoint, account: AdAccount) -> Pages:
        """Campaign groups or campaigns, whatever their state."""
        yield from self._pages(f"rest/adAccounts/{account.account_id}/{_LISTINGS[endpoint.name]}")

    def spend(self, account: AdAccount, first: date, last: date) -> Pages:
        """By campaign and day, with the group of each campaign."""
        for start, end in slices(first, last, _DAYS_AT_ONCE):
            for reply, rows in self._analytics(account.account_id, start, end):
                yield reply, [self._grouped(account, row) for row in rows]

    def _analytics(self, account: str, first: date, last: date) -> Pages:
        """A span; in halves where the answer may not hold all of it."""
        # Rest.li's own parentheses, commas and colons stay bare, those of a URN are encoded: the query is written out here.
        query = (
            f"q=analytics&pivot=CAMPAIGN&timeGranularity=DAILY&dateRange=(start:{_calendar(first)},end:{_calendar(last)})"
            f"&accounts=List(urn%3Ali%3AsponsoredAccount%3A{account})&fields={_FIELDS}"
        )
        reply, found = self.api.send(self._request(f"rest/adAnalytics?{query}"), lambda reply: (reply, _parsed(reply, _Collection)))
        if len(found.elements) < ELEMENTS_AT_MOST or first == last:
            yield reply, found.elements
            return
        middle = first + (last - first) // 2
        yield from self._analytics(account, first, middle)
        yield from self._analytics(account, middle + timedelta(days=1), last)

    def _grouped(self, account: AdAccount, row: msgspec.Raw) -> msgspec.Raw:
        """A row that says its campaign's group; where campaigns cannot be listed, none."""
        groups = self.groups.get(account.account_id)
        if groups is None:
            groups = self.groups[account.account_id] = self._groups_of(account)
        found = re.search(rb"urn:li:sponsoredCampaign:(\d+)", bytes(row))
        group = groups.get(found[1].decode(), "") if found else ""
        return msgspec.Raw(b'{"_group":' + msgspec.json.encode(group) + b"," + bytes(row).lstrip()[1:])

    def _groups_of(self, account: AdAccount) -> dict[str, str]:
        head = msgspec.json.encode({"_account": "", "_currency": ""})[:-1]
        try:
            pages = list(self.listing(PLATFORM.ad_groups, account))
        except (PermissionMissing, NotFound):
            return {}  # the listing's own resource says so
        rows = (head + b"," + bytes(row).lstrip()[1:] for _, found in pages for row in found)
        campaigns = (msgspec.json.decode(row, type=CampaignElement) for row in rows)
        return {str(one.id): number_of(one.campaign_group) for one in campaigns}

    def _pages(self, path: str) -> Pages:
        """Every page of a listing."""
        options = {"q": "search", "pageSize": str(PAGE_SIZE)}

        def page(request: Request) -> Page[list[msgspec.Raw]]:
            reply, found = self.api.send(request, lambda reply: (reply, _parsed(reply, _Collection)))
            token = found.metadata.next_page_token if found.metadata else None
            onward = self._request(path, {**options, "pageToken": token}) if token else None
            return Page(found.elements, reply, onward, len(found.elements))

        for one in walk(self._request(path, options), page):
            yield one.reply, one.content

    def _request(self, path: str, options: Mapping[str, str] | None = None) -> Request:
        return Request("GET", path, options, self.headers)


def _calendar(day: date) -> str:
    return f"(year:{day.year},month:{day.month},day:{day.day})"


class _Element(msgspec.Struct):
    id: int


def _whole(reply: Reply) -> Reply:
    """An answer that is one element."""
    _parsed(reply, _Element)
    return reply


def _parsed(reply: Reply, shape: Any) -> Any:
    try:
        return msgspec.json.decode(reply.body, type=shape)
    except msgspec.DecodeError:
        raise MalformedReply(f"{reply.request} did not answer as LinkedIn does; check base_url and api_version.") from None


def _pause(reply: Reply) -> float | None:
    """LinkedIn says when to come back in no header: its limits are of a day, which ends at midnight UTC."""
    told = retry_after(reply.headers, reply.received_at)
    if told is not None or reply.status != _TOO_MANY or b" DAY " not in reply.body:
        return told
    now = reply.received_at.astimezone(UTC)
    midnight = now.combine(now.date() + timedelta(days=1), time_of_day(), UTC)
    return max((midnight - now).total_seconds(), _LONGEST_PAUSE + 1)


__all__ = ["PLATFORM", "LinkedInAdsSettings", "application", "check", "source"]

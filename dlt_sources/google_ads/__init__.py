"""Google Ads: what campaigns and ad groups cost and brought by day, through the REST API's searchStream.

Every account is asked by itself, by way of the manager account where there is one. Costs are in the account's currency and on the days
of its time zone; the last weeks are read anew each time, since clicks and conversions are restated. Deliberately absent: keywords,
ads, and bids.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec

from dlt_sources import ad_platforms
from dlt_sources.ad_platforms import AdAccount, AdSettings
from dlt_sources.ad_platforms.reading import Pages, slices
from dlt_sources.connection import Connection, Finding, Unavailable
from dlt_sources.google_ads.records import PLATFORM, WITHOUT_AD_GROUPS, Campaign
from dlt_sources.http import (
    ApiClient,
    Application,
    ErrorReply,
    MalformedReply,
    Policy,
    RateLimit,
    Reply,
    Request,
    retry_after,
)
from dlt_sources.records.intake import Endpoint

SCOPE = "https://www.googleapis.com/auth/adwords"
_DAYS_AT_ONCE = 366
_LONGEST_PAUSE = 120.0
_A_WHILE = 3600.0  # a quota of the day that does not say when it is renewed
_TOO_MANY = 429
_DATE_TIMES_SINCE = 23


class GoogleAdsSettings(AdSettings, frozen=True, forbid_unknown_fields=True):
    """Keys of a Google Ads connection: the developer token, an OAuth client with a refresh token, the manager account if there is one."""

    developer_token: str = ""
    client_id: str = ""
    client_secret: str = ""
    refresh_token: str | None = None
    login_customer_id: str | int = ""
    api_version: str = "v26"
    level: str = "ad_group"
    base_url: str = "https://googleads.googleapis.com"
    token_url: str = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
    authorize_url: str = "https://accounts.google.com/o/oauth2/v2/auth?access_type=offline&prompt=consent"

    def __post_init__(self) -> None:
        AdSettings.__post_init__(self)
        if not self.path and not (self.developer_token and self.client_id and self.client_secret):
            raise ValueError("set developer_token, client_id and client_secret with a refresh_token, or path for files")
        if not re.fullmatch(r"v\d+", self.api_version):
            raise ValueError("api_version must be a version such as v26")
        if self.level not in {"ad_group", "campaign"}:
            raise ValueError("level must be ad_group or campaign")

    @property
    def manager_id(self) -> str:
        """The manager account's id, as digits."""
        return re.sub(r"\D", "", str(self.login_customer_id))


def application(settings: GoogleAdsSettings) -> Application:
    """What Google must know for a first consent."""
    return Application(
        settings.authorize_url,
        settings.token_url,
        settings.client_id,
        settings.client_secret,
        SCOPE,
        settings.refresh_token,
        client_in_form=True,
    )


def source(connection: Connection[GoogleAdsSettings], unavailable: Unavailable | None = None) -> Any:
    """The dlt source: accounts, campaigns, ad groups, and spend by ad group and day."""
    return ad_platforms.source(PLATFORM, _open, connection, unavailable)


def check(connection: Connection[GoogleAdsSettings]) -> list[Finding]:
    """Tell in plain words whether the credentials are good and which accounts they reach."""
    return ad_platforms.check(PLATFORM, _open, connection)


@contextmanager
def _open(connection: Connection[GoogleAdsSettings]) -> Iterator[_Session]:
    settings = connection.settings
    extra = {"developer-token": settings.developer_token}
    extra |= {"login-customer-id": settings.manager_id} if settings.manager_id else {}
    auth = application(settings).auth(connection.name, connection.tokens, extra=extra)
    policy = Policy(limits=(RateLimit(90, 10.0),), max_delay=_LONGEST_PAUSE, trace_header="request-id", pause=_pause)
    with ApiClient(connection.name, settings.base_url, auth, policy, pacer=connection.pacer(policy.limits)) as api:
        yield _Session(api, settings)


@dataclass(frozen=True)
class _Session:
    """The queries of one extraction."""

    api: ApiClient
    settings: GoogleAdsSettings

    def accounts(self) -> Pages:
        """Each account by itself: one that the credentials do not reach is told by its number."""
        for account in self.settings.account_ids or self._reachable():
            yield from self._ask(
                account, "SELECT customer.id, customer.descriptive_name, customer.currency_code, customer.time_zone FROM customer"
            )

    def listing(self, endpoint: Endpoint, account: AdAccount) -> Pages:
        """Campaigns or ad groups, removed ones too: they have cost."""
        if endpoint is PLATFORM.ad_groups:
            yield from self._ask(
                account.account_id, "SELECT ad_group.id, ad_group.name, ad_group.status, campaign.id FROM ad_group"
            )
            return
        moment = "_time" if int(self.settings.api_version[1:]) >= _DATE_TIMES_SINCE else ""
        yield from self._ask(
            account.account_id,
            f"SELECT campaign.id, campaign.name, campaign.status, campaign.advertising_channel_type, campaign.start_date{moment}, "
            f"campaign.end_date{moment}, campaign.final_url_suffix, campaign_budget.total_amount_micros FROM campaign",
        )

    def spend(self, account: AdAccount, first: date, last: date) -> Pages:
        """By ad group and day; of campaigns that have no ad groups, by campaign and day."""
        by_group = self.settings.level == "ad_group"
        alone = self._without_ad_groups(account) if by_group else []
        for start, end in slices(first, last, _DAYS_AT_ONCE):
            days = f"segments.date BETWEEN '{start}' AND '{end}'"
            yield from self._ask(account.account_id, _spend_query("ad_group" if by_group else "campaign", days))
            if alone:
                yield from self._ask(
                    account.account_id, _spend_query("campaign", f"{days} AND campaign.id IN ({', '.join(alone)})")
                )

    def _without_ad_groups(self, account: AdAccount) -> list[str]:
        found = [
            msgspec.json.decode(row, type=_TypedRow).campaign
            for _, rows in self._ask(account.account_id, "SELECT campaign.id, campaign.advertising_channel_type FROM campaign")
            for row in rows
        ]
        return [one.id for one in found if one.advertising_channel_type in WITHOUT_AD_GROUPS]

    def _reachable(self) -> list[str]:
        """The manager's client accounts; without a manager, the accounts of the user."""
        if self.settings.manager_id:
            query = "SELECT customer_client.id FROM customer_client WHERE customer_client.manager = FALSE AND customer_client.status = 'ENABLED'"
            return [
                msgspec.json.decode(row, type=_ClientRow).customer_client.id
                for _, rows in self._ask(self.settings.manager_id, query)
                for row in rows
            ]
        path = f"{self.settings.api_version}/customers:listAccessibleCustomers"
        names = self.api.send(Request("GET", path), lambda reply: _parsed(reply, _Accessible)).resource_names
        return [name.partition("/")[2] for name in names]

    def _ask(self, account: str, query: str) -> Pages:
        request = Request("POST", f"{self.settings.api_version}/customers/{account}/googleAds:searchStream", json={"query": query})
        yield self.api.send(request, _rows)


def _spend_query(resource: str, where: str) -> str:
    group = "ad_group.id, " if resource == "ad_group" else ""
    return (
        f"SELECT campaign.id, {group}segments.date, metrics.cost_micros, metrics.clicks, metrics.impressions, metrics.conversions, "
        f"metrics.conversions_value FROM {resource} WHERE {where}"
    )


class _TypedRow(msgspec.Struct):
    campaign: Campaign


class _Client(msgspec.Struct):
    id: str


class _ClientRow(msgspec.Struct, rename="camel"):
    customer_client: _Client


class _Accessible(msgspec.Struct, rename="camel"):
    resource_names: list[str]


class _Chunk(msgspec.Struct):
    results: list[msgspec.Raw] = []
    error: msgspec.Raw | None = None


class _Quota(msgspec.Struct, rename="camel"):
    retry_delay: str = ""


class _Details(msgspec.Struct, rename="camel"):
    quota_error_details: _Quota | None = None


class _Failed(msgspec.Struct, rename="camel"):
    error_code: dict[str, str] = {}
    details: _Details | None = None


class _Failure(msgspec.Struct):
    errors: list[_Failed] = []


class _Error(msgspec.Struct):
    details: list[_Failure] = []


class _Refused(msgspec.Struct):
    error: _Error


def _rows(reply: Reply) -> tuple[Reply, list[msgspec.Raw]]:
    """The rows of all chunks of a stream; an error may stand among them, when rows have been sent before it happened."""
    chunks = _parsed(reply, list[_Chunk])
    if any(chunk.error is not None for chunk in chunks):
        raise ErrorReply(f"{reply.request} broke off with an error in the middle of its rows.", retryable=True)
    return reply, [row for chunk in chunks for row in chunk.results]


def _parsed(reply: Reply, shape: Any) -> Any:
    try:
        return msgspec.json.decode(reply.body, type=shape)
    except msgspec.DecodeError:
        raise MalformedReply(f"{reply.request} did not answer with rows; check base_url and api_version.") from None


def _pause(reply: Reply) -> float | None:
    """How long Google wants to be left alone: it says so in the body. A day's quota ends the run."""
    told = retry_after(reply.headers, reply.received_at)
    if told is not None or reply.status != _TOO_MANY:
        return told
    try:
        refused = msgspec.json.decode(reply.body, type=_Refused)
    except msgspec.DecodeError:
        return None
    for failed in (one for failure in refused.error.details for one in failure.errors):
        delay = failed.details.quota_error_details.retry_delay if failed.details and failed.details.quota_error_details else ""
        if re.fullmatch(r"\d+(\.\d+)?s", delay):
            return float(delay[:-1])
        if failed.error_code.get("quotaError") == "RESOURCE_EXHAUSTED":
            return _A_WHILE
    return None


__all__ = ["PLATFORM", "GoogleAdsSettings", "application", "check", "source"]

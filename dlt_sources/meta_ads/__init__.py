"""Meta (Facebook and Instagram): what campaigns and ad sets cost and brought by day, through the Marketing API's insights.

Short spans are asked for at once, long ones as reports that Meta makes in its own time. Costs are in the account's currency and on the
days of its time zone; the last weeks are read anew each time, since Meta restates them. Deliberately absent: breakdowns by age, place
or device, and reach.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import msgspec

from dlt_sources import ad_platforms
from dlt_sources.ad_platforms import AdAccount, AdSettings
from dlt_sources.ad_platforms.reading import Pages, slices
from dlt_sources.connection import Connection, Finding, Unavailable
from dlt_sources.http import (
    ApiClient,
    DeadlineExceeded,
    ErrorReply,
    MalformedReply,
    Page,
    Policy,
    RateLimit,
    Reply,
    Request,
    StaticToken,
    TransientFailure,
    walk,
)
from dlt_sources.meta_ads.errors import TooEarly, TooMuchAtOnce, classify, error_of, is_retryable, pause
from dlt_sources.meta_ads.records import PLATFORM
from dlt_sources.records.intake import Endpoint

PAGE_SIZE = 500
_DAYS_AT_ONCE = 190  # longer spans are reports
_DAYS_OF_A_REPORT = 366
_MONTHS_KEPT = 37
_LONGEST_PAUSE = 300.0
_REPORT_SECONDS = 1800.0
_TRIES = 2
_FIRST_WAIT, _LONGEST_WAIT = 0.05, 20.0
_ACCOUNT_FIELDS = "account_id,name,currency,timezone_name"
_FIELDS = {
    "campaigns": "id,name,effective_status,objective,start_time,stop_time,lifetime_budget",
    "ad_groups": "id,campaign_id,name,effective_status",
    "ads": "id,campaign_id,adset_id,creative{url_tags}",
}
_EDGES = {"campaigns": "campaigns", "ad_groups": "adsets", "ads": "ads"}


class MetaAdsSettings(AdSettings, frozen=True, forbid_unknown_fields=True):
    """Keys of a Meta connection: the token of a system user that may read the ad accounts.

    ``conversion_actions`` are the types of actions that count as conversions, with commas between.
    """

    access_token: str = ""
    api_version: str = "v25.0"
    level: str = "adset"
    conversion_actions: str = "lead"
    base_url: str = "https://graph.facebook.com"

    def __post_init__(self) -> None:
        AdSettings.__post_init__(self)
        if not self.path and not self.access_token:
            raise ValueError("set access_token, that of a system user, or path for files")
        if not re.fullmatch(r"v\d+\.\d+", self.api_version):
            raise ValueError("api_version must be a version such as v25.0")
        if self.level not in {"adset", "campaign"}:
            raise ValueError("level must be adset or campaign")

    @property
    def conversion_types(self) -> list[str]:
        """The types of actions, one by one."""
        return [name for name in re.split(r"[,\s]+", self.conversion_actions) if name]


def source(connection: Connection[MetaAdsSettings], unavailable: Unavailable | None = None) -> Any:
    """The dlt source: accounts, campaigns, ad sets, the tags of ads, and spend by ad set and day."""
    return ad_platforms.source(PLATFORM, _open, connection, unavailable)


def check(connection: Connection[MetaAdsSettings]) -> list[Finding]:
    """Tell in plain words whether the token is good and which accounts it reaches."""
    return ad_platforms.check(PLATFORM, _open, connection)


@contextmanager
def _open(connection: Connection[MetaAdsSettings]) -> Iterator[_Session]:
    settings = connection.settings
    policy = Policy(
        limits=(RateLimit(50, 1.0),),
        max_delay=_LONGEST_PAUSE,
        deadline=2 * _LONGEST_PAUSE,
        trace_header="x-fb-trace-id",
        classify=classify,
        pause=pause,
    )
    pacer = connection.pacer(policy.limits)
    with ApiClient(connection.name, settings.base_url, StaticToken(settings.access_token), policy, pacer=pacer) as api:
        yield _Session(api, settings, connection.name)


class _Cursors(msgspec.Struct):
    after: str = ""


class _Paging(msgspec.Struct):
    cursors: _Cursors | None = None
    next: str = ""


class _Edge(msgspec.Struct):
    data: list[msgspec.Raw]
    paging: _Paging | None = None


class _Run(msgspec.Struct):
    report_run_id: str


class _Status(msgspec.Struct):
    async_status: str
    async_percent_completion: int = 0


@dataclass(frozen=True)
class _Session:
    """The calls of one extraction."""

    api: ApiClient
    settings: MetaAdsSettings
    name: str

    def accounts(self) -> Pages:
        """Each account of the settings by itself, or all of the system user."""
        if not self.settings.account_ids:
            yield from self._edge("me/adaccounts", {"fields": _ACCOUNT_FIELDS})
        for account in self.settings.account_ids:
            request = Request("GET", self._path(f"act_{account}"), {"fields": _ACCOUNT_FIELDS})
            reply = self.api.send(request, _whole)
            yield reply, [msgspec.Raw(reply.body)]

    def listing(self, endpoint: Endpoint, account: AdAccount) -> Pages:
        """Campaigns, ad sets or ads, the archived too: they have cost."""
        yield from self._edge(f"act_{account.account_id}/{_EDGES[endpoint.name]}", {"fields": _FIELDS[endpoint.name]})

    def spend(self, account: AdAccount, first: date, last: date) -> Pages:
        """By ad set and day; of a first day before the time that Meta keeps, from there on."""
        try:
            yield from self._span(account, first, last)
        except TooEarly:
            yield from self._span(account, max(first, _months_before(last, _MONTHS_KEPT)), last)

    def _span(self, account: AdAccount, first: date, last: date) -> Pages:
        if (last - first).days < _DAYS_AT_ONCE:
            yield from self._at_once(account, first, last)
            return
        for start, end in slices(first, last, _DAYS_OF_A_REPORT):
            yield from self._report(account, start, end)

    def _at_once(self, account: AdAccount, first: date, last: date) -> Pages:
        try:
            yield from self._marked(self._edge(f"act_{account.account_id}/insights", self._insights(first, last)))
        except TooMuchAtOnce:
            yield from self._report(account, first, last)

    def _report(self, account: AdAccount, first: date, last: date) -> Pages:
        """A report: ordered, waited for, read. One that fails is ordered once more."""
        for _ in range(_TRIES):
            order = Request("POST", self._path(f"act_{account.account_id}/insights"), form=self._insights(first, last))
            run = self.api.send(order, lambda reply: _parsed(reply, _Run)).report_run_id
            if self._is_done(run):
                yield from self._marked(self._edge(f"{run}/insights", {}))
                return
        raise TransientFailure(
            f"Connection '{self.name}': Meta could not make the report of account {account.account_id} from {first} to {last} "
            f"in {_TRIES} tries; run again later."
        )

    def _is_done(self, run: str) -> bool:
        """Wait for a report; False where Meta gave it up."""
        give_up_at, wait = time.monotonic() + _REPORT_SECONDS, _FIRST_WAIT
        while True:
            status = self.api.send(Request("GET", self._path(run)), lambda reply: _parsed(reply, _Status))
            if status.async_status == "Job Completed":
                return True
            if status.async_status in {"Job Failed", "Job Skipped"}:
                return False
            if time.monotonic() > give_up_at:
                raise DeadlineExceeded(f"Connection '{self.name}': report {run} was not ready after {_REPORT_SECONDS:.0f} s.")
            time.sleep(wait)
            wait = min(2 * wait, _LONGEST_WAIT)

    def _insights(self, first: date, last: date) -> dict[str, str]:
        group = "adset_id," if self.settings.level == "adset" else ""
        return {
            "level": self.settings.level,
            "time_increment": "1",
            "time_range": f'{{"since":"{first}","until":"{last}"}}',
            "fields": f"campaign_id,{group}spend,impressions,clicks,actions,action_values,account_currency",
        }

    def _marked(self, pages: Pages) -> Pages:
        """Insights that say which actions are conversions."""
        head = msgspec.json.encode({"_actions": self.settings.conversion_types})[:-1]
        for reply, rows in pages:
            yield reply, [msgspec.Raw(head + b"," + bytes(row).lstrip()[1:]) for row in rows]

    def _edge(self, path: str, options: Mapping[str, str]) -> Pages:
        """Every page of a listing. The way on is the cursor, not the link: that may hold the token."""
        whole = {**options, "limit": str(PAGE_SIZE)}

        def page(request: Request) -> Page[list[msgspec.Raw]]:
            reply, edge = self.api.send(request, lambda reply: (reply, _parsed(reply, _Edge)))
            after = edge.paging.cursors.after if edge.paging and edge.paging.next and edge.paging.cursors else ""
            onward = Request("GET", request.url, {**whole, "after": after}) if after else None
            return Page(edge.data, reply, onward, len(edge.data))

        for one in walk(Request("GET", self._path(path), whole), page):
            yield one.reply, one.content

    def _path(self, path: str) -> str:
        return f"{self.settings.api_version}/{path}"


def _whole(reply: Reply) -> Reply:
    """An answer that is one object."""
    _parsed(reply, dict[str, msgspec.Raw])
    return reply


def _parsed(reply: Reply, shape: Any) -> Any:
    if (error := error_of(reply)) is not None:
        raise ErrorReply(f"{reply.request} answered with error {error.code}: {error.message}", retryable=is_retryable(error))
    try:
        return msgspec.json.decode(reply.body, type=shape)
    except msgspec.DecodeError:
        raise MalformedReply(f"{reply.request} did not answer as Meta does; check base_url and api_version.") from None


def _months_before(day: date, months: int) -> date:
    number = day.year * 12 + day.month - 1 - months
    return date(number // 12, number % 12 + 1, 1) + timedelta(days=day.day - 1)


__all__ = ["PLATFORM", "MetaAdsSettings", "check", "source"]

"""Meta's Graph API as one application: who may call, how often, accounts and what is in them, and reports that take their time."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox.vendors.ads import Account, AdStore
from sandbox.vendors.meta_ads import replies
from sandbox.vendors.meta_ads.insights import Insights, asked
from sandbox.vendors.meta_ads.replies import Refusal, reply
from sandbox.vendors.wire import CallLimit, VirtualClock

NAME = "meta_ads"
SYSTEM_USER_TOKEN = "sandbox-meta-system-user-token"
OLDEST_VERSION = 23
"""Calls of older versions are refused; of versions that came after the sandbox, its clients need nothing that is not in the former."""
BUSINESS_ID = "120330000000001"
LARGEST_PAGE = 500
ROWS_AT_ONCE = 50_000
CALLS_IN_AN_HOUR = 5_000
_STATES = ("Job Not Started", "Job Running")
_ACCOUNT = {
    "id": "'act_' || id",
    "account_id": "id",
    "name": "name",
    "currency": "currency",
    "timezone_name": "time_zone",
    "account_status": "1",
    "business": f"json_object('id', '{BUSINESS_ID}')",
}
_STAMP = "strftime({}, '%Y-%m-%dT%H:%M:%S+0000')"
_CAMPAIGN = {
    "id": "id::varchar",
    "account_id": "account_id",
    "name": "name",
    "status": "case when is_over then 'PAUSED' else 'ACTIVE' end",
    "effective_status": "case when is_over then 'PAUSED' else 'ACTIVE' end",
    "objective": "case objective when 'awareness' then 'OUTCOME_AWARENESS' else 'OUTCOME_LEADS' end",
    "start_time": _STAMP.format("start_date"),
    "stop_time": _STAMP.format("end_date + interval 86399 second"),
    "lifetime_budget": "(budget_amount * (select pow(10, minor_digits) from accounts where accounts.id = account_id))::bigint::varchar",
    "created_time": _STAMP.format("created_at"),
    "updated_time": _STAMP.format("updated_at"),
}
_AD_SET = {
    "id": "g.id::varchar",
    "account_id": "g.account_id",
    "campaign_id": "g.campaign_id::varchar",
    "name": "g.name",
    "status": "case when g.is_over then 'PAUSED' else 'ACTIVE' end",
    "effective_status": "case when g.is_over then 'CAMPAIGN_PAUSED' else 'ACTIVE' end",
    "created_time": _STAMP.format("g.created_at"),
}
_AD = {
    "id": "(g.id + 10_000_000_000_000)::varchar",
    "account_id": "g.account_id",
    "campaign_id": "g.campaign_id::varchar",
    "adset_id": "g.id::varchar",
    "name": "g.name || ' ad'",
    "status": "case when g.is_over then 'PAUSED' else 'ACTIVE' end",
    "effective_status": "case when g.is_over then 'CAMPAIGN_PAUSED' else 'ACTIVE' end",
    "creative": """json_object('id', (g.id + 20_000_000_000_000)::varchar, 'url_tags',
        concat_ws('&', 'utm_source=' || c.utm_source, 'utm_medium=' || c.utm_medium, 'utm_campaign=' || c.utm_campaign))""",
}
_EDGES = {
    "campaigns": (_CAMPAIGN, "campaigns where account_id = ? order by id desc"),
    "adsets": (_AD_SET, "ad_groups g where g.account_id = ? order by g.id desc"),
    "ads": (_AD, "ad_groups g join campaigns c on c.id = g.campaign_id where g.account_id = ? order by g.id desc"),
}


@dataclass
class _Report:
    insights: Insights
    rows: list[str]
    polls: int = 0


@dataclass
class MetaAdsApi:
    """The emulator's state beside the accounts: call counters and reports. ``limits`` False counts nothing."""

    store: AdStore
    clock: VirtualClock
    limits: bool = True
    rows_at_once: int = ROWS_AT_ONCE
    reports: dict[str, _Report] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._hour = CallLimit(CALLS_IN_AN_HOUR, 3600.0, self.clock.now)
        self._used = 0
        self._lock = threading.Lock()

    def app(self) -> ASGIApp:
        """The application to mount."""
        return Starlette(
            routes=[
                Route("/{version}/me/adaccounts", self._accounts),
                Route("/{version}/act_{account}", self._account),
                Route("/{version}/act_{account}/insights", self._insights),
                Route("/{version}/act_{account}/insights", self._order_report, methods=["POST"]),
                Route("/{version}/act_{account}/{edge}", self._edge),
                Route("/{version}/{run}/insights", self._report_rows),
                Route("/{version}/{run}", self._report),
            ],
            exception_handlers={Refusal: self._refused, HTTPException: self._no_such_path},
        )

    def error(self, kind: str) -> Response:
        """Meta's own error bodies; ``error_200_job_failed`` is a report that came to nothing."""
        if kind == "throttle":
            return self._counted(Refusal(4, "(#4) Application request limit reached", subcode=1504022).reply())
        if kind == "day_limit":
            told = "(#80000) There have been too many calls from this ad-account. Wait a bit and try again."
            return self._counted(Refusal(80000, told, subcode=2446079).reply(), minutes=360)
        if kind == "unauthorized":
            return _expired().reply()
        if kind == "forbidden":
            told = "(#200) Ad account owner has NOT grant ads_management or ads_read permission"
            return Refusal(200, told, status=403).reply()
        if kind == "error_200_job_failed":
            return reply({"id": "0", "async_status": "Job Failed", "async_percent_completion": 40})
        if kind == "error_200":
            body = Refusal(2, "Service temporarily unavailable").reply().body
            return reply(bytes(body))
        if kind == "throttle_too_much":
            return Refusal(100, "(#100) The report has timed out.", subcode=1504018).reply()
        return Refusal(1, "An unknown error occurred", status=500).reply()

    def _accounts(self, request: Request) -> Response:
        self._admit(request)
        return self._listed(request, _ACCOUNT, "accounts order by id", [])

    def _account(self, request: Request) -> Response:
        account = self._admit(request)
        body = self.store.read(f"select {_document(request, _ACCOUNT)} from accounts where id = ?", [account.id])
        return self._counted(reply(body[0][0].encode()), account)

    def _edge(self, request: Request) -> Response:
        """What is in an account: campaigns, ad sets, ads, the newest first."""
        account, edge = self._admit(request), request.path_params["edge"]
        if edge not in _EDGES:
            raise Refusal(2500, f"Unknown path components: /{edge}")
        fields, relation = _EDGES[edge]
        return self._listed(request, fields, relation, [account.id], account)

    def _listed(
        self, request: Request, fields: dict[str, str], relation: str, values: list[object], account: Account | None = None
    ) -> Response:
        start, limit = replies.place_of(request), replies.limit_of(request, LARGEST_PAGE)
        found = self.store.read(
            f"select {_document(request, fields)} from {relation} limit ? offset ?", [*values, limit + 1, start]
        )
        rows = [row[0] for row in found[:limit]]
        return self._counted(replies.page(request, rows, start, more=len(found) > limit), account)

    def _insights(self, request: Request) -> Response:
        """A report at once: refused where it would take too long."""
        account = self._admit(request)
        insights = asked(account, dict(request.query_params), account.today(self.clock.horizon))
        rows = [row[0] for row in self.store.read(insights.sql, insights.values)]
        if len(rows) > self.rows_at_once:
            raise Refusal(
                100, "(#100) The report has timed out. Reduce the amount of data or ask for it asynchronously.", subcode=1504018
            )
        return self._counted(self._slice(request, rows), account)

    async def _order_report(self, request: Request) -> Response:
        """A report that is made while the caller goes on."""
        account = self._admit(request)
        options = dict(request.query_params) | dict(parse_qsl((await request.body()).decode()))
        insights = asked(account, options, account.today(self.clock.horizon))
        rows = [row[0] for row in self.store.read(insights.sql, insights.values)]
        with self._lock:
            run = str(6_023_920_149_050 + len(self.reports))
            self.reports[run] = _Report(insights, rows)
        return self._counted(reply({"report_run_id": run}), account)

    def _report(self, request: Request) -> Response:
        """How far a report is; it is done when it has been asked after for the third time."""
        report = self._run(request)
        state = _STATES[report.polls] if report.polls < len(_STATES) else "Job Completed"
        percent = 100 if state == "Job Completed" else 40 * report.polls
        report.polls += 1
        insights = report.insights
        whole = {
            "id": request.path_params["run"],
            "account_id": insights.account.id,
            "async_status": state,
            "async_percent_completion": percent,
            "date_start": insights.since.isoformat(),
            "date_stop": insights.until.isoformat(),
        }
        return self._counted(reply(whole), insights.account)

    def _report_rows(self, request: Request) -> Response:
        report = self._run(request)
        if report.polls <= len(_STATES):
            told = "(#2601) Loading async insights result failed: the job is not completed"
            raise Refusal(2601, told, subcode=1815107)
        return self._counted(self._slice(request, report.rows), report.insights.account)

    def _run(self, request: Request) -> _Report:
        self._admit(request)
        run = request.path_params["run"]
        if run not in self.reports:
            told = f"Unsupported get request. Object with ID '{run}' does not exist, cannot be loaded due to missing permissions"
            raise Refusal(100, told, subcode=33, kind="GraphMethodException")
        return self.reports[run]

    @staticmethod
    def _slice(request: Request, rows: list[str]) -> Response:
        start, limit = replies.place_of(request), replies.limit_of(request, LARGEST_PAGE)
        return replies.page(request, rows[start : start + limit], start, more=len(rows) > start + limit)

    def _admit(self, request: Request) -> Account:
        """The account that is asked for; refuses who may not call, or calls too often. Calls of no account get any one."""
        version = re.fullmatch(r"v(\d+)\.0", request.path_params["version"])
        if version is None:
            raise Refusal(2500, f"Unknown path components: {request.url.path}")
        if int(version[1]) < OLDEST_VERSION:
            told = "(#2635) You are calling a deprecated version of the Ads API. Please update to the latest version: v25.0."
            raise Refusal(2635, told)
        presented = request.query_params.get("access_token") or request.headers.get("authorization", "").removeprefix("Bearer ")
        if not presented:
            told = "An active access token must be used to query information about the current user."
            raise Refusal(2500, told)
        if presented != SYSTEM_USER_TOKEN:
            raise _expired()
        with self._lock:
            self._used += 1
        if self.limits and self._hour.take()[0] < 0:
            raise Refusal(17, "(#17) User request limit reached", subcode=2446079)
        wanted = request.path_params.get("account")
        if wanted is None:
            return next(iter(self.store.accounts.values()))
        if wanted not in self.store.accounts:
            told = f"Unsupported get request. Object with ID 'act_{wanted}' does not exist, cannot be loaded due to missing permissions"
            raise Refusal(100, told, subcode=33, kind="GraphMethodException")
        return self.store.accounts[wanted]

    def _counted(self, answer: Response, account: Account | None = None, minutes: int = 0) -> Response:
        """The answer with what the caller has used of its limits; ``minutes`` until it may call again."""
        used = min(100, round(100 * self._used / CALLS_IN_AN_HOUR)) if not minutes else 100
        spent = {"call_count": used, "total_cputime": used, "total_time": used}
        business = {
            "type": "ads_insights",
            **spent,
            "estimated_time_to_regain_access": minutes,
            "ads_api_access_tier": "standard_access",
        }
        answer.headers["X-App-Usage"] = json.dumps(spent)
        answer.headers["X-Business-Use-Case-Usage"] = json.dumps({BUSINESS_ID: [business]})
        if account is not None:
            tier = {"acc_id_util_pct": float(used), "reset_time_duration": 0, "ads_api_access_tier": "standard_access"}
            answer.headers["X-Ad-Account-Usage"] = json.dumps(tier)
            throttle = {"app_id_util_pct": float(used), "acc_id_util_pct": float(used), "ads_api_access_tier": "standard_access"}
            answer.headers["x-fb-ads-insights-throttle"] = json.dumps(throttle)
        return answer

    def _refused(self, _request: Request, refusal: Exception) -> Response:
        return self._counted(refusal.reply()) if isinstance(refusal, Refusal) else self.error("server_error")

    @staticmethod
    def _no_such_path(request: Request, _trouble: Exception) -> Response:
        return Refusal(2500, f"Unknown path components: {request.url.path}").reply()


def _document(request: Request, fields: dict[str, str]) -> str:
    """SQL of an object as JSON: its id and the fields that were asked for."""
    wanted = replies.listed(request.query_params.get("fields", ""))
    for one in wanted:
        if one not in fields:
            raise Refusal(100, f"(#100) Tried accessing nonexisting field ({one})")
    chosen = [*dict.fromkeys(one for one in wanted if one != "id"), "id"]
    members = ", ".join(f"'{one}', {fields[one]}" for one in chosen)
    return f"json_object({members})::varchar"


def _expired() -> Refusal:
    told = "Error validating access token: Session has expired. The current time is later than the session's end."
    return Refusal(190, told, subcode=463)

"""HubSpot's campaigns: budget and spend, assets, and the reports of what came of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.vendors.hubspot import replies
from sandbox.vendors.hubspot.objects import instant
from sandbox.vendors.hubspot.replies import Refusal
from sandbox.vendors.hubspot.store import HubSpotStore
from sandbox.vendors.wire import VirtualClock

LARGEST_PAGE, LARGEST_BATCH = 100, 50
INLINE = 10
"""Assets of one type that a campaign carries with it; the rest is a page of its own."""

MODELS = (
    "LINEAR",
    "FIRST_INTERACTION",
    "LAST_INTERACTION",
    "FULL_PATH",
    "U_SHAPED",
    "W_SHAPED",
    "TIME_DECAY",
    "J_SHAPED",
    "INVERSE_J_SHAPED",
)
ASSET_TYPES = (
    *("AD_CAMPAIGN", "AUTOMATION_PLATFORM_FLOW", "BLOG_POST", "CTA", "EXTERNAL_WEB_URL", "FORM", "LANDING_PAGE"),
    *("MARKETING_EMAIL", "MARKETING_EVENT", "MARKETING_SMS", "OBJECT_LIST", "SITE_PAGE", "SOCIAL_BROADCAST", "WEB_INTERACTIVE"),
)
_CONTACT_TYPES = {"contactFirstTouch": "is_first", "contactLastTouch": "is_last", "influencedContacts": "true"}
_FIRST_DAY = date(2006, 1, 1)
_TEXTS = ("hs_name", "hs_object_id", "hs_utm", "hs_start_date", "hs_end_date", "hs_campaign_status", "hs_currency_code", "hs_owner")
_PROPERTIES = {name: name for name in _TEXTS} | {
    "hs_budget_items_sum_amount": "rtrim(rtrim(budget_total::varchar, '0'), '.')",
    "hs_spend_items_sum_amount": "rtrim(rtrim(spend_total::varchar, '0'), '.')",
    "hs_created_at": instant("created_at"),
}
"""Property of a campaign -> SQL of its text."""


def _ms(column: str) -> str:
    return f"epoch_ms({column})"


def _exact(column: str) -> str:
    """SQL of an amount as a JSON number with all its digits, which a double would not keep."""
    return f"(rtrim(rtrim({column}::varchar, '0'), '.'))::json"


_ITEM = f"""json_object('id', id::varchar, 'name', name, 'description', '', 'amount', {_exact("amount")}, 'order', sequence,
    'createdAt', {_ms("created_at")}, 'updatedAt', {_ms("updated_at")})"""
_ONES = """
    with met as (
        select *, id = min(id) over (partition by contact_id) as is_first,
            id = max(case when occurred_at <= contact_made_at then id end) over (partition by contact_id) as is_last
        from interactions
    )"""


class Input(msgspec.Struct):
    """One campaign of a batch."""

    id: str


class BatchRead(msgspec.Struct):
    """The body of a batch read."""

    inputs: list[Input]


@dataclass(frozen=True)
class CampaignsApi:
    """``/marketing/v3/campaigns``."""

    store: HubSpotStore
    clock: VirtualClock

    def routes(self) -> list[BaseRoute]:
        """What it answers."""
        root = "/marketing/v3/campaigns"
        one = root + "/{guid}"
        return [
            Route(root, self._campaigns),
            Route(root + "/batch/read", self._batch_read, methods=["POST"]),
            Route(one, self._campaign),
            Route(one + "/budget/totals", self._money),
            Route(one + "/assets/{type}", self._assets),
            Route(one + "/reports/metrics", self._metrics),
            Route(one + "/reports/revenue", self._revenue),
            Route(one + "/reports/contacts/{type}", self._contacts),
            Route(one + "/{kind}/{item}", self._money_item),
        ]

    def _campaigns(self, request: Request) -> Response:
        limit, after = replies.limit_of(request, 50, LARGEST_PAGE), _after(request)
        name = request.query_params.get("name", "")
        total = self.store.one("select count(*) from campaigns where contains(lower(hs_name), lower(?))", [name])[0]
        found = self.store.read(
            f"""select id, {_body(request)} from campaigns
            where contains(lower(hs_name), lower(?)) and id >= ? order by id limit ?""",
            [name, after, limit + 1],
        )
        return replies.page(request, [row[1] for row in found[:limit]], found[limit][0] if len(found) > limit else None, total)

    def _campaign(self, request: Request) -> Response:
        guid = self._known(request)
        return replies.reply(self._with_assets(request, [guid])[0].encode())

    async def _batch_read(self, request: Request) -> Response:
        """Campaigns with what belongs to them, each once."""
        inputs = (await replies.body_of(request, BatchRead)).inputs
        if len(inputs) > LARGEST_BATCH:
            raise Refusal(400, f"Batch size limit exceeded: at most {LARGEST_BATCH} inputs are allowed")
        return await run_in_threadpool(self._read_batch, request, list(dict.fromkeys(one.id.lower() for one in inputs)))

    def _read_batch(self, request: Request, guids: Sequence[str]) -> Response:
        known = {
            row[0] for row in self.store.read("select guid from campaigns where guid in (select unnest(?::varchar[]))", [guids])
        }
        missing = [guid for guid in guids if guid not in known]
        trouble = {
            "status": "error",
            "category": "OBJECT_NOT_FOUND",
            "message": "Some campaigns do not exist",
            "context": {"ids": missing},
            "errors": [],
            "links": {},
        }
        return replies.batch(self._with_assets(request, sorted(known)), [trouble] if missing else [], self.clock.now())

    def _with_assets(self, request: Request, guids: Sequence[str]) -> list[str]:
        """Campaigns and their assets, of each type the first few; metrics only within two dates."""
        asset = _asset(request)
        address = str(request.url.replace(query="")).partition("/campaigns")[0] + "/campaigns/"
        rows = self.store.read(
            f"""select {_body(request, ", 'assets', coalesce(listed.assets, json_object())")}
            from campaigns
            left join (
                select guid, json_group_object(type, case
                    when more is null then json_object('results', results)
                    else json_object('results', results, 'paging', json_object('next', json_object('after', more::varchar,
                        'link', '{address}' || guid || '/assets/' || type || '?after=' || more)))
                end) as assets
                from (
                    select guid, type, to_json(list({asset}::json order by id) filter (place <= {INLINE})) as results,
                        min(id) filter (place > {INLINE}) as more
                    from (select *, row_number() over (partition by guid, type order by id) as place from assets)
                    where guid in (select unnest(?::varchar[]))
                    group by guid, type
                )
                group by guid
            ) as listed using (guid)
            where guid in (select unnest(?::varchar[])) order by campaigns.id""",
            [list(guids), list(guids)],
        )
        return [row[0] for row in rows]

    def _assets(self, request: Request) -> Response:
        guid, kind = self._known(request), request.path_params["type"]
        if kind not in ASSET_TYPES:
            raise Refusal(400, f"Unknown asset type: {kind}")
        limit = replies.limit_of(request, 10, LARGEST_PAGE)
        found = self.store.read(
            f"select id, {_asset(request)} from assets where guid = ? and type = ? and id >= ? order by id limit ?",
            [guid, kind, _after(request), limit + 1],
        )
        return replies.page(request, [row[1] for row in found[:limit]], found[limit][0] if len(found) > limit else None)

    def _money(self, request: Request) -> Response:
        """What a campaign may cost, and what it has cost: items and totals."""
        items = ", ".join(
            f"""'{kind}Items', coalesce((select to_json(list({_ITEM} order by sequence)) from money_items
                where money_items.guid = campaigns.guid and kind = '{kind}'), json_array())"""
            for kind in ("budget", "spend")
        )
        found = self.store.read(
            f"""select json_object({items}, 'budgetTotal', {_exact("budget_total")}, 'spendTotal', {_exact("spend_total")},
                'remainingBudget', {_exact("(budget_total - spend_total)")}, 'currencyCode', hs_currency_code)::varchar
            from campaigns where guid = ?""",
            [self._known(request)],
        )
        return replies.reply(found[0][0].encode())

    def _money_item(self, request: Request) -> Response:
        guid, kind = request.path_params["guid"].lower(), request.path_params["kind"]
        item = replies.whole_number(request.path_params["item"], f"{kind}Id")
        found = self.store.read(
            f"select {_ITEM}::varchar from money_items where guid = ? and kind = ? and id = ?", [guid, kind, item]
        )
        if not found:
            raise Refusal(404, f"Campaign {guid} has no {kind} item {item}", "OBJECT_NOT_FOUND")
        return replies.reply(found[0][0].encode())

    def _metrics(self, request: Request) -> Response:
        """Visits by the campaign, whom it reached, and whose first or last meeting before they became a contact it was."""
        guid, (start, end) = self._known(request), _span(request)
        found = self.store.one(
            f"""{_ONES}
            select json_object(
                'sessions', count(*), 'influencedContacts', count(distinct contact_id),
                'newContactsFirstTouch', count(distinct contact_id) filter (is_first), 'newContactsLastTouch', count(distinct contact_id) filter (is_last)
            )::varchar
            from met where guid = ? and occurred_at >= ? and occurred_at < ?""",
            [guid, start, end],
        )
        return replies.reply(str(found[0]).encode())

    def _revenue(self, request: Request) -> Response:
        """Won deals that the campaign has a part in: their whole amount, and its part by one of the models."""
        guid, (start, end) = self._known(request), _span(request)
        model = request.query_params.get("attributionModel") or MODELS[0]
        if model not in MODELS:
            raise Refusal(400, f"Unknown attribution model {model}: one of {', '.join(MODELS)} is expected")
        found = self.store.one(
            f"""with shares as (
                select deal_id, any_value(amount) as amount, sum(weight) as weight from deal_credits
                where model = $model and guid = $guid and weight > 0 and ended_at >= $start and ended_at < $end group by deal_id
            )
            select json_object(
                'dealsNumber', count(*), 'dealAmount', {_exact("coalesce(sum(amount), 0)::decimal(20, 4)")},
                'revenueAmount', {_exact("coalesce(sum(round(amount * weight, 2)), 0)::decimal(20, 2)")},
                'contactsNumber', (select count(distinct contact_id) from deal_credits
                    where model = $model and guid = $guid and weight > 0 and ended_at >= $start and ended_at < $end),
                'currencyCode', $currency)::varchar
            from shares""",
            {"model": model, "guid": guid, "start": start, "end": end, "currency": self.store.currency},
        )
        return replies.reply(str(found[0]).encode())

    def _contacts(self, request: Request) -> Response:
        guid, (start, end), kind = self._known(request), _span(request), request.path_params["type"]
        if kind not in _CONTACT_TYPES:
            raise Refusal(400, f"Unknown contact type {kind}: one of {', '.join(_CONTACT_TYPES)} is expected")
        limit = replies.limit_of(request, LARGEST_PAGE, LARGEST_PAGE)
        found = self.store.read(
            f"""{_ONES} select contact_id, json_object('id', contact_id::varchar)::varchar from met
            where guid = ? and occurred_at >= ? and occurred_at < ? and {_CONTACT_TYPES[kind]} and contact_id >= ?
            group by contact_id order by contact_id limit ?""",
            [guid, start, end, _after(request), limit + 1],
        )
        return replies.page(request, [row[1] for row in found[:limit]], found[limit][0] if len(found) > limit else None)

    def _known(self, request: Request) -> str:
        guid = str(request.path_params["guid"]).lower()
        if not self.store.read("select guid from campaigns where guid = ?", [guid]):
            raise Refusal(404, f"Campaign {guid} does not exist", "OBJECT_NOT_FOUND")
        return guid


def _body(request: Request, more: str = "") -> str:
    """A campaign with the properties that were asked for and that it has; without asking there are none."""
    chosen = [name for name in dict.fromkeys(replies.names_of(request, "properties")) if name in _PROPERTIES]
    properties = ", ".join(f"'{name}', {_PROPERTIES[name]}" for name in chosen)
    return f"""json_object('id', guid, 'properties', json_merge_patch(json_object(), json_object({properties})), 'businessUnits', json_array(),
        'createdAt', {instant("created_at")}, 'updatedAt', {instant("updated_at")}{more})::varchar"""


def _asset(request: Request) -> str:
    """SQL of one asset. Its figures come within a span of days only."""
    metrics = ""
    if request.query_params.get("startDate") and request.query_params.get("endDate"):
        _span(request)
        metrics = ", 'metrics', metrics"
    return f"json_object('id', id::varchar, 'name', name{metrics})::varchar"


def _span(request: Request) -> tuple[date, date]:
    """The first day, and the one after the last; without them all days."""
    days = []
    for name, default in (("startDate", _FIRST_DAY), ("endDate", date(9998, 12, 31))):
        text = request.query_params.get(name)
        try:
            days.append(date.fromisoformat(text) if text else default)
        except ValueError:
            raise Refusal(400, f"Invalid {name}: '{text}' is not a date of the form YYYY-MM-DD") from None
    return days[0], days[1] + timedelta(days=1)


def _after(request: Request) -> int:
    return replies.whole_number(request.query_params.get("after") or 0, "after")

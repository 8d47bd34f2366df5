"""HubSpot's marketing APIs: e-mails with statistics, campaigns with budget and spend, forms with submissions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.vendors.hubspot.store import HubSpotStore

_CAMPAIGN_DEFAULTS = ("hs_name",)
_SUBMISSIONS_PER_PAGE = 50
_encoder = msgspec.json.Encoder(decimal_format="number")

Handler = Callable[[Request], Awaitable[Response]]


def routes(store: HubSpotStore) -> list[tuple[str, Handler]]:
    """Paths and what answers them."""

    async def campaigns(request: Request) -> Response:
        query = request.query_params
        limit, after = _size(request, 50, 100), int(query.get("after") or 0)
        wanted = [name for name in query.get("properties", "").split(",") if name] or list(_CAMPAIGN_DEFAULTS)
        rows = store.rows("select * from campaigns where id >= ? order by id limit ?", [after, limit + 1])
        results = [_campaign(row, wanted) for row in rows[:limit]]
        return _json(_page(request, results, str(rows[limit]["id"]) if len(rows) > limit else None, total=None))

    async def totals(request: Request) -> Response:
        guid = request.path_params["guid"]
        rows = store.rows("select * from campaigns where guid = ?", [guid])
        if not rows:
            return JSONResponse({"status": "error", "message": "Campaign not found", "category": "OBJECT_NOT_FOUND"}, 404)
        campaign = rows[0]
        items = store.rows("select * from money_items where guid = ? order by id", [guid])
        body = {
            "budgetItems": [_item(row) for row in items if row["kind"] == "budget"],
            "spendItems": [_item(row) for row in items if row["kind"] == "spend"],
            "budgetTotal": campaign["budget_total"],
            "spendTotal": campaign["spend_total"],
            "remainingBudget": campaign["budget_total"] - campaign["spend_total"],
            "currencyCode": campaign["hs_currency_code"],
        }
        return _json(body)

    async def emails(request: Request) -> Response:
        query = request.query_params
        limit, after = _size(request, 10, 300), int(query.get("after") or 0)
        since = query.get("updatedAfter")
        moment = datetime.fromisoformat(since).astimezone(UTC).replace(tzinfo=None) if since else datetime(1970, 1, 1)  # noqa: DTZ001
        rows = store.rows(
            "select * from emails where id >= ? and published_at >= ? order by id limit ?", [after, moment, limit + 1]
        )
        with_stats = query.get("includeStats", "false").lower() == "true"
        total = int(store.rows("select count(*) as n from emails where published_at >= ?", [moment])[0]["n"])
        results = [_email(row, with_stats=with_stats) for row in rows[:limit]]
        return _json(_page(request, results, str(rows[limit]["id"]) if len(rows) > limit else None, total=total))

    async def forms(request: Request) -> Response:
        rows = store.rows("select * from forms order by id")
        results = [
            {
                "id": row["guid"],
                "name": row["name"],
                "formType": "hubspot",
                "createdAt": _iso(row["created_at"]),
                "updatedAt": _iso(row["created_at"]),
                "archived": False,
                "fieldGroups": [],
                "configuration": {"language": "en"},
                "displayOptions": {"theme": "default_style"},
                "legalConsentOptions": {"type": "none"},
            }
            for row in rows
        ]
        return _json(_page(request, results, None, total=None))

    async def submissions(request: Request) -> Response:
        """Newest first; ``after`` is an opaque cursor."""
        limit, after = _size(request, 20, _SUBMISSIONS_PER_PAGE), request.query_params.get("after")
        rows = store.rows(
            """select * from submissions where form_guid = ? and (?::varchar is null or id < ?::bigint)
            order by id desc limit ?""",
            [request.path_params["guid"], after, after, limit + 1],
        )
        results = [_submission(row) for row in rows[:limit]]
        following = str(rows[limit - 1]["id"]) if len(rows) > limit else None
        return _json(_page(request, results, following, total=None))

    return [
        ("/marketing/v3/campaigns", campaigns),
        ("/marketing/v3/campaigns/", campaigns),
        ("/marketing/v3/campaigns/{guid}/budget/totals", totals),
        ("/marketing/v3/emails", emails),
        ("/marketing/v3/emails/", emails),
        ("/marketing/v3/forms", forms),
        ("/marketing/v3/forms/", forms),
        ("/form-integrations/v1/submissions/forms/{guid}", submissions),
    ]


def _size(request: Request, default: int, largest: int) -> int:
    return max(1, min(largest, int(request.query_params.get("limit") or default)))


def _json(body: object) -> Response:
    return Response(_encoder.encode(body), media_type="application/json")


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _ms(moment: datetime) -> int:
    return int(moment.replace(tzinfo=UTC).timestamp() * 1000)


def _page(request: Request, results: Sequence[object], following: str | None, *, total: int | None) -> dict[str, object]:
    body: dict[str, object] = {"results": list(results)} | ({"total": total} if total is not None else {})
    if following is not None:
        query = {**request.query_params, "after": following}
        body["paging"] = {"next": {"after": following, "link": f"{str(request.url).split('?')[0]}?{urlencode(query)}"}}
    return body


def _campaign(row: Mapping[str, Any], wanted: Sequence[str]) -> dict[str, object]:
    return {
        "id": row["guid"],
        "properties": {name: _property(row, name) for name in wanted},
        "createdAt": _iso(row["created_at"]),
        "updatedAt": _iso(row["updated_at"]),
    }


def _item(row: Mapping[str, Any]) -> dict[str, object]:
    at = {"createdAt": _ms(row["created_at"]), "updatedAt": _ms(row["updated_at"])}
    return {"id": str(row["id"]), "name": row["name"], "amount": row["amount"], **at, "order": row["sequence"], "description": ""}


def _property(row: Mapping[str, Any], name: str) -> str | None:
    """A campaign's property as text."""
    column = {"hs_budget_items_sum_amount": "budget_total", "hs_spend_items_sum_amount": "spend_total"}.get(name, name)
    value = row.get(column)
    return None if value is None else f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


def _email(row: Mapping[str, Any], *, with_stats: bool) -> dict[str, object]:
    body: dict[str, object] = {
        "id": str(row["id"]),
        "name": row["name"],
        "subject": row["subject"],
        "state": "PUBLISHED",
        "type": "BATCH_EMAIL",
        "isPublished": True,
        "archived": False,
        "campaign": row["campaign_guid"],
        "campaignName": row["campaign_name"],
        "campaignUtm": row["campaign_utm"],
        "createdAt": _iso(row["published_at"]),
        "updatedAt": _iso(row["published_at"]),
        "publishDate": _iso(row["published_at"]),
    }
    if with_stats:
        counters = {
            "sent": row["sent"],
            "delivered": row["delivered"],
            "open": row["opened"],
            "click": row["clicked"],
            "bounce": row["bounced"],
            "unsubscribed": row["unsubscribed"],
        }
        body["stats"] = {"counters": counters, "ratios": {}, "deviceBreakdown": {}, "qualifierStats": {}}
    return body


def _submission(row: Mapping[str, Any]) -> dict[str, object]:
    tags = {name: row[name] for name in ("utm_source", "utm_medium", "utm_campaign") if row[name]}
    values = (
        ("email", row["email"]),
        ("firstname", row["first_name"]),
        ("lastname", row["last_name"]),
        ("company", row["company"]),
    )
    return {
        "submittedAt": _ms(row["submitted_at"]),
        "conversionId": str(row["id"]),
        "values": [{"name": name, "value": value, "objectTypeId": "0-1"} for name, value in values if value],
        "pageUrl": row["page"] + (f"?{urlencode(tags)}" if tags else ""),
        "pageTitle": row["form_name"],
    }

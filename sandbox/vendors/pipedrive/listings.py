"""Version 2: listings with cursors, single records, products of deals, and the definitions of fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.vendors.pipedrive import replies
from sandbox.vendors.pipedrive.replies import Cursor, Refusal
from sandbox.vendors.pipedrive.store import PipedriveStore

_ROOT = "/api/v2"
_STATUSES = {"open", "won", "lost", "deleted"}
_MOST_IDS, _MOST_CUSTOM_FIELDS = 100, 15
_SORTS = {"id", "add_time", "update_time"}
_OPEN_DEALS = 1  # the only saved filter of the account


@dataclass(frozen=True)
class Listing:
    """One listing. ``filters`` are query parameters that name a column; ``sorts``, what else than the id it can be sorted by."""

    path: str
    table: str
    noun: str
    filters: tuple[str, ...] = ("owner_id",)
    where: str = "true"
    changes: bool = True
    sorts: frozenset[str] = field(default=frozenset(_SORTS))
    on_request: tuple[str, ...] = ()


_DEAL_FILTERS = ("owner_id", "person_id", "org_id", "pipeline_id", "stage_id")
_COUNTS = ("activities_count", "done_activities_count", "undone_activities_count", "notes_count", "files_count", "followers_count")
_EXTRAS = ("next_activity_id", "last_activity_id", "products_count", "participants_count", "email_messages_count", *_COUNTS)
LISTINGS = (
    Listing("deals", "deals", "Deal", _DEAL_FILTERS, "not is_archived", on_request=_EXTRAS),
    Listing("deals/archived", "deals", "Deal", _DEAL_FILTERS, "is_archived", on_request=_EXTRAS),
    Listing("persons", "persons", "Person", ("owner_id", "org_id"), on_request=_EXTRAS),
    Listing("organizations", "organizations", "Organization", on_request=_EXTRAS),
    Listing(
        "activities", "activities", "Activity", ("owner_id", "deal_id", "person_id", "org_id", "done"), on_request=("attendees",)
    ),
    Listing("products", "products", "Product"),
    Listing("pipelines", "pipelines", "Pipeline", (), changes=False),
    Listing("stages", "stages", "Stage", ("pipeline_id",), changes=False),
)


@dataclass(frozen=True)
class Version2:
    """Everything under ``/api/v2``."""

    store: PipedriveStore

    def routes(self) -> list[BaseRoute]:
        """What it answers."""
        return [
            Route(f"{_ROOT}/deals/products", self._products_of_deals),
            Route(f"{_ROOT}/deals/{{id:int}}/products", self._products_of_deal),
            *(Route(f"{_ROOT}/{one.path}", partial(self._list, one)) for one in LISTINGS),
            *(Route(f"{_ROOT}/{one.path}/{{id:int}}", partial(self._one, one)) for one in LISTINGS if "/" not in one.path),
            *(
                Route(f"{_ROOT}/{kind}Fields", partial(self._fields, kind))
                for kind in ("deal", "person", "organization", "product", "activity")
            ),
        ]

    def _list(self, listing: Listing, request: Request) -> Response:
        """A page. What is deleted is not in it, but where deals of that status are asked for."""
        query = request.query_params
        conditions, values = [listing.where], list[object]()
        if filter_id := replies.whole_number(request, "filter_id", 0):
            if filter_id != _OPEN_DEALS or listing.table != "deals":
                raise Refusal(404, "Filter not found")
            conditions.append("status = 'open'")  # a filter takes the place of all others
        else:
            conditions += self._conditions(listing, request, values)
        for name, sign in (("updated_since", ">="), ("updated_until", "<")):
            if listing.changes and not filter_id and (moment := replies.moment_of(request, name)):
                conditions.append(f"update_time {sign} ?")
                values.append(moment)
        sort, direction = query.get("sort_by", "id"), query.get("sort_direction", "asc")
        if sort not in listing.sorts or direction not in {"asc", "desc"}:
            raise Refusal(400, f"Validation failed: sort_by: must be one of {', '.join(sorted(listing.sorts))}")
        return self._page(listing.table, request, conditions, values, sort=sort, descending=direction == "desc", listing=listing)

    def _conditions(self, listing: Listing, request: Request, values: list[object]) -> list[str]:
        """The filters of a call that name a column."""
        conditions = []
        if listing.table == "deals":
            asked = [name for name in request.query_params.get("status", "").split(",") if name]
            if unknown := set(asked) - _STATUSES:
                raise Refusal(400, f"Validation failed: status: Invalid status '{min(unknown)}'")
            conditions.append("list_contains(?::varchar[], status)" if asked else "status <> 'deleted'")
            values += [asked] if asked else []
        if ids := replies.numbers_of(request, "ids", _MOST_IDS):
            conditions.append("list_contains(?::bigint[], id)")
            values.append(ids)
        for name in listing.filters:
            if name == "done" and request.query_params.get(name):
                conditions.append("done = (? in ('true', '1'))")
                values.append(request.query_params[name])
            elif name != "done" and request.query_params.get(name):
                conditions.append(f"{name} = ?")
                values.append(replies.whole_number(request, name, 0))
        return conditions

    def _page(
        self,
        table: str,
        request: Request,
        conditions: list[str],
        values: list[object],
        *,
        sort: str = "id",
        descending: bool = False,
        listing: Listing | None = None,
    ) -> Response:
        limit, order = replies.limit_of(request), "desc" if descending else "asc"
        if cursor := replies.cursor_of(request, f"{sort} {order}"):
            conditions.append(f"({sort}, id) {'<' if descending else '>'} ({'?' if sort == 'id' else '?::timestamp'}, ?)")
            values += [cursor.value, cursor.id]
        told = sort if sort == "id" else f"{sort}::varchar"
        found = self.store.read(
            f"select id, {told}, body from {table} where {' and '.join(conditions)} order by {sort} {order}, id {order} limit ?",
            [*values, limit + 1],
        )
        rows = found[:limit]
        following = Cursor(f"{sort} {order}", rows[-1][1], rows[-1][0]) if len(found) > limit else None
        bodies = [row[2] for row in rows]
        return replies.page([_shaped(body, listing, request) for body in bodies] if listing else bodies, following)

    def _one(self, listing: Listing, request: Request) -> Response:
        """One record; an archived deal and one deleted lately too."""
        found = self.store.read(f"select body from {listing.table} where id = ?", [request.path_params["id"]])
        if not found:
            raise Refusal(404, f"{listing.noun} not found")
        return replies.single(_shaped(found[0][0], listing, request))

    def _products_of_deals(self, request: Request) -> Response:
        ids = replies.numbers_of(request, "deal_ids", _MOST_IDS)
        if not ids:
            raise Refusal(400, "Validation failed: deal_ids: Required")
        return self._products(request, ids)

    def _products_of_deal(self, request: Request) -> Response:
        if not self.store.read("select id from deals where id = ?", [request.path_params["id"]]):
            raise Refusal(404, "Deal not found")
        return self._products(request, [request.path_params["id"]])

    def _products(self, request: Request, ids: list[int]) -> Response:
        sort, direction = request.query_params.get("sort_by", "id"), request.query_params.get("sort_direction", "asc")
        if sort not in {*_SORTS, "deal_id"} or direction not in {"asc", "desc"}:
            raise Refusal(400, "Validation failed: sort_by: must be one of add_time, deal_id, id, update_time")
        sort = "id" if sort == "deal_id" else sort  # the ids of lines go up with those of their deals
        where = ["list_contains(?::bigint[], deal_id)"]
        return self._page("deal_products", request, where, [ids], sort=sort, descending=direction == "desc")

    def _fields(self, kind: str, request: Request) -> Response:
        """The definitions of fields; the code of one that somebody has added is forty hexadecimal digits."""
        listed = f"(select row_number() over (order by rowid) as id, {_FIELD}::varchar as body from field where kind = '{kind}')"
        return self._page(listed, request, ["true"], [])


_FIELD = """json_object(
    'field_name', name, 'field_code', coalesce(own_code, field_code(kind, name)), 'description', null, 'field_type', type, 'options', options,
    'subfields', null, 'is_custom_field', own_code is null, 'is_optional_response_field', false
)"""


def _shaped(body: str, listing: Listing, request: Request) -> str:
    """A record with the fields that were asked for beside the usual ones, and only the custom fields that were named."""
    asked = [name for name in request.query_params.get("include_fields", "").split(",") if name]
    named = [name for name in request.query_params.get("custom_fields", "").split(",") if name]
    if len(named) > _MOST_CUSTOM_FIELDS:
        raise Refusal(400, f"Validation failed: custom_fields: at most {_MOST_CUSTOM_FIELDS} keys are allowed")
    if not asked and not named:
        return body
    document = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    extras: Mapping[str, object] = {name: 0 if name.endswith("_count") else None for name in asked if name in listing.on_request}
    shaped: dict[str, object] = {**extras, **document}
    if named and "custom_fields" in document:
        custom = msgspec.json.decode(document["custom_fields"], type=dict[str, msgspec.Raw])
        shaped["custom_fields"] = {name: value for name, value in custom.items() if name in named}
    return msgspec.json.encode(shaped).decode()

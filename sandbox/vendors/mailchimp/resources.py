"""The collections and their single rows, read page by page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.vendors.mailchimp import replies
from sandbox.vendors.mailchimp.listings import FLAG, LISTINGS, MOMENT, Listing
from sandbox.vendors.mailchimp.store import MailchimpStore

_DEFAULT_COUNT = 10
_NAMED = {"list": "list_id", "store": "store_id", "id": "campaign_id"}
"""Parameter of a path -> how the page names its value."""


@dataclass(frozen=True)
class ResourcesApi:
    """Everything below ``/3.0`` that is a collection."""

    store: MailchimpStore

    def routes(self) -> list[BaseRoute]:
        """What it answers; single rows after the collections whose names stand where an id would."""
        pages = [Route(f"/3.0{one.path}", self._paged(one)) for one in LISTINGS]
        singles = [Route(f"/3.0{one.path}/{{row}}", self._single(one)) for one in LISTINGS if one.single]
        return [*pages, *singles]

    def _paged(self, listing: Listing) -> Callable[[Request], Response]:
        def page(request: Request) -> Response:
            query = request.query_params
            count = replies.whole_number(query, "count", _DEFAULT_COUNT, replies.LARGEST_COUNT)
            offset = replies.whole_number(query, "offset", 0)
            where, values = self._condition(listing, request)
            shown = f"with shown as (from {listing.table} where {where}), paged as (select {listing.page} {_source(listing)})"
            total = self.store.read(f"{shown} select count(*) from paged", values)[0][0]
            base = replies.base_of(request)
            found = self.store.read(
                f"""{shown}, cut as (from paged order by {_order(listing, request)} limit {count} offset {offset})
                select ({listing.body})::varchar from cut as shown order by {_order(listing, request)}""",
                {**values, "base": base},
            )
            parents = {_NAMED[name]: value for name, value in request.path_params.items()}
            links = [replies.link("self", f"{base}{request.url.path.rpartition('/3.0')[2]}")]
            tail = msgspec.json.encode({**parents, "total_items": total, "_links": links}).decode()[1:]
            return replies.reply(request, f'{{"{listing.key}":[{",".join(row[0] for row in found)}],{tail}')

        return page

    def _single(self, listing: Listing) -> Callable[[Request], Response]:
        def single(request: Request) -> Response:
            where, values = self._path(listing, request)
            found = self.store.read(
                f"select ({listing.body})::varchar from (select * from {listing.table} where {where} and {listing.single} = $row) as shown",
                {**values, "row": request.path_params["row"], "base": replies.base_of(request)},
            )
            if not found:
                raise replies.absent()
            return replies.reply(request, found[0][0])

        return single

    def _path(self, listing: Listing, request: Request) -> tuple[str, dict[str, Any]]:
        """The condition that the path sets; raises Refusal where its resource does not exist."""
        for name, exists in listing.parents.items():
            if not self.store.read(exists.replace("?", "$id"), {"id": request.path_params[name]}):
                raise replies.absent()
        wanted = [f"{column} = $path_{name}" for name, column in listing.within.items()]
        return " and ".join(["true", *wanted]), {f"path_{name}": request.path_params[name] for name in listing.within}

    def _condition(self, listing: Listing, request: Request) -> tuple[str, dict[str, Any]]:
        where, values = self._path(listing, request)
        for name, (kind, condition) in listing.filters.items():
            text = request.query_params.get(name, "")
            if not text:
                continue
            if name in listing.words and text not in listing.words[name]:
                raise replies.invalid(name, f"Value must be one of {', '.join(sorted(listing.words[name]))}")
            where += f" and {condition.replace('?', '$' + name)}"
            values[name] = _value(request, name, kind)
        return where, values


def _source(listing: Listing) -> str:
    return "" if "from shown" in listing.page else "from shown"


def _value(request: Request, name: str, kind: str) -> object:
    if kind == MOMENT:
        return replies.moment(request.query_params, name)
    return request.query_params[name].lower() == "true" if kind == FLAG else request.query_params[name]


def _order(listing: Listing, request: Request) -> str:
    """SQL of the order: the field that was asked for, then the listing's own, so that pages fit together."""
    wanted = request.query_params.get("sort_field", "")
    direction = request.query_params.get("sort_dir", "ASC").upper()
    if direction not in {"ASC", "DESC"}:
        raise replies.invalid("sort_dir", "Value must be one of ASC, DESC")
    if not wanted or not listing.sorts:
        return listing.order
    if wanted not in listing.sorts:
        raise replies.invalid("sort_field", f"Value must be one of {', '.join(listing.sorts)}")
    return f"{listing.sorts[wanted]} {direction} nulls last, {listing.order}"

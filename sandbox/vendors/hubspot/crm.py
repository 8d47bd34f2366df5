"""The CRM's objects: lists, single records, batches and searches of contacts, companies, deals and the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.vendors.hubspot import replies, search
from sandbox.vendors.hubspot.associations import inline
from sandbox.vendors.hubspot.objects import ObjectType, Property, instant, required_type
from sandbox.vendors.hubspot.replies import Refusal
from sandbox.vendors.hubspot.store import HubSpotStore
from sandbox.vendors.wire import VirtualClock

LARGEST_PAGE, LARGEST_BATCH = 100, 100
LARGEST_WITH_HISTORY = 50
_DEFAULT_PAGE = 10


class BatchInput(msgspec.Struct):
    """One object of a batch."""

    id: str


class BatchRead(msgspec.Struct):
    """The body of a batch read. ``idProperty`` names a unique property by which objects are meant, in place of the id."""

    inputs: list[BatchInput]
    properties: list[str] = []
    propertiesWithHistory: list[str] = []  # noqa: N815  (the vendor's spelling)
    idProperty: str | None = None  # noqa: N815


@dataclass(frozen=True)
class View:
    """What of an object an answer shows."""

    kind: ObjectType
    properties: Sequence[Property]
    archived: bool = False
    history: Sequence[Property] = ()
    associations: Sequence[ObjectType] = ()
    links: str = field(default="", kw_only=True)
    """Address of the objects, for links to further associations."""

    def rendered(self) -> str:
        """SQL that writes an object of the table ``o`` as JSON."""
        pairs = [
            ("id", "o.id::varchar"),
            ("properties", _object([(one.name, one.rendered) for one in self.properties])),
            ("createdAt", instant("o.created_at")),
            ("updatedAt", instant("o.updated_at")),
            ("archived", str(self.archived).lower()),
        ]
        if self.archived:
            pairs.append(("archivedAt", instant("o.archived_at")))
        if self.history:
            pairs.append(("propertiesWithHistory", _object([(one.name, self._former(one)) for one in self.history])))
        bare = _object(pairs)
        if not self.associations:
            return bare
        return f"case when ties.tied is null then {bare} else {_object([*pairs, ('associations', 'ties.tied')])} end"

    def _former(self, one: Property) -> str:
        """A property's values, newest first; of most there is the present one alone."""
        origin = "'sourceType', 'CRM_UI'"
        return f"""coalesce(
            (select to_json(list(
                json_object('value', h.value, 'timestamp', {instant("h.changed_at")}, {origin}) order by h.changed_at desc))
             from history as h where h.object_type = '{self.kind.name}' and h.property = '{one.name}' and h.id = o.id),
            case when {one.rendered} is null then json_array()
                 else json_array(json_object('value', {one.rendered}, 'timestamp', {instant("o.created_at")}, {origin})) end)"""


@dataclass(frozen=True)
class ObjectsApi:
    """``/crm/v3/objects``."""

    store: HubSpotStore
    clock: VirtualClock
    reach: int = search.REACH
    """Results of one search that can be paged to; beyond them the vendor answers 400."""

    def routes(self) -> list[BaseRoute]:
        """What it answers."""
        root = "/crm/v3/objects/{type}"
        return [
            Route(root, self._list),
            Route(root + "/search", self._search, methods=["POST"]),
            Route(root + "/batch/read", self._batch_read, methods=["POST"]),
            Route(root + "/{id}", self._one),
        ]

    def _list(self, request: Request) -> Response:
        view = self._view(request)
        limit = replies.limit_of(request, _DEFAULT_PAGE, LARGEST_WITH_HISTORY if view.history else LARGEST_PAGE)
        after = replies.whole_number(request.query_params.get("after") or 0, "after")
        gone = f"archived_at is {'not ' if view.archived else ''}null"
        found = self.store.read(f"select id from {view.kind.name} where {gone} and id >= ? order by id limit ?", [after, limit + 1])
        ids = [row[0] for row in found[:limit]]
        return replies.page(request, self._rendered(view, ids), ids[-1] + 1 if len(found) > limit else None)

    def _one(self, request: Request) -> Response:
        view = self._view(request)
        wanted, by = request.path_params["id"], request.query_params.get("idProperty")
        rows = self._rendered(view, list(self._resolved(view, [wanted], by).values()))
        if not rows:
            raise Refusal(
                404, "Object not found.  objectId are usually numeric.", "OBJECT_NOT_FOUND", subCategory="crm.OBJECT_NOT_FOUND"
            )
        return replies.reply(rows[0].encode())

    async def _batch_read(self, request: Request) -> Response:
        kind = required_type(request.path_params["type"])
        order = await replies.body_of(request, BatchRead)
        largest = LARGEST_WITH_HISTORY if order.propertiesWithHistory else LARGEST_BATCH
        if len(order.inputs) > largest:
            raise Refusal(400, f"Batch size limit exceeded: at most {largest} inputs are allowed")
        view = View(
            kind, kind.chosen(order.properties), replies.flag_of(request, "archived"), kind.known(order.propertiesWithHistory)
        )
        return await run_in_threadpool(self._read_batch, view, [one.id for one in order.inputs], order.idProperty)

    def _read_batch(self, view: View, wanted: list[str], by: str | None) -> Response:
        known = self._resolved(view, wanted, by)
        missing = [one for one in dict.fromkeys(wanted) if one not in known]
        name = view.kind.singular.upper()
        trouble = {
            "status": "error",
            "category": "OBJECT_NOT_FOUND",
            "message": f"Could not get some {name} objects, they may be deleted or not exist. Check that ids are valid.",
            "context": {"ids": missing},
            "errors": [],
            "links": {},
        }
        rows = self._rendered(view, list(dict.fromkeys(known.values())))
        return replies.batch(rows, [trouble] if missing else [], self.clock.now())

    async def _search(self, request: Request) -> Response:
        kind = required_type(request.path_params["type"])
        return await run_in_threadpool(self._found, request, kind, await replies.body_of(request, search.Search))

    def _found(self, request: Request, kind: ObjectType, order: search.Search) -> Response:
        """One page of a search; archived objects and associations are not searched, and the index lags behind the objects."""
        limit = replies.checked_limit(order.limit, _DEFAULT_PAGE, search.LARGEST_PAGE)
        after = replies.whole_number(order.after or 0, "after")
        if after + limit > self.reach:
            raise Refusal(400, f"Search results are limited to {self.reach}")
        where, values = search.condition(kind, order, self.clock.horizon)
        found = self.store.read(
            f"""select id, (select count(*) from {kind.name} where {where}) from {kind.name} where {where}
            order by {search.order(kind, order)} limit ? offset ?""",
            [*values, *values, limit, after],
        )
        total = found[0][1] if found else self.store.one(f"select count(*) from {kind.name} where {where}", values)[0]
        rows = self._rendered(View(kind, kind.chosen(order.properties or [])), [row[0] for row in found])
        return replies.page(request, rows, after + limit if total > after + limit else None, total)

    def _view(self, request: Request) -> View:
        kind = required_type(request.path_params["type"])
        return View(
            kind,
            kind.chosen(replies.names_of(request, "properties")),
            replies.flag_of(request, "archived"),
            kind.known(replies.names_of(request, "propertiesWithHistory")),
            [required_type(name) for name in dict.fromkeys(replies.names_of(request, "associations"))],
            links=replies.objects_address(request),
        )

    def _resolved(self, view: View, wanted: Sequence[str], by: str | None) -> dict[str, int]:
        """What the callers call objects -> their ids, of those that exist. The id of a merged object means the one it became."""
        gone = f"archived_at is {'not ' if view.archived else ''}null"
        kind = view.kind
        if by is not None and by not in {"hs_object_id", "id"}:
            if by not in kind.properties:
                raise Refusal(400, f"idProperty {by} is not a property of {kind.name}")
            rows = self.store.read(
                f"""select wanted, id from (select unnest(?::varchar[]) as wanted) join {kind.name} as o
                on lower(o."{by}"::varchar) = lower(wanted) where {gone}""",
                [list(wanted)],
            )
            return dict(rows)
        rows = self.store.read(
            f"""select wanted, id from (
                select wanted, coalesce(winner_id, try_cast(wanted as bigint)) as id
                from (select unnest(?::varchar[]) as wanted)
                left join merged on object_type = ? and loser_id = try_cast(wanted as bigint)
            ) semi join (select id from {kind.name} where {gone}) using (id)""",
            [list(wanted), kind.name],
        )
        return dict(rows)

    def _rendered(self, view: View, ids: Sequence[int]) -> list[str]:
        """Objects as JSON, in the order of their ids."""
        if not ids:
            return []
        ties = inline(view.kind, view.associations, view.links) if view.associations else ""
        values: list[object] = [list(ids)] * (2 if ties else 1)
        rows = self.store.read(
            f"""select ({view.rendered()})::varchar
            from (select unnest(?::bigint[]) as id, generate_subscripts(?::bigint[], 1) as place) as wanted
            join {view.kind.name} as o using (id) {ties} order by place""",
            [list(ids), *values],
        )
        return [row[0] for row in rows]


def _object(pairs: Sequence[tuple[str, str]]) -> str:
    """SQL of a JSON object of names and SQL expressions."""
    listed = ", ".join(f"'{name}', {expression}" for name, expression in pairs)
    return f"json_object({listed})"

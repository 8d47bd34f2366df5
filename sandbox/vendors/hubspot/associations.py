"""Which objects belong together: in lists of objects, and read by themselves with associations v4 and v3."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.vendors.hubspot import replies
from sandbox.vendors.hubspot.objects import ObjectType, required_type
from sandbox.vendors.hubspot.replies import Refusal
from sandbox.vendors.hubspot.store import HubSpotStore
from sandbox.vendors.wire import VirtualClock

LARGEST_PAGE, LARGEST_BATCH = 500, 1000
INLINE = 100
"""Associated objects of one type that an object of a list carries with it; the rest is a page of its own."""


class Input(msgspec.Struct):
    """One object whose associations are wanted, from a place in them on."""

    id: str
    after: str | None = None


class BatchRead(msgspec.Struct):
    """The body of a batch read."""

    inputs: list[Input]


def inline(kind: ObjectType, to: Sequence[ObjectType], links: str) -> str:
    """SQL that joins ``ties``: the associations of the objects whose ids are the statement's next value, each type capped.

    A type is named as in the vendor's answers, with a space where its path has an underscore; an object without any is left out.
    """
    types = ", ".join(f"'{one.name}'" for one in to)
    further = f"'{links}/{kind.name}/' || from_id || '/associations/' || to_type || '?after='"
    results = f"to_json(list(json_object('id', to_id::varchar, 'type', name) order by to_id, type_id) filter (place <= {INLINE}))"
    return f"""left join (
        select from_id as id, json_group_object(replace(to_type, '_', ' '), tied) as tied
        from (
            select from_id, to_type,
                case
                    when max(place) <= {INLINE} then json_object('results', {results})
                    else json_object(
                        'results', {results},
                        'paging', json_object('next', json_object(
                            'after', (min(to_id) filter (place > {INLINE}))::varchar,
                            'link', any_value({further}) || (min(to_id) filter (place > {INLINE}))::varchar)))
                end as tied
            from (
                select *, dense_rank() over (partition by from_id, to_type order by to_id) as place
                from association
                where from_type = '{kind.name}' and to_type in ({types}) and from_id in (select unnest(?::bigint[]))
            )
            group by from_id, to_type
        )
        group by from_id
    ) as ties on ties.id = o.id"""


@dataclass(frozen=True)
class AssociationsApi:
    """``/crm/v4/.../associations``, and its forerunner for one object."""

    store: HubSpotStore
    clock: VirtualClock

    def routes(self) -> list[BaseRoute]:
        """What it answers."""
        return [
            Route("/crm/v4/objects/{type}/{id}/associations/{to}", self._of_one),
            Route("/crm/v3/objects/{type}/{id}/associations/{to}", self._of_one_flat),
            Route("/crm/v4/associations/{type}/{to}/batch/read", self._batch_read, methods=["POST"]),
            Route("/crm/v4/associations/{type}/{to}/labels", self._labels),
        ]

    def _of_one(self, request: Request) -> Response:
        kind, to, id_ = self._addressed(request)
        limit = replies.limit_of(request, LARGEST_PAGE, LARGEST_PAGE)
        after = replies.whole_number(request.query_params.get("after") or 0, "after")
        found = self.store.read(
            f"""select to_id, {_TIED} from association
            where from_type = ? and from_id = ? and to_type = ? and to_id >= ? group by to_id order by to_id limit ?""",
            [kind.name, id_, to.name, after, limit + 1],
        )
        return replies.page(request, [row[1] for row in found[:limit]], found[limit][0] if len(found) > limit else None)

    def _of_one_flat(self, request: Request) -> Response:
        """One row for each kind of tie, as the older version has it."""
        kind, to, id_ = self._addressed(request)
        limit = replies.limit_of(request, LARGEST_PAGE, LARGEST_PAGE)
        after = replies.whole_number(request.query_params.get("after") or 0, "after")
        found = self.store.read(
            """select to_id, place, json_object('id', to_id::varchar, 'type', name)::varchar
            from (
                select *, dense_rank() over (order by to_id) as place
                from association where from_type = ? and from_id = ? and to_type = ? and to_id >= ?
            )
            where place <= ? + 1 order by to_id, type_id""",
            [kind.name, id_, to.name, after, limit],
        )
        following = next((row[0] for row in found if row[1] > limit), None)
        return replies.page(request, [row[2] for row in found if row[1] <= limit], following)

    async def _batch_read(self, request: Request) -> Response:
        kind, to = required_type(request.path_params["type"]), required_type(request.path_params["to"])
        inputs = (await replies.body_of(request, BatchRead)).inputs
        if len(inputs) > LARGEST_BATCH:
            raise Refusal(400, f"Batch size limit exceeded: at most {LARGEST_BATCH} inputs are allowed")
        return await run_in_threadpool(self._read_batch, request, kind, to, inputs)

    def _read_batch(self, request: Request, kind: ObjectType, to: ObjectType, inputs: Sequence[Input]) -> Response:
        """Objects without associations are errors of the batch, not rows of it."""
        link = f"{replies.objects_address(request)}/{kind.name}/"
        found = self.store.read(
            f"""with wanted as (
                select unnest(?::varchar[]) as id, coalesce(try_cast(unnest(?::varchar[]) as bigint), 0) as first
            ),
            ties as (
                select id, to_id, {_TIED}::json as tied, row_number() over (partition by id order by to_id) as place
                from wanted join association on from_id = try_cast(id as bigint) and to_id >= first
                where from_type = ? and to_type = ? group by id, to_id
            )
            select id, json_object('from', json_object('id', id),
                'to', to_json(list(tied order by to_id) filter (place <= {LARGEST_PAGE})))::varchar,
                min(to_id) filter (place > {LARGEST_PAGE})
            from ties group by id order by try_cast(id as bigint)""",
            [[one.id for one in inputs], [one.after for one in inputs], kind.name, to.name],
        )
        rows = [
            row if after is None else row[:-1] + _further(f"{link}{id_}/associations/{to.name}", after) for id_, row, after in found
        ]
        known = {row[0] for row in found}
        missing = [
            {
                "status": "error",
                "category": "OBJECT_NOT_FOUND",
                "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
                "message": f"No {to.singular} is associated with {kind.singular} {id_}.",
                "context": {"fromObjectId": [id_]},
                "errors": [],
                "links": {},
            }
            for id_ in dict.fromkeys(one.id for one in inputs)
            if id_ not in known
        ]
        return replies.batch(rows, missing, self.clock.now())

    def _labels(self, request: Request) -> Response:
        kind, to = required_type(request.path_params["type"]), required_type(request.path_params["to"])
        found = self.store.read(
            """select json_object('category', 'HUBSPOT_DEFINED', 'typeId', type_id, 'label', label)::varchar
            from (select distinct type_id, label from association where from_type = ? and to_type = ?) order by type_id""",
            [kind.name, to.name],
        )
        return replies.page(request, [row[0] for row in found])

    def _addressed(self, request: Request) -> tuple[ObjectType, ObjectType, int]:
        """The object that a path means, which must exist, and the type at the other end."""
        kind, to = required_type(request.path_params["type"]), required_type(request.path_params["to"])
        id_ = replies.whole_number(request.path_params["id"], "objectId")
        if not self.store.read(f"select id from {kind.name} where id = ? and archived_at is null", [id_]):
            raise Refusal(404, "resource not found", "OBJECT_NOT_FOUND", context={"id": [str(id_)]})
        return kind, to, id_


_TIED = """json_object('toObjectId', to_id::varchar, 'associationTypes',
    to_json(list(json_object('category', 'HUBSPOT_DEFINED', 'typeId', type_id, 'label', label) order by type_id)))::varchar"""
"""SQL of one associated object with all the ways it is tied."""


def _further(link: str, after: int) -> str:
    following = msgspec.json.encode({"next": {"after": str(after), "link": f"{link}?after={after}"}}).decode()
    return f',"paging":{following}}}'

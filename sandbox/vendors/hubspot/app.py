"""HubSpot's CRM v3, associations v4 and marketing v3 APIs over one account: envelopes, paging, caps, limits and errors as on the wire."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import msgspec
from starlette.applications import Starlette
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.vendors.hubspot import marketing
from sandbox.vendors.hubspot.objects import STAGES, ObjectType, object_type
from sandbox.vendors.hubspot.store import BadFilterError, HubSpotStore, condition
from sandbox.vendors.tokens import TokenServer
from sandbox.vendors.wire import CallLimit, VirtualClock

NAME = "hubspot"
ACCESS_TOKEN = "sandbox-hubspot-token"
LARGEST_PAGE, LARGEST_SEARCH_PAGE, LARGEST_BATCH, LARGEST_ASSOCIATION_BATCH = 100, 200, 100, 1000
SEARCH_CAP = 10_000

Handler = Callable[[Request], Awaitable[Response]]


class RefusedError(Exception):
    """An answer with an error body."""

    def __init__(self, status: int, message: str, category: str) -> None:
        super().__init__(message)
        self.status, self.message, self.category = status, message, category


@dataclass
class HubSpotApi:
    """The emulator's state beside the account: tokens and call counters. ``limits`` False counts nothing."""

    store: HubSpotStore
    clock: VirtualClock
    limits: bool = True
    search_cap: int = SEARCH_CAP

    def __post_init__(self) -> None:
        self.tokens = TokenServer(self.clock.now, _token_answer, rotates=False)
        self._window = CallLimit(190, 10.0, self.clock.now)
        self._second = CallLimit(5, 1.0, self.clock.now)
        self._day = CallLimit(625_000, 86400.0, self.clock.now)

    def app(self) -> Starlette:
        """The application to mount."""
        crm, paths = "/crm/v3/objects/{type}", marketing.routes(self.store)
        return Starlette(
            routes=[
                Route("/oauth/authorize", self.tokens.authorize),
                Route("/oauth/v1/token", self.tokens.token, methods=["POST"]),
                Route(crm, self._guarded(self._list)),
                Route(crm + "/search", self._guarded(self._search, counts_as_search=True), methods=["POST"]),
                Route(crm + "/batch/read", self._guarded(self._batch), methods=["POST"]),
                Route(crm + "/{id:int}", self._guarded(self._one)),
                Route("/crm/v4/objects/{type}/{id:int}/associations/{to}", self._guarded(self._associations)),
                Route("/crm/v4/associations/{type}/{to}/batch/read", self._guarded(self._association_batch), methods=["POST"]),
                Route("/crm/v3/owners", self._guarded(self._owners)),
                Route("/crm/v3/owners/", self._guarded(self._owners)),
                Route("/crm/v3/pipelines/{type}", self._guarded(self._pipelines)),
                Route("/crm/v3/properties/{type}", self._guarded(self._properties)),
                *(Route(path, self._guarded(handler)) for path, handler in paths),
            ],
            exception_handlers={404: lambda _request, _error: _error_body(404, "resource not found", "OBJECT_NOT_FOUND")},
        )

    def error(self, kind: str) -> Response:
        """HubSpot's own error bodies."""
        if kind == "throttle":
            return _rate_limited("You have reached your ten_secondly_rolling limit.", "TEN_SECONDLY_ROLLING")
        if kind == "day_limit":
            return _rate_limited("You have reached your daily limit.", "DAILY")
        if kind == "unauthorized":
            return _error_body(401, "The OAuth token used to make this call expired 1 second(s) ago.", "EXPIRED_AUTHENTICATION")
        if kind == "forbidden":
            return _error_body(403, "This app hasn't been granted all required scopes to make this call.", "MISSING_SCOPES")
        if kind == "error_200":
            return _error_body(200, "There was a problem with the request.", "VALIDATION_ERROR")
        return _error_body(500, "internal error", "INTERNAL_ERROR")

    def _guarded(self, handler: Handler, *, counts_as_search: bool = False) -> Handler:
        """The handler behind the door: token first, then limits, then the vendor's form of an error."""

        async def guarded(request: Request) -> Response:
            authorization = request.headers.get("authorization")
            if authorization != f"Bearer {ACCESS_TOKEN}" and not self.tokens.is_valid(authorization):
                return (
                    self.error("unauthorized")
                    if authorization
                    else _error_body(
                        401,
                        "Authentication credentials not found. This API supports OAuth 2.0 authentication.",
                        "INVALID_AUTHENTICATION",
                    )
                )
            headers: dict[str, str] = {}
            if self.limits:
                if self._day.take()[0] < 0:
                    return self.error("day_limit")
                if counts_as_search and self._second.take()[0] < 0:
                    return _rate_limited("You have reached your secondly limit.", "SECONDLY")
                remaining, _ = self._window.take()
                if remaining < 0:
                    return self.error("throttle")
                if not counts_as_search:
                    headers = {
                        "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
                        "X-HubSpot-RateLimit-Max": str(self._window.calls),
                        "X-HubSpot-RateLimit-Remaining": str(remaining),
                    }
            try:
                answer = await handler(request)
            except RefusedError as refusal:
                return _error_body(refusal.status, refusal.message, refusal.category)
            answer.headers.update(headers)
            return answer

        return guarded

    async def _list(self, request: Request) -> Response:
        kind, query = _kind(request), request.query_params
        limit = _limit(query.get("limit"), 10, LARGEST_PAGE)
        chosen = kind.chosen(_names(query, "properties"))
        archived = query.get("archived", "false").lower() == "true"
        where = f"archived_at is {'not ' if archived else ''}null and id >= ?"
        found = self.store.page(kind, chosen, where, [int(query.get("after") or 0)], order="id", limit=limit + 1)
        page = found[:limit]
        self._associate(kind, page, _names(query, "associations"))
        return JSONResponse(_paged(request, page, found[limit]["id"] if len(found) > limit else None))

    async def _one(self, request: Request) -> Response:
        kind, query = _kind(request), request.query_params
        chosen = kind.chosen(_names(query, "properties"))
        archived = query.get("archived", "false").lower() == "true"
        where = f"archived_at is {'not ' if archived else ''}null and id = ?"
        found = self.store.page(kind, chosen, where, [request.path_params["id"]], order="id", limit=1)
        if not found:
            raise RefusedError(404, "resource not found", "OBJECT_NOT_FOUND")
        self._associate(kind, found, _names(query, "associations"))
        return JSONResponse(found[0])

    async def _search(self, request: Request) -> Response:
        """Sorted, filtered, ten thousand at most: beyond that the vendor refuses."""
        kind, order = _kind(request), await _body(request)
        limit, after = _limit(order.get("limit"), 10, LARGEST_SEARCH_PAGE), int(order.get("after") or 0)
        if after + limit > self.search_cap:
            raise RefusedError(400, f"Search results are limited to {self.search_cap}", "VALIDATION_ERROR")
        groups = [group.get("filters") or [] for group in order.get("filterGroups") or []]
        if len(groups) > 5 or any(len(group) > 6 for group in groups):
            raise RefusedError(400, "Too many filters", "VALIDATION_ERROR")
        try:
            conditions = [condition(kind, group) for group in groups] or [("true", [])]
            sorts = [_sort(kind, sort) for sort in order.get("sorts") or []]
        except BadFilterError as trouble:
            raise RefusedError(400, str(trouble), "VALIDATION_ERROR") from None
        if len(sorts) > 1:
            raise RefusedError(400, "Only one sort is supported", "VALIDATION_ERROR")
        where = "archived_at is null and (" + " or ".join(f"({sql})" for sql, _ in conditions) + ")"
        values = [value for _, one in conditions for value in one]
        chosen = kind.chosen(list(order.get("properties") or []))
        total = self.store.count(kind, where, values)
        results = self.store.page(kind, chosen, where, values, order=", ".join([*sorts, "id"]), limit=limit, offset=after)
        body: dict[str, Any] = {"total": total, "results": results}
        if after + limit < total:
            body["paging"] = {"next": {"after": str(after + limit)}}
        return JSONResponse(body)

    async def _batch(self, request: Request) -> Response:
        kind, order = _kind(request), await _body(request)
        wanted = [int(one["id"]) for one in order.get("inputs") or []]
        if not 0 < len(wanted) <= LARGEST_BATCH:
            raise RefusedError(400, f"The batch must hold 1 to {LARGEST_BATCH} inputs", "VALIDATION_ERROR")
        chosen = kind.chosen(list(order.get("properties") or []))
        where = f"archived_at is null and id in ({', '.join('?' * len(wanted))})"
        found = self.store.page(kind, chosen, where, wanted, order="id", limit=len(wanted))
        now = _stamp(self.clock.now())
        body: dict[str, Any] = {"status": "COMPLETE", "results": found, "startedAt": now, "completedAt": now}
        missing = sorted({str(one) for one in wanted} - {one["id"] for one in found})
        if missing:
            message = f"Could not get some {kind.singular} objects, they may be deleted or not exist."
            body |= {"numErrors": 1, "errors": [_inner_error("OBJECT_NOT_FOUND", message, {"ids": missing})]}
        return JSONResponse(body, 207 if missing else 200)

    def _associate(self, kind: ObjectType, page: Sequence[dict[str, Any]], targets: Sequence[str]) -> None:
        """Add the associations asked for to the rows of a page."""
        for target in targets:
            other = object_type(target)
            if other is None:
                raise RefusedError(400, f"'{target}' is not an object type", "VALIDATION_ERROR")
            ties = self._ties(kind, other, [int(one["id"]) for one in page])
            for one in page:
                results = [{"id": str(tie["to_id"]), "type": tie["name"]} for tie in ties.get(int(one["id"]), [])]
                if results:
                    one.setdefault("associations", {})[other.name] = {"results": results}

    def _ties(self, kind: ObjectType, other: ObjectType, ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
        if not ids:
            return {}
        rows = self.store.rows(
            f"""select * from association where from_type = ? and to_type = ? and from_id in ({", ".join("?" * len(ids))})
            order by from_id, to_id, type_id""",
            [kind.name, other.name, *ids],
        )
        ties: dict[int, list[dict[str, Any]]] = {}
        for row in rows:
            ties.setdefault(row["from_id"], []).append(row)
        return ties

    async def _associations(self, request: Request) -> Response:
        kind, other, key = _kind(request), _kind(request, "to"), request.path_params["id"]
        limit = _limit(request.query_params.get("limit"), 500, 500)
        objects = _tied(self._ties(kind, other, [key]).get(key, []))
        start = int(request.query_params.get("after") or 0)
        following = str(start + limit) if len(objects) > start + limit else None
        return JSONResponse(_paged(request, objects[start : start + limit], following))

    async def _association_batch(self, request: Request) -> Response:
        kind, other, order = _kind(request), _kind(request, "to"), await _body(request)
        wanted = [int(one["id"]) for one in order.get("inputs") or []]
        if not 0 < len(wanted) <= LARGEST_ASSOCIATION_BATCH:
            raise RefusedError(400, f"The batch must hold 1 to {LARGEST_ASSOCIATION_BATCH} inputs", "VALIDATION_ERROR")
        ties = self._ties(kind, other, wanted)
        now = _stamp(self.clock.now())
        results = [{"from": {"id": str(one)}, "to": _tied(ties[one])} for one in wanted if one in ties]
        body: dict[str, Any] = {"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now}
        lonely = [one for one in wanted if one not in ties]
        if lonely:
            errors = [
                _inner_error(
                    "OBJECT_NOT_FOUND",
                    f"No {other.singular} is associated with {kind.singular} {one}.",
                    {"fromObjectId": [str(one)]},
                    {"name": "crm.associations.NO_ASSOCIATIONS_FOUND"},
                )
                for one in lonely
            ]
            body |= {"numErrors": len(lonely), "errors": errors}
        return JSONResponse(body, 207 if lonely else 200)

    async def _owners(self, request: Request) -> Response:
        archived = request.query_params.get("archived", "false").lower() == "true"
        limit, after = _limit(request.query_params.get("limit"), 100, 500), int(request.query_params.get("after") or 0)
        rows = self.store.rows(
            f"select * from owners where archived_at is {'not ' if archived else ''}null and id >= ? order by id limit ?",
            [after, limit + 1],
        )
        owners = [
            {
                "id": str(row["id"]),
                "email": row["email"],
                "type": "PERSON",
                "firstName": row["first_name"],
                "lastName": row["last_name"],
                "userId": row["user_id"],
                "createdAt": _stamp(row["created_at"]),
                "updatedAt": _stamp(row["updated_at"]),
                "archived": archived,
            }
            for row in rows
        ]
        return JSONResponse(_paged(request, owners[:limit], owners[limit]["id"] if len(owners) > limit else None))

    async def _pipelines(self, request: Request) -> Response:
        if _kind(request).name != "deals":
            return JSONResponse({"results": []})
        born = "2020-01-01T00:00:00.000Z"
        stages = [
            {
                "id": stage,
                "label": label,
                "displayOrder": number,
                "metadata": {"isClosed": "true" if stage.startswith("closed") else "false", "probability": probability},
                "createdAt": born,
                "updatedAt": born,
                "archived": False,
            }
            for number, (stage, (label, probability)) in enumerate(STAGES.items())
        ]
        pipeline = {"id": "default", "label": "Sales Pipeline", "displayOrder": 0, "stages": stages, "archived": False}
        return JSONResponse({"results": [{**pipeline, "createdAt": born, "updatedAt": born}]})

    async def _properties(self, request: Request) -> Response:
        results = [
            {
                "name": one.name,
                "label": one.name,
                "type": one.api_type,
                "fieldType": one.field_type,
                "description": "",
                "groupName": "information",
                "options": [
                    {"label": value, "value": value, "displayOrder": number, "hidden": False}
                    for number, value in enumerate(one.options)
                ],
                "hubspotDefined": True,
                "archived": False,
            }
            for one in _kind(request).properties.values()
        ]
        return JSONResponse({"results": results})


def _names(query: QueryParams, option: str) -> list[str]:
    """The values of an option, which may be repeated or hold several between commas."""
    return [name for value in query.getlist(option) for name in value.split(",") if name]


def _tied(ties: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Associated objects, each with all the kinds of its tie."""
    objects: dict[int, list[dict[str, Any]]] = {}
    for tie in ties:
        kind = {"category": "HUBSPOT_DEFINED", "typeId": tie["type_id"]}
        objects.setdefault(tie["to_id"], []).append(kind | ({"label": tie["label"]} if tie["label"] else {}))
    return [{"toObjectId": str(key), "associationTypes": kinds} for key, kinds in objects.items()]


def _kind(request: Request, part: str = "type") -> ObjectType:
    kind = object_type(request.path_params[part])
    if kind is None:
        raise RefusedError(400, f"Unable to infer object type from: {request.path_params[part]}", "VALIDATION_ERROR")
    return kind


def _sort(kind: ObjectType, sort: str | Mapping[str, str]) -> str:
    name, direction = (
        (sort, "ASCENDING") if isinstance(sort, str) else (sort.get("propertyName", ""), sort.get("direction", "ASCENDING"))
    )
    if name not in kind.properties or direction not in {"ASCENDING", "DESCENDING"}:
        raise BadFilterError(f"Cannot sort by '{name}' {direction}")
    return f'"{name}" {"desc" if direction == "DESCENDING" else "asc"}'


def _limit(raw: object, default: int, largest: int) -> int:
    limit = int(str(raw)) if raw not in {None, ""} else default
    if not 1 <= limit <= largest:
        raise RefusedError(400, f"Invalid limit: the maximum is {largest}", "VALIDATION_ERROR")
    return limit


async def _body(request: Request) -> dict[str, Any]:
    try:
        return msgspec.json.decode(await request.body(), type=dict[str, Any])
    except msgspec.DecodeError:
        raise RefusedError(400, "Invalid input JSON", "VALIDATION_ERROR") from None


def _paged(request: Request, results: Sequence[object], following: str | None) -> dict[str, object]:
    """The envelope of a list; the link carries this server's own address."""
    if following is None:
        return {"results": list(results)}
    query = {**request.query_params, "after": following}
    link = f"{str(request.url).split('?')[0]}?{urlencode(query)}"
    return {"results": list(results), "paging": {"next": {"after": following, "link": link}}}


def _stamp(moment: datetime) -> str:
    return (
        moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.")
        + f"{moment.microsecond // 1000:03d}Z"
    )


def _inner_error(
    category: str, message: str, context: Mapping[str, object], sub: Mapping[str, str] | None = None
) -> dict[str, object]:
    body: dict[str, object] = {
        "status": "error",
        "category": category,
        "message": message,
        "context": context,
        "errors": [],
        "links": {},
    }
    return body | {"subCategory": dict(sub)} if sub else body


def _error_body(status: int, message: str, category: str) -> Response:
    return JSONResponse({"status": "error", "message": message, "correlationId": str(uuid.uuid4()), "category": category}, status)


def _rate_limited(message: str, policy: str) -> Response:
    body = {
        "status": "error",
        "message": message,
        "errorType": "RATE_LIMIT",
        "correlationId": str(uuid.uuid4()),
        "policyName": policy,
    }
    return JSONResponse(body, 429)


def _token_answer(access: str, refresh: str | None, seconds: int) -> Mapping[str, object]:
    return {"token_type": "bearer", "access_token": access, "refresh_token": refresh or "", "expires_in": seconds}

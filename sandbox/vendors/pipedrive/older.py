"""Version 1: what version 2 lacks (users, currencies, flows, changelogs, types of activities, notes, recents) in its own shapes.

Listings that version 2 has are out of support here. ``recents`` reaches one month back, whatever it is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.vendors.pipedrive import replies
from sandbox.vendors.pipedrive.replies import Cursor, Refusal
from sandbox.vendors.pipedrive.store import PipedriveStore

_ROOTS = ("/api/v1", "/v1")
_MONTH = timedelta(days=30)
_RFC_3339 = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)Z")
_RECENT = {"deal": "deals", "person": "persons", "organization": "organizations", "activity": "activities", "product": "products"}
_CHANGE = """json_object(
    'object', 'dealChange', 'timestamp', strftime(at_time, '%Y-%m-%d %H:%M:%S'), 'data', json_object(
        'id', id, 'item_id', deal_id, 'user_id', user_id, 'field_key', field_key, 'old_value', old_value, 'new_value', new_value,
        'is_bulk_update_flag', null, 'log_time', strftime(at_time, '%Y-%m-%d %H:%M:%S'), 'change_source', 'app', 'change_source_user_agent', null,
        'additional_data', json_array()
    )
)::varchar"""
_LOGGED = """json_object(
    'field_key', field_key, 'old_value', old_value ->> '$', 'new_value', new_value ->> '$', 'actor_user_id', user_id,
    'time', strftime(at_time, '%Y-%m-%d %H:%M:%S'), 'change_source', 'app', 'change_source_user_agent', null, 'is_bulk_update_flag', false
)::varchar"""
_CURRENCIES = (
    (1, "USD", "US Dollar", 2, "$"),
    (2, "EUR", "Euro", 2, "€"),
    (3, "GBP", "British Pound", 2, "£"),
    (4, "JPY", "Japanese Yen", 0, "¥"),
    (5, "CAD", "Canadian Dollar", 2, "CA$"),
)
_ACTIVITY_TYPES = ((1, "Call", "call"), (2, "Meeting", "meeting"), (3, "Task", "task"), (4, "Email", "email"))


@dataclass(frozen=True)
class Version1:
    """Everything under ``/v1`` and ``/api/v1``."""

    store: PipedriveStore

    def routes(self) -> list[BaseRoute]:
        """What it answers."""
        calls = {
            "users": self._users,
            "users/me": self._me,
            "users/{id:int}": self._user,
            "currencies": self._currencies,
            "activityTypes": self._activity_types,
            "notes": self._notes,
            "deals/{id:int}/flow": self._flow,
            "deals/{id:int}/changelog": self._changelog,
            "deals/{id:int}/products": self._products,
            "stages": self._stages,
            "recents": self._recents,
        }
        return [Route(f"{root}/{path}", call) for root in _ROOTS for path, call in calls.items()]

    def _users(self, _request: Request) -> Response:
        return _whole([body for (body,) in self.store.read("select body from users order by id")])

    def _user(self, request: Request) -> Response:
        return self._found("select body from users where id = ?", [request.path_params["id"]], "User not found")

    def _me(self, _request: Request) -> Response:
        """Who calls, with the account's own data."""
        me = self.store.read("select body from users order by id limit 1")[0][0]
        about = {"company_id": 7_100_001, "company_name": self.store.name, "company_domain": "brightforms", "company_country": "US"}
        document = msgspec.json.decode(me, type=dict[str, msgspec.Raw])
        return replies.reply({"success": True, "data": {**document, **about}})

    def _currencies(self, _request: Request) -> Response:
        names = ("id", "code", "name", "decimal_points", "symbol")
        rows = [dict(zip(names, row, strict=True)) | {"active_flag": True, "is_custom_flag": False} for row in _CURRENCIES]
        return _whole([msgspec.json.encode(row).decode() for row in rows])

    def _activity_types(self, _request: Request) -> Response:
        rows: list[dict[str, object]] = [
            {
                "id": id_,
                "order_nr": id_,
                "name": name,
                "key_string": key,
                "icon_key": key,
                "active_flag": True,
                "is_custom_flag": False,
            }
            for id_, name, key in _ACTIVITY_TYPES
        ]
        return _whole([msgspec.json.encode(row).decode() for row in rows])

    def _notes(self, request: Request) -> Response:
        """Nobody writes notes here."""
        return replies.offset_page([], *replies.offset_of(request), more=False)

    def _flow(self, request: Request) -> Response:
        """What happened to a deal, the latest first. ``items=change`` leaves changes alone.

        ``additional_data=flat`` is no parameter of the vendor's: a test may have it set by a fault of kind ``rewrite``, since nobody knows
        which of the two shapes this call has.
        """
        start, limit = replies.offset_of(request)
        deal_id, query = self._deal_of(request), request.query_params
        changes = f"select at_time, id, {_CHANGE} as item from changes where deal_id = $1"
        entered = (
            "json_object('object', 'activity', 'timestamp', strftime(add_time, '%Y-%m-%d %H:%M:%S'), 'data', body::json)::varchar"
        )
        others = f" union all select add_time, id, {entered} from activities where deal_id = $1"
        wanted = {item for item in query.get("items", "").split(",") if item}
        both = changes if wanted == {"change"} else changes + others
        found = self.store.read(
            f"select item from ({both}) order by at_time desc, id desc limit $2 offset $3", [deal_id, limit + 1, start]
        )
        rows, flat = [item for (item,) in found[:limit]], query.get("additional_data") == "flat"
        return replies.offset_page(rows, start, limit, more=len(found) > limit, flat=flat)

    def _changelog(self, request: Request) -> Response:
        limit, cursor = replies.offset_of(request)[1], replies.cursor_of(request, "changelog")
        found = self.store.read(
            f"select id, {_LOGGED} from changes where deal_id = ? and id < ? order by id desc limit ?",
            [self._deal_of(request), cursor.id if cursor else 2**62, limit + 1],
        )
        rows = found[:limit]
        return replies.page([row[1] for row in rows], Cursor("changelog", "", rows[-1][0]) if len(found) > limit else None)

    def _products(self, request: Request) -> Response:
        """Products of a deal as version 1 has them."""
        start, limit = replies.offset_of(request)
        sql = "select body from deal_products where deal_id = ? order by id limit ? offset ?"
        found = self.store.read(sql, [self._deal_of(request), limit + 1, start])
        rows = [msgspec.json.encode(_older_line(msgspec.json.decode(body))).decode() for (body,) in found[:limit]]
        return replies.offset_page(rows, start, limit, more=len(found) > limit)

    def _stages(self, _request: Request) -> Response:
        found = self.store.read(
            "select stages.body, pipelines.body from stages join pipelines on pipelines.id = pipeline_id order by stages.pipeline_id, stages.id"
        )
        stages = [_older_stage(msgspec.json.decode(stage), msgspec.json.decode(pipeline)) for stage, pipeline in found]
        return _whole([msgspec.json.encode(stage).decode() for stage in stages])

    def _recents(self, request: Request) -> Response:
        """What changed lately, of all kinds together: what lies further back than a month is left out without a word."""
        start, limit = replies.offset_of(request)
        asked = request.query_params.get("since_timestamp", "")
        try:
            since = datetime.fromisoformat(asked).replace(tzinfo=None)
        except ValueError:
            raise Refusal(400, "since_timestamp must be given as YYYY-MM-DD HH:MM:SS") from None
        kinds = [item for item in request.query_params.get("items", "").split(",") if item in _RECENT] or list(_RECENT)
        parts = [f"select '{kind}' as kind, id, update_time, body from {_RECENT[kind]} where update_time >= $1" for kind in kinds]
        found = self.store.read(
            f"select kind, id, update_time, body from ({' union all '.join(parts)}) order by update_time, kind, id limit $2 offset $3",
            [max(since, self.store.horizon - _MONTH), limit + 1, start],
        )
        rows = [{"item": kind, "id": id_, "data": _older(msgspec.json.decode(body))} for kind, id_, _, body in found[:limit]]
        last = f"{found[:limit][-1][2]:%Y-%m-%d %H:%M:%S}" if found else asked
        about = {"since_timestamp": asked, "last_timestamp_on_page": last}
        encoded = [msgspec.json.encode(row).decode() for row in rows]
        return replies.offset_page(encoded, start, limit, more=len(found) > limit, about=about)

    def _deal_of(self, request: Request) -> int:
        id_ = int(request.path_params["id"])
        if not self.store.read("select id from deals where id = ?", [id_]):
            raise Refusal(404, "Deal not found")
        return id_

    def _found(self, sql: str, values: Sequence[object], message: str) -> Response:
        found = self.store.read(sql, values)
        if not found:
            raise Refusal(404, message)
        return replies.single(found[0][0])


def _whole(rows: Sequence[str]) -> Response:
    """A list without pages."""
    return replies.reply(f'{{"success":true,"data":[{",".join(rows)}]}}'.encode())


def _older(document: Mapping[str, object]) -> dict[str, object]:
    """A record in the shape of version 1: moments without offset, custom fields beside the others, ``active_flag``."""
    renamed = {"owner_id": "user_id", "emails": "email", "phones": "phone", "is_deleted": "deleted"}
    older = {renamed.get(name, name): _older_value(value) for name, value in document.items() if name != "custom_fields"}
    custom = document.get("custom_fields")
    for name, value in (custom if isinstance(custom, dict) else {}).items():
        older[name] = str(value) if isinstance(value, int) else value
    return {**older, "active_flag": not document.get("is_deleted", False)}


def _older_value(value: object) -> object:
    if isinstance(value, str):
        return _RFC_3339.sub(r"\1 \2", value) if _RFC_3339.fullmatch(value) else value
    return value


def _older_stage(stage: Mapping[str, object], pipeline: Mapping[str, object]) -> dict[str, object]:
    kept = ("id", "order_nr", "name", "deal_probability", "pipeline_id", "add_time", "update_time")
    return {
        **{name: _older_value(stage[name]) for name in kept},
        "active_flag": not stage["is_deleted"],
        "rotten_flag": stage["is_deal_rot_enabled"],
        "rotten_days": stage["days_to_rotten"],
        "pipeline_name": pipeline["name"],
        "pipeline_deal_probability": pipeline["is_deal_probability_enabled"],
    }


def _older_line(line: Mapping[str, float]) -> dict[str, object]:
    kept = (
        "id",
        "deal_id",
        "product_id",
        "product_variation_id",
        "order_nr",
        "item_price",
        "sum",
        "currency",
        "quantity",
        "tax",
        "name",
    )
    return {
        **{name: line[name] for name in kept},
        "discount_percentage": line["discount"],
        "duration": line["billing_frequency_cycles"] or 1,
        "duration_unit": "monthly" if line["billing_frequency_cycles"] else None,
        "sum_no_discount": round(line["item_price"] * line["quantity"] * (line["billing_frequency_cycles"] or 1), 2),
        "enabled_flag": line["is_enabled"],
        "add_time": _older_value(line["add_time"]),
        "last_edit": _older_value(line["update_time"]),
        "active_flag": True,
    }

"""The account that the HubSpot emulator shows: the company's part of it in DuckDB, as it stands at the horizon."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb

from sandbox.vendors.hubspot.objects import ObjectType, Property

Row = dict[str, Any]

_FEED = files(__package__).joinpath("feed.sql").read_text(encoding="utf-8")
_CURRENT = files(__package__).joinpath("current.sql").read_text(encoding="utf-8")
_OPERATORS: Mapping[str, str] = {"EQ": "=", "NEQ": "<>", "LT": "<", "LTE": "<=", "GT": ">", "GTE": ">="}
_CASTS: Mapping[str, str] = {
    "integer": "bigint",
    "decimal": "decimal(38, 6)",
    "datetime": "timestamp",
    "date": "date",
    "bool": "boolean",
}


class BadFilterError(ValueError):
    """A filter or a sort that the vendor would refuse."""


class HubSpotStore:
    """One account. One lock serves all threads of the emulator, as in-memory DuckDB answers a page in about a millisecond."""

    def __init__(self, company: Path, *, entity: str) -> None:
        self._db = duckdb.connect()
        self._lock = threading.Lock()
        self._db.execute("attach '{}' as source (read_only)".format(str(company).replace("'", "''")))
        row = self._db.execute("select name, currency from source.company.entity where entity_id = ?", [entity]).fetchone()
        if row is None:
            raise ValueError(f"The company has no entity '{entity}'.")
        self.name, currency = str(row[0]), str(row[1])
        self._db.execute("set variable entity = ?", [entity])
        self._db.execute("set variable home_currency = ?", [currency])
        self._db.execute(_FEED)
        self._db.execute("detach source")

    def move(self, horizon: datetime) -> None:
        """Make the account stand as of the horizon."""
        with self._lock:
            self._db.execute("set variable horizon = ?", [horizon.astimezone(UTC).replace(tzinfo=None)])
            self._db.execute(_CURRENT)

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """Rows of a query on the account."""
        with self._lock:
            answer = self._db.execute(sql, list(values))
            names = [column[0] for column in answer.description or []]
            return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

    def page(
        self,
        kind: ObjectType,
        chosen: Sequence[Property],
        where: str,
        values: Sequence[object],
        *,
        order: str,
        limit: int,
        offset: int = 0,
    ) -> list[Row]:
        """Objects with ``id``, ``createdAt``, ``updatedAt``, ``archivedAt`` and the chosen properties as the text of the wire."""
        columns = ", ".join(f'{one.rendered} as "{one.name}"' for one in chosen)
        found = self.rows(
            f"""select id, strftime(created_at, '%Y-%m-%dT%H:%M:%S.%gZ') as _created, strftime(updated_at, '%Y-%m-%dT%H:%M:%S.%gZ') as _updated,
                strftime(archived_at, '%Y-%m-%dT%H:%M:%S.%gZ') as _archived, {columns}
            from {kind.name} where {where} order by {order} limit ? offset ?""",
            [*values, limit, offset],
        )
        return [_object(row, chosen) for row in found]

    def count(self, kind: ObjectType, where: str, values: Sequence[object]) -> int:
        """How many objects match."""
        return int(self.rows(f"select count(*) as n from {kind.name} where {where}", values)[0]["n"])


def _object(row: Row, chosen: Sequence[Property]) -> Row:
    body: Row = {
        "id": str(row["id"]),
        "properties": {one.name: row[one.name] for one in chosen},
        "createdAt": row["_created"],
        "updatedAt": row["_updated"],
        "archived": row["_archived"] is not None,
    }
    if row["_archived"] is not None:
        body["archivedAt"] = row["_archived"]
    return body


def condition(kind: ObjectType, group: Sequence[Mapping[str, Any]]) -> tuple[str, list[object]]:
    """SQL of one filter group: its filters, all of which must hold."""
    parts, values = ["true"], []
    for one in group:
        name, operator = str(one.get("propertyName")), str(one.get("operator"))
        known = kind.properties.get(name)
        if known is None:
            raise BadFilterError(f"Property '{name}' does not exist")
        column = f'"{name}"'
        if operator in _OPERATORS:
            parts.append(f"{column} {_OPERATORS[operator]} ?::{_CASTS.get(known.kind, 'varchar')}")
            values.append(_value(known, one.get("value")))
        elif operator == "BETWEEN":
            parts.append(f"{column} between ?::{_CASTS.get(known.kind, 'varchar')} and ?::{_CASTS.get(known.kind, 'varchar')}")
            values += [_value(known, one.get("value")), _value(known, one.get("highValue"))]
        elif operator in {"IN", "NOT_IN"}:
            wanted = [_value(known, value) for value in one.get("values") or []]
            marks = ", ".join([f"?::{_CASTS.get(known.kind, 'varchar')}"] * len(wanted))
            parts.append(f"{column} {'in' if operator == 'IN' else 'not in'} ({marks})")
            values += wanted
        elif operator in {"HAS_PROPERTY", "NOT_HAS_PROPERTY"}:
            parts.append(f"{column} is {'not ' if operator == 'HAS_PROPERTY' else ''}null")
        else:
            raise BadFilterError(f"Operator '{operator}' is not known")
    return " and ".join(parts), values


def _value(known: Property, raw: object) -> object:
    """A filter's value: instants travel as epoch milliseconds or ISO text."""
    if raw is None:
        raise BadFilterError(f"A filter on '{known.name}' lacks its value")
    if known.kind == "datetime":
        text = str(raw)
        try:
            moment = datetime.fromtimestamp(int(text) / 1000, UTC) if text.isdigit() else datetime.fromisoformat(text)
        except ValueError:
            raise BadFilterError(f"'{text}' is not an instant") from None
        return moment.astimezone(UTC).replace(tzinfo=None).isoformat()
    return str(raw)

"""The companies that the emulator shows: tables ``object`` and ``posting`` of each, wherever they come from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol

import msgspec

from sandbox.database import in_memory
from sandbox.vendors.quickbooks.query import read_moment
from sandbox.vendors.tables import Row, ShownTables

NAME = "quickbooks"
_FOLDER = files(__package__)
_OBJECT = """
    create table object (entity varchar, id varchar, number bigint, sync_token integer, created_at timestamp, changed_at timestamp,
        active boolean, txn_date date, doc_number varchar, is_deleted boolean, body varchar);
    create table posting (entity varchar, txn_id varchar, txn_date date, account_id varchar, amount decimal(38, 4), account_name varchar,
        classification varchar, account_type varchar, memo varchar, class_name varchar, party_name varchar, doc_number varchar,
        changed_at timestamp);
"""


class Books(Protocol):
    """One company's tables: ``object`` has a row an object with its JSON body, ``posting`` a row a ledger line, debit positive."""

    realm_id: str
    name: str
    currency: str

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """Rows of a query as dictionaries."""

    def move(self, horizon: datetime) -> None:
        """Show the books as they stand at the horizon."""


class CompanyBooks(ShownTables):
    """The entity of the simulated company that keeps its books here."""

    def __init__(self, company: Path) -> None:
        sql = "".join(_FOLDER.joinpath(name).read_text(encoding="utf-8") for name in ("company.sql", "objects.sql"))
        super().__init__(company, NAME, sql)
        with in_memory() as db:
            db.execute(f"attach '{company}' as meridian (read_only)")
            entity = db.execute(
                "select name, currency, 9130350000000000 + hash(entity_id) % 10000000000 from meridian.company.entity where books = ?",
                [NAME],
            ).fetchone()
        if entity is None:
            raise ValueError(f"{company.name} has no entity that keeps its books in {NAME}.")
        self.name, self.currency, self.realm_id = str(entity[0]), str(entity[1]), str(entity[2])


class SampleBooks:
    """The sandbox company that every developer gets: one document of each kind, with taxes, discounts and a second currency."""

    realm_id = "4620816365000000001"
    name = "Sample Outfitters Ltd"
    currency = "CAD"

    def __init__(self) -> None:
        self._db = in_memory()
        self._db.execute(_OBJECT)
        sample = msgspec.json.decode(_FOLDER.joinpath("sample.json").read_bytes(), type=_Sample)
        for entity, objects in sample.objects.items():
            self._db.executemany(f"insert into object values ({', '.join('?' * 11)})", [_object(entity, each) for each in objects])
        self._db.executemany(
            "insert into posting (entity, txn_id, txn_date, account_id, amount) values (?, ?, ?, ?, ?)", sample.ledger
        )
        self._db.execute("""
            update posting set account_name = a.body->>'Name', classification = a.body->>'Classification', account_type = a.body->>'AccountType'
            from object a where a.entity = 'Account' and a.id = posting.account_id;
            update posting set doc_number = o.doc_number, changed_at = o.changed_at from object o where o.entity = posting.entity and o.id = txn_id;
        """)

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """Rows of a query as dictionaries."""
        with self._db.cursor() as cursor:
            answer = cursor.execute(sql, values)
            names = [column[0] for column in answer.description or []]
            return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

    def move(self, horizon: datetime) -> None:
        """Nothing happens here any more."""


class _Sample(msgspec.Struct):
    objects: dict[str, list[msgspec.Raw]]
    ledger: list[tuple[str, str, date, str, Decimal]]


def _object(entity: str, raw: msgspec.Raw) -> tuple[object, ...]:
    body = msgspec.json.decode(raw, type=dict[str, Any])
    moments = body["MetaData"]
    key = body.get("Id")
    changed = read_moment(moments["LastUpdatedTime"])
    return (
        entity, key, int(key) if key else None, int(body.get("SyncToken", 0)), read_moment(moments.get("CreateTime", moments["LastUpdatedTime"])),
        changed, body.get("Active"), body.get("TxnDate"), body.get("DocNumber"), False, bytes(raw).decode(),
    )  # fmt: skip

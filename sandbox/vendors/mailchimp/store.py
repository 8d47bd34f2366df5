"""The Mailchimp account as tables: what the company's file tells of it, and how all of it stands at a moment."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb

_FEED = files(__package__).joinpath("feed.sql").read_text(encoding="utf-8")
_CURRENT = files(__package__).joinpath("current.sql").read_text(encoding="utf-8")


class MailchimpStore:
    """An in-memory DuckDB: ``feed.sql`` fills it once with every fact of the entity, ``current.sql`` shows those up to a horizon.

    The tables are made when somebody asks for the first time after a move: time passes for all vendors, few of which are asked. Reads
    run beside each other, each on its own cursor, and see either the account before a move or after it, never a mixture.
    """

    def __init__(self, company: Path, system: str) -> None:
        self._db = duckdb.connect()
        self._moving = threading.Lock()
        self._stale = False
        self._db.execute("set threads = 2")
        self._db.execute("attach '{}' as source (read_only)".format(str(company).replace("'", "''")))
        found = self._db.execute("select entity_id, name from source.company.entity where marketing = ?", [system]).fetchone()
        if found is None:
            raise ValueError(f"No entity of the company does its marketing with {system}.")
        self.name = str(found[1])
        self._db.execute("set variable entity = ?", [found[0]])
        self._db.execute(_FEED)
        self._db.execute("detach source")

    def move(self, horizon: datetime) -> None:
        """Show the account as it stands at ``horizon``."""
        with self._moving:
            self._db.execute("set variable horizon = ?", [horizon.astimezone(UTC).replace(tzinfo=None)])
            self._stale = True

    def read(self, sql: str, values: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
        """The rows of a query over the current tables."""
        if self._stale:
            self._remake()
        with self._db.cursor() as cursor:
            rows: list[tuple[Any, ...]] = cursor.execute(sql, dict(values or {})).fetchall()
        return rows

    def _remake(self) -> None:
        with self._moving:
            if not self._stale:
                return
            self._db.execute("begin")
            try:
                self._db.execute(_CURRENT)
            except duckdb.Error:
                self._db.execute("rollback")
                raise
            self._db.execute("commit")
            self._stale = False

    def identifiers(self) -> dict[str, dict[str, str]]:
        """Kind of record -> id in the simulated company -> id in Mailchimp; nothing of it is on the wire.

        A campaign of the company is what its mailings carry as their tag; one e-mail is a campaign of Mailchimp.
        """
        kinds = {
            "person": "select person_id, member_id from person semi join member on member.id = member_id",
            "campaign": "select distinct campaign_id, lower(utm_campaign) from mail",
            "email": "select email_id, id from mail",
            "order": "select document_id, id from purchase",
        }
        return {kind: {str(key): str(value) for key, value in self.read(sql)} for kind, sql in kinds.items()}

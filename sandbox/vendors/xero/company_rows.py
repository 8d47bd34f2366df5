"""Rows of the company's records, and what else the parts of its Xero organisation are made with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any

import duckdb

from sandbox.vendors.xero.store import Version, ms

Row = dict[str, Any]


def rows(db: duckdb.DuckDBPyConnection, sql: str) -> Iterator[Row]:
    """Rows of a query as dictionaries."""
    db.execute(sql)
    names = [column[0] for column in db.description or []]
    for row in db.fetchall():
        yield dict(zip(names, row, strict=True))


def utc(moment: datetime) -> datetime:
    """A moment of the company's records, which are in UTC without saying so."""
    return moment.replace(tzinfo=UTC)


def midnight(day: date | None) -> str | None:
    """A day in Xero's form."""
    return ms(datetime.combine(day, time(), UTC)) if day else None


def _guid(db: duckdb.DuckDBPyConnection, key: str) -> str:
    row = db.execute("select guid(?)", [key]).fetchone()
    return str(row[0]) if row else ""


class Tracking:
    """The two tracking categories: departments, and campaigns, whose options are added and renamed as time goes on."""

    def __init__(self, db: duckdb.DuckDBPyConnection, born: datetime) -> None:
        self._born = born
        self._categories = {name: _guid(db, name) for name in ("Department", "Campaign")}
        self._departments = {
            row["name"]: row["id"] for row in rows(db, "select name, guid('option' || name) as id from meridian.company.department")
        }
        self._campaigns = list(rows(db, "from xero_campaign_option"))
        self._campaign_ids = {row["campaign_id"]: row["id"] for row in self._campaigns}

    def of(self, row: Row) -> list[dict[str, Any]]:
        """The options of a line with ``department``, ``campaign`` and ``campaign_id``."""
        options = []
        if row.get("department"):
            options.append(("Department", row["department"], self._departments[row["department"]]))
        if row.get("campaign"):
            options.append(("Campaign", row["campaign"], self._campaign_ids[row["campaign_id"]]))
        return [
            {"Name": name, "Option": option, "TrackingCategoryID": self._categories[name], "TrackingOptionID": option_id}
            for name, option, option_id in options
        ]

    def versions(self) -> Iterator[Version]:
        """Both categories as they stood from each moment on."""
        departments = [_option(name, key) for name, key in sorted(self._departments.items())]
        yield self._version("Department", self._born, departments)
        campaigns: dict[str, dict[str, Any]] = {}
        for number, row in enumerate(self._campaigns, 1):
            campaigns[row["campaign_id"]] = _option(row["name"], row["id"])
            if number == len(self._campaigns) or row["at_time"] < self._campaigns[number]["at_time"]:
                yield self._version("Campaign", max(utc(row["at_time"]), self._born), list(campaigns.values()))

    def _version(self, name: str, at: datetime, options: list[dict[str, Any]]) -> Version:
        key = self._categories[name]
        return Version(
            "TrackingCategories", key, at, {"TrackingCategoryID": key, "Name": name, "Status": "ACTIVE", "Options": options}, at
        )


def _option(name: str, key: str) -> dict[str, Any]:
    return {"TrackingOptionID": key, "Name": name, "Status": "ACTIVE"}

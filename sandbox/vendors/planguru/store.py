"""What of the simulated company is in the exports, and which of them there are at a moment."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sandbox.database import in_memory
from sandbox.vendors.file_server import File
from sandbox.vendors.planguru.workbooks import Book, Plan, listed, workbook

BY_YEAR = ("6400", "6600")
"""Accounts that budgets and scenarios plan by the year: travel and insurance."""
_MONTHLY = "reforecast"
_PLANS = """
    select budget_id, name, fiscal_year, version, created_at, locked_at, (
            select max(edited_at) from source.company.plan_edit e where e.budget_id = b.budget_id and e.edited_at <= $horizon
        ) as edited_at
    from source.company.budget b where entity_id = $site and version <> 'actuals' and created_at <= $horizon order by created_at, budget_id
"""
_LINES = """
    select d.name, a.account_code, a.name, a.class, a.type, l.month, case when e.edited_at <= $horizon then e.amount else l.amount end
    from source.company.budget_line l join source.company.budget b using (budget_id)
    join source.company.account a on a.entity_id = b.entity_id and a.account_code = l.account_code
    join source.company.department d on d.department_id = l.department_id
    left join source.company.plan_edit e on e.budget_id = l.budget_id and e.account_code = l.account_code and e.department_id = l.department_id
        and e.month = l.month
    where l.budget_id = $budget order by d.name, a.account_code, l.month
"""
_DRIVERS = """
    select driver, coalesce(d.name, p.name), month, amount from source.company.plan_driver
    left join source.company.department d using (department_id) left join source.company.product p using (product_id)
    where budget_id = $budget order by driver, 2, month
"""
_TARGETS = """
    select metric, scope, coalesce(p.name, e.email, case scope when 'channel' then scope_key end, 'All'), period_month, amount
    from source.company.target t left join source.company.product p on p.product_id = t.scope_key
    left join source.company.employee e on e.employee_id = t.scope_key
    where t.entity_id = $site or t.entity_id is null order by metric, scope, 3, period_month
"""
_MEASURED = """
    select min(b.created_at), max(month) filter (last_day(month) < $horizon::date) from source.company.budget b
    left join source.company.plan_driver using (budget_id) where entity_id = $site and version = 'actuals'
"""
_CLASSES = {
    ("revenue", "entity"): "Revenue target",
    ("revenue", "product"): "Revenue target by product",
    ("cac", "entity"): "Cost of a new customer",
    ("cac", "channel"): "Cost of a new customer by channel",
    ("quota", "seller"): "Quota by seller",
    ("roi", "campaign"): "Return of campaigns",
}
_DRIVER_CLASSES = {"headcount": "Headcount", "volume": "Seat months", "price": "Price of a seat"}
_ACTUALS, _TARGETS_FILE = "Actual drivers.csv", "Targets.csv"


@dataclass(frozen=True)
class _Version:
    budget_id: str
    name: str
    fiscal_year: int
    kind: str
    created_at: datetime
    locked_at: datetime | None
    edited_at: datetime | None


class PlanGuruStore:
    """The plans of every entity that plans in PlanGuru, as exported by a horizon."""

    def __init__(self, company: Path) -> None:
        self._db = in_memory()
        self._db.execute("set threads = 2")
        self._db.execute("attach '{}' as source (read_only)".format(str(company).replace("'", "''")))
        found = self._db.execute("select entity_id, name from source.company.entity where plans = 'planguru' order by entity_id")
        self.sites: Mapping[str, str] = dict(found.fetchall())
        if not self.sites:
            raise ValueError("The company has no entity that plans in PlanGuru.")
        self._lock = threading.Lock()
        self._listed: dict[tuple[str, datetime], dict[str, datetime]] = {}
        self._kept: dict[tuple[str, str, datetime], bytes] = {}
        self._horizon = datetime(1970, 1, 1)  # noqa: DTZ001 - as the company tells moments: UTC without offset

    def move(self, horizon: datetime) -> None:
        """Show what is exported by ``horizon``."""
        self._horizon = horizon.astimezone(UTC).replace(tzinfo=None)

    def files(self, site: str) -> list[File]:
        """The exports of an entity, in the order of their names."""
        return [File(name, at.replace(tzinfo=UTC)) for name, at in sorted(self._exported(site).items())]

    def content(self, site: str, name: str) -> bytes | None:
        """The bytes of a file; None where there is none of this name."""
        changed_at = self._exported(site).get(name)
        if changed_at is None:
            return None
        key = (site, name, changed_at)
        if key not in self._kept:
            self._kept[key] = self._written(site, name, changed_at)
        return self._kept[key]

    def _exported(self, site: str) -> dict[str, datetime]:
        """The names of exports, and when each was made last."""
        key = (site, self._horizon)
        if key not in self._listed:
            found = {f"{version.name}.xlsx": self._changed_at(version) for version in self._versions(site)}
            ((made_at, measured),) = self._read(_MEASURED, site=site, horizon=self._horizon)
            if measured is not None:
                found[_ACTUALS] = datetime.combine(_month_after(measured), datetime.min.time())
            if made_at is not None and made_at <= self._horizon:
                found[_TARGETS_FILE] = made_at
            self._listed[key] = found
        return self._listed[key]

    def _written(self, site: str, name: str, at: datetime) -> bytes:
        ((currency,),) = self._read("select currency from source.company.entity where entity_id = $site", site=site)
        if name == _ACTUALS:
            return listed(self._actuals(site, str(currency)))
        if name == _TARGETS_FILE:
            return listed(self._targets(site, str(currency)))
        version = next(each for each in self._versions(site) if f"{each.name}.xlsx" == name)
        is_locked = version.locked_at is not None and version.locked_at <= self._horizon
        plan = Plan(
            self.sites[site], version.name, version.fiscal_year, version.kind, version.created_at.date(), is_locked, str(currency)
        )
        lines = self._read(_LINES, budget=version.budget_id, horizon=self._horizon)
        drivers = [(_DRIVER_CLASSES[row[0]], *row[1:]) for row in self._read(_DRIVERS, budget=version.budget_id)]
        by_year = frozenset() if version.kind.startswith(_MONTHLY) else frozenset(BY_YEAR)
        return workbook(Book(plan, lines, drivers, by_year), at)

    def _actuals(self, site: str, currency: str) -> Sequence[Sequence[Any]]:
        ((budget, name, created_at),) = self._read(
            "select budget_id, name, created_at from source.company.budget where entity_id = $site and version = 'actuals'",
            site=site,
        )
        rows = [row for row in self._read(_DRIVERS, budget=budget) if _month_after(row[2]) <= self._horizon.date()]
        return [
            (self.sites[site], name, "KPI", _DRIVER_CLASSES[driver], what, month, amount, currency, created_at.date())
            for driver, what, month, amount in rows
        ]

    def _targets(self, site: str, currency: str) -> Sequence[Sequence[Any]]:
        rows = self._read(_TARGETS, site=site)
        return [
            (self.sites[site], "Targets", "KPI", _CLASSES[metric, scope], what, month, amount, currency, None)
            for metric, scope, what, month, amount in rows
        ]

    def _changed_at(self, version: _Version) -> datetime:
        moments = [version.created_at, version.locked_at, version.edited_at]
        return max(moment for moment in moments if moment is not None and moment <= self._horizon)

    def _versions(self, site: str) -> list[_Version]:
        return [_Version(*row) for row in self._read(_PLANS, site=site, horizon=self._horizon)]

    def _read(self, sql: str, **values: object) -> list[tuple[Any, ...]]:
        with self._lock, self._db.cursor() as cursor:
            rows: list[tuple[Any, ...]] = cursor.execute(sql, values).fetchall()
        return rows


def _month_after(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)

"""The demo: simulate Meridian Group, serve it on loopback, connect, run the whole job once, and show what was found.

Figures of the warehouse and of the published snapshot only: the hub never sees the simulation's truth.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from finance_hub import models, settings, warehouse
from finance_hub.alerts import Outbox
from finance_hub.cli.answer import figures
from finance_hub.refresh import Outcome, refresh
from finance_hub.settings import Settings, SettingsError
from sandbox.company import simulate
from sandbox.connections import connections_toml
from sandbox.server import RunningSandbox, Shown

COMPANY = "meridian.duckdb"
"""In the home of a demo: the simulated company, with the truth that ``finance-hub scorecard`` compares with."""
_ALERTS_SHOWN = 15
MARK = "# Written by `finance-hub demo`, which writes it anew each time."


@dataclass(frozen=True)
class Section:
    """One table of what is shown: a query, and the column that is text first."""

    title: str
    sql: str
    empty: str = "none"


_LOADED = """
    select connection_id as source, sum(documents_received) as "documents extracted", sum(documents_quarantined) as quarantined, sum(rows_loaded) as "rows loaded"
    from (
        select connection_id, extraction_id, max(documents_received) as documents_received,
            sum(documents_quarantined) as documents_quarantined, sum(rows_loaded) as rows_loaded
        from ({extractions}) group by all
    ) group by all order by all
"""
FOUND = (
    Section(
        "Profit and loss of the group by quarter",
        """
        select year(period_month) || ' Q' || quarter(period_month)
                || case when max(last_day(period_month)) > any_value(closed_month) + interval 1 month then ' (not closed)' else '' end as quarter,
            any_value(currency_rpt) as currency,
            sum(case when account_class = 'revenue' then amount_rpt else 0 end)::decimal(18, 2) as revenue,
            sum(case when account_class = 'expense' then amount_rpt else 0 end)::decimal(18, 2) as expense,
            sum(case when account_class = 'revenue' then amount_rpt else -amount_rpt end)::decimal(18, 2) as profit
        from profit_and_loss cross join core.dim_as_of
        group by year(period_month), quarter(period_month) order by year(period_month) desc, quarter(period_month) desc limit 8
        """,
    ),
    Section(
        "Campaigns with the best return (linear attribution)",
        """
        select campaign_name as campaign, channel, cost_total::decimal(18, 2) as cost, attributed_revenue::decimal(18, 2) as revenue,
            round(roi_pct, 1)::decimal(18, 1) as "ROI %", leads
        from campaign_roi where attribution_model = 'linear' and roi_status = 'ok' order by roi_pct desc limit 5
        """,
    ),
    Section(
        "What a customer costs and is worth, by channel, last twelve months",
        """
        with latest as (select max(period_month) as last_month from unit_economics, core.dim_as_of where period_month <= closed_month),
        -- A customer of the group is worth what those of its companies are, each counted once.
        grouped as (
            select channel, sum(leads) as leads, sum(new_customers) as new_customers,
                sum(acquisition_cost) / nullif(sum(new_customers), 0) as cac, sum(acquisition_cost) as cost,
                sum(ltv * active_customers) filter (period_month = last_month)
                    / nullif(sum(active_customers) filter (period_month = last_month and ltv is not null), 0) as ltv
            from unit_economics, latest
            where period_month > last_month - interval 12 month and period_month <= last_month
            group by channel
        )
        select channel, leads, round(new_customers, 1)::decimal(18, 1) as "new customers", cac::decimal(18, 2) as "CAC",
            ltv::decimal(18, 2) as "LTV", round(ltv / nullif(cac, 0), 1)::decimal(18, 1) as "LTV:CAC"
        from grouped where cost > 0 order by channel = 'all', "LTV:CAC" desc nulls last
        """,
    ),
    Section(
        "Budget variances that broke their threshold, last closed month",
        """
        select variances.account_code || ' ' || variances.account_name as account, strftime(variances.period_month, '%Y-%m') as month,
            actual::decimal(18, 2) as actual, budget::decimal(18, 2) as budget, variance_abs::decimal(18, 2) as variance,
            round(variance_pct, 1)::decimal(18, 1) as "%", currency
        from budget_variance as variances join core.dim_as_of on period_month = closed_month
        where comparison = 'budget_original' and department_name = 'all' and is_material and fav_unfav = 'U'
        order by abs(variance_rpt) desc
        """,
        "none above 10 % and 2,000 of the reporting currency",
    ),
    Section(
        "Checks of behaviour",
        """
        select domain, count(*) as checks, count(*) filter (passed) as passed, count(*) filter (not passed) as failed
        from data_quality group by domain order by domain
        """,
    ),
)


def run_demo(home: Path, *, scale: float, as_of: date, console: Console) -> Outcome:
    """Simulate, serve, connect, run and show.

    Raises :class:`SettingsError` where the home holds somebody's own settings.
    """
    _make_room(home)
    threading.Thread(target=models.manifest, args=(home,), daemon=True).start()
    bar = Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console, transient=True
    )
    with bar:
        task = bar.add_task("Simulating Meridian Group", total=1.0)
        company = home / COMPANY
        simulate(
            company,
            scale=scale,
            as_of=as_of,
            progress=lambda what, share: bar.update(task, description=f"Simulating Meridian Group: {what}", completed=share * 0.2),
        )
        console.print(f"Simulated Meridian Group up to {as_of}.")
        bar.update(task, description="Serving it on this machine", completed=0.2)
        with RunningSandbox(Shown(company=company, limits=False)) as sandbox:
            found = _connect(home, sandbox.url, as_of)
            console.print(f"Serving its systems on {sandbox.url} until the run is over; connected {', '.join(found.connections)}.")
            started, steps = time.monotonic(), 0

            def tell(what: str) -> None:
                nonlocal steps
                steps += 1
                bar.update(task, description=what, completed=min(0.2 + steps * 0.05, 0.98))

            outcome = refresh(found, tell=tell)
    console.print(f"The job ran for {time.monotonic() - started:.0f} s.\n")
    _show(found, outcome, console)
    return outcome


def _make_room(home: Path) -> None:
    """Empty the home of the last demo; leave anybody else's alone."""
    toml = home / "hub.toml"
    if toml.exists() and MARK not in toml.read_text(encoding="utf-8"):
        raise SettingsError(f"{toml} holds settings of your own: give the demo another --home.")
    if home.exists() and not toml.exists() and any(home.iterdir()):
        raise SettingsError(f"{home} is not empty and holds no demo: give the demo another --home.")
    if home.exists():
        shutil.rmtree(home)
    home.mkdir(parents=True)
    toml.write_text(f"{MARK}\n", encoding="utf-8")


def _connect(home: Path, url: str, as_of: date) -> Settings:
    """Write the settings that the sandbox gives, and read them."""
    lines = [MARK, 'reporting_currency = "USD"', f'as_of_date = "{as_of}"', connections_toml(url)]
    descriptor = os.open(home / "hub.toml", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("\n".join(lines))
    return settings.load(home, {})


def _show(found: Settings, outcome: Outcome, console: Console) -> None:
    with warehouse.reading(found.warehouse) as database:
        systems = sorted({connection.system for connection in found.connections.values()})
        extractions = " union all by name ".join(f"from {system}.extraction" for system in systems)
        console.print(_table(database, Section("Rows by source", _LOADED.format(extractions=extractions))))
    if outcome.snapshot is None:
        for problem in outcome.problems:
            console.print(f"[red]{problem}[/red]", highlight=False)
        console.print("Nothing was published.")
        return
    with warehouse.reading(outcome.snapshot) as database:
        for section in FOUND:
            console.print(_table(database, section))
    console.print(
        f"{outcome.models_built} models built, {outcome.checks_passed} checks passed, {len(outcome.checks_failed)} failed."
    )
    from finance_hub.cli.alerts import alerts_table

    place = "" if found.home == Path(".hub").resolve() else f" --home {found.home}"
    incidents = Outbox(found.home).incidents()
    console.print(alerts_table(incidents[:_ALERTS_SHOWN]))
    if len(incidents) > _ALERTS_SHOWN:
        console.print(f"{len(incidents) - _ALERTS_SHOWN} more: finance-hub alerts{place}", soft_wrap=True, highlight=False)
    console.print(f"Everything is in {found.home}; readers use {outcome.snapshot}.", soft_wrap=True)
    console.print("\nNext:", highlight=False)
    for command in (
        f"ui{place}",
        f'query{place} "select * from profit_and_loss order by period_month desc limit 10"',
        f"scorecard{place}",
    ):
        console.print(f"  finance-hub {command}", soft_wrap=True, highlight=False, markup=False)


def _table(database: warehouse.Database, section: Section) -> Table:
    answer = database.execute(section.sql)
    names = [column[0] for column in answer.description or []]
    rows = answer.fetchall()
    table = Table(title=section.title, title_justify="left")
    for name, is_figure in zip(names, figures(names, rows), strict=True):
        table.add_column(name, justify="right" if is_figure else "left")
    for row in rows:
        table.add_row(*("" if value is None else value if isinstance(value, str) else f"{value:,}" for value in row))
    if not rows:
        table.caption = section.empty
    return table

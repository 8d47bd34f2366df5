"""``finance-hub alerts``: what is wrong, and who takes care of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.table import Table

from finance_hub import settings
from finance_hub.alerts.outbox import Incident
from finance_hub.cli.common import DEFAULT_HOME, Home, out

alerts_app = typer.Typer(no_args_is_help=False, invoke_without_command=True, help="What is wrong, and who takes care of it.")

AlertNumber = Annotated[int, typer.Argument(help="The alert's number, as `finance-hub alerts` shows it.")]
By = Annotated[str, typer.Option("--by", envvar="USER", help="Who says so.")]


@alerts_app.callback()
def alerts(context: typer.Context, home: Home = DEFAULT_HOME) -> None:
    """Show what is wrong, and say who takes care of it: rules that broke their threshold, failed checks and runs, stale sources.

    Example: finance-hub alerts --home my-hub
    Example: finance-hub alerts list --resolved
    Example: finance-hub alerts ack 12 --by ada
    Example: finance-hub alerts snooze 12 --days 3 --by ada
    Example: finance-hub alerts send
    """
    if context.invoked_subcommand is None:
        alerts_list(home)


@alerts_app.command("list")
def alerts_list(
    home: Home = DEFAULT_HOME, resolved: Annotated[bool, typer.Option("--resolved", help="Show those of the past too.")] = False
) -> None:
    """Show the open alerts, the worst first.

    Example: finance-hub alerts list --home my-hub --resolved
    """
    from finance_hub.alerts import Outbox

    found = settings.load(home)
    incidents = Outbox(found.home).incidents(resolved=resolved)
    out.print(alerts_table(incidents) if incidents else "Nothing is wrong.")
    if incidents and not found.alerting.every_target:
        out.print('Nobody is told: set targets = ["mailto://...", "slack://..."] under [alerts] in hub.toml.', markup=False)


@alerts_app.command("ack")
def alerts_ack(number: AlertNumber, by: By, home: Home = DEFAULT_HOME) -> None:
    """Say that somebody takes care of an alert: it is not escalated.

    Example: finance-hub alerts ack 12 --by ada
    """
    from finance_hub.alerts import Outbox

    title = Outbox(settings.load(home).home).acknowledge(number, by, datetime.now(UTC))
    out.print(f"{by} takes care of: {title}", markup=False)


@alerts_app.command("snooze")
def alerts_snooze(
    number: AlertNumber,
    by: By,
    days: Annotated[float, typer.Option(min=0.01, max=366, help="For how long.")] = 1,
    home: Home = DEFAULT_HOME,
) -> None:
    """Keep quiet about an alert for a while: what is still wrong then is told once more.

    Example: finance-hub alerts snooze 12 --days 3 --by ada
    """
    from finance_hub.alerts import Outbox

    until = datetime.now(UTC) + timedelta(days=days)
    title = Outbox(settings.load(home).home).keep_quiet(number, until, by)
    out.print(f"Quiet until {until:%Y-%m-%d %H:%M} UTC: {title}", markup=False)


@alerts_app.command("send")
def alerts_send(home: Home = DEFAULT_HOME) -> None:
    """Deliver now what is due, as the sensors do every minute.

    Example: finance-hub alerts send --home my-hub
    """
    from finance_hub.alerts import deliver, follow_up

    found = settings.load(home)
    follow_up(found)
    delivered, failed = deliver(found)
    out.print(f"{delivered} messages delivered, {failed} not delivered")


def alerts_table(incidents: Sequence[Incident]) -> Table:
    """Incidents, the worst first."""
    table = Table("no.", "severity", "since (UTC)", "what", "department", title="Alerts")
    for each in incidents:
        over = f" (resolved {each.resolved_at[:16]})" if each.resolved_at else ""
        care = f" ({each.acknowledged_by} takes care)" if each.acknowledged_by and not each.resolved_at else ""
        quiet = f" (quiet until {each.quiet_until[:16].replace('T', ' ')})" if each.quiet_until and not each.resolved_at else ""
        style = "red" if each.severity == "critical" else "yellow"
        since = each.opened_at[:16].replace("T", " ")
        table.add_row(str(each.number), each.severity, since, each.title + over + care + quiet, each.department, style=style)
    return table

"""The ``finance-hub`` command.

Exit codes: 0 done; 1 ran, and a load or a check failed (nothing was published); 2 could not start (settings, credentials).
"""

from __future__ import annotations

import csv
import json
import os
import sys
import tempfile
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from finance_hub import publish, settings, warehouse
from finance_hub.alerts.outbox import NotOpenError
from finance_hub.cli.alerts import alerts_app
from finance_hub.cli.answer import laid_out
from finance_hub.cli.common import DEFAULT_HOME, Format, Home, err, out
from finance_hub.cli.forecast import forecast
from finance_hub.settings import SettingsError

app = typer.Typer(no_args_is_help=True, rich_markup_mode="rich", pretty_exceptions_enable=False, add_completion=False)
connections_app = typer.Typer(no_args_is_help=False, invoke_without_command=True, help="What is connected; test a connection.")
sandbox_app = typer.Typer(no_args_is_help=True, help="Vendors' APIs on this machine, to try the hub without an account.")
app.add_typer(connections_app, name="connections")
app.add_typer(alerts_app, name="alerts")
app.command()(forecast)
app.add_typer(sandbox_app, name="sandbox")

_TEMPLATE = """\
# Settings of the Finance Integration Hub. Secrets belong into secrets.toml (chmod 600) beside this file, or into the environment.

# reporting_currency = "USD"      # absent: that of the books, where all have the same
# as_of_date = "2026-06-30"      # absent: today

# [connections.uk_books]
# system = "xero"
# entity = "Example UK Ltd"
# client_id = "..."
# tenant_id = "..."
# client_secret: FINANCE_HUB_CONNECTIONS__UK_BOOKS__CLIENT_SECRET
# refresh_token: only for an app that acts for a user; a custom connection needs none

# [closing.example_uk_ltd]       # an entity's name in lower case with underscores
# until = 2026-03-31             # the last closed day
# changes = "block"              # a change before it stops publishing; adjust: stands in the open month; restate: with a reason

# [alerts]
# targets = ["mailto://user:password@example.com"]      # any Apprise address; secret, so better in secrets.toml
# digest_at = "07:00"            # warnings wait for this time (UTC) and go out together; critical ones at once
# escalate_after_hours = 24      # what nobody has acknowledged by then (finance-hub alerts ack) goes to
# escalate_to = ["mailto://..."]
# [alerts.departments]
# marketing = ["slack://..."]
"""


def main() -> None:
    """Run the command; expected troubles become one sentence and exit code 2."""
    try:
        app()
    except (SettingsError, NotOpenError, publish.NothingPublishedError, warehouse.WarehouseBusyError) as trouble:
        err.print(str(trouble), style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(2)


@app.command()
def demo(
    home: Home = DEFAULT_HOME,
    scale: Annotated[float, typer.Option(help="Size of the simulated company; 1 is about 60,000 journal lines.", min=0.05)] = 1.0,
    as_of: Annotated[
        datetime | None, typer.Option(help="Last day of the company's history; yesterday if not given.", formats=["%Y-%m-%d"])
    ] = None,
) -> None:
    """Simulate a group of companies, read it, and show what the hub finds. Needs no account; leaves nothing running.

    Example: finance-hub demo
    Example: finance-hub demo --home my-demo --scale 0.2
    """
    from finance_hub.demo import run_demo

    outcome = run_demo(home.resolve(), scale=scale, as_of=as_of.date() if as_of else _yesterday(), console=out)
    if outcome.problems:
        raise typer.Exit(1)


def _yesterday() -> date:
    return datetime.now(UTC).date() - timedelta(days=1)


@app.command()
def init(home: Home = DEFAULT_HOME) -> None:
    """Write a commented hub.toml.

    Example: finance-hub init --home my-hub
    """
    path = home / "hub.toml"
    if path.exists():
        raise SettingsError(f"{path} exists already; it was left as it is.")
    home.mkdir(parents=True, exist_ok=True)
    path.write_text(_TEMPLATE, encoding="utf-8")
    out.print(f"Wrote {path}: fill in a connection, then run `finance-hub connections check NAME --home {home}`.")


@connections_app.callback()
def connections(context: typer.Context, home: Home = DEFAULT_HOME) -> None:
    """List the connections.

    Example: finance-hub connections --home my-hub
    """
    if context.invoked_subcommand is not None:
        return
    found = settings.load(home)
    if not found.connections:
        out.print(f"Nothing is connected yet: add a connection to {found.home / 'hub.toml'}.")
        return
    table = Table("connection", "system", "entity")
    for connection in found.connections.values():
        table.add_row(connection.name, connection.system, connection.entity)
    out.print(table)


@connections_app.command()
def check(name: str, home: Home = DEFAULT_HOME) -> None:
    """Try one connection and tell in plain words what works and what does not.

    Example: finance-hub connections check uk_books
    """
    from finance_hub import ingestion

    found = settings.load(home)
    if name not in found.connections:
        raise SettingsError(f"There is no connection '{name}'; known are: {', '.join(found.connections) or 'none'}.")
    findings = ingestion.check(found, name)
    for finding in findings:
        mark = "[green]good[/green]" if finding.ok else "[red]bad[/red] "
        out.print(f"{mark} {finding.subject}: {finding.message}", highlight=False, soft_wrap=True)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(2)


@connections_app.command()
def authorize(
    name: str,
    home: Home = DEFAULT_HOME,
    port: Annotated[int, typer.Option(help="Port of the page that the vendor sends the browser back to.")] = 8770,
    browser: Annotated[bool, typer.Option(help="Open the vendor's page in the browser.")] = True,
) -> None:
    """Get a person's consent in the browser (authorization code with PKCE) and keep the tokens, encrypted.

    The vendor's application must know the redirect http://localhost:8770/callback.

    Example: finance-hub connections authorize uk_books
    """
    import webbrowser

    from dlt_sources.http import SourceError
    from finance_hub import ingestion

    found = settings.load(home)
    if name not in found.connections:
        raise SettingsError(f"There is no connection '{name}'; known are: {', '.join(found.connections) or 'none'}.")

    def show(address: str) -> None:
        out.print(f"Consent on the vendor's page:\n{address}", soft_wrap=True, highlight=False, markup=False)
        if browser:
            webbrowser.open(address)

    try:
        ingestion.authorize(found, name, port=port, show=show)
    except (SourceError, OSError) as trouble:
        raise SettingsError(str(trouble)) from None
    out.print(f"Consent is kept. Try it: finance-hub connections check {name} --home {home}")


@app.command()
def run(
    home: Home = DEFAULT_HOME,
    only: Annotated[str, typer.Option(help="Read only these connections (commas between), then build everything.")] = "",
) -> None:
    """Extract, load, build, check and publish.

    Example: finance-hub run --only uk_books
    """
    from finance_hub.refresh import refresh

    found = settings.load(home)
    with out.status("Starting") as status:
        outcome = refresh(found, [name for name in only.split(",") if name], tell=status.update)
    table = Table("connection", "table", "rows loaded", title="Loaded")
    for loaded in outcome.loaded:
        for name, rows in sorted(loaded.rows.items()):
            table.add_row(loaded.connection_id, name, f"{rows:,}")
        if not loaded.rows:
            table.add_row(loaded.connection_id, "nothing new", "0")
        if loaded.quarantined:
            table.add_row(loaded.connection_id, "quarantine", f"{loaded.quarantined:,}", style="yellow")
    out.print(table)
    for loaded in outcome.loaded:
        for name, reason in loaded.unavailable.items():
            out.print(f"[yellow]not available[/yellow] {loaded.connection_id} {name}: {reason}", highlight=False, soft_wrap=True)
    out.print(f"{outcome.models_built} models built, {outcome.checks_passed} checks passed, {len(outcome.checks_failed)} failed")
    if outcome.problems:
        for problem in outcome.problems:
            err.print(f"[red]{problem}[/red]", highlight=False, soft_wrap=True)
        err.print("Nothing was published; readers keep the former snapshot.")
        raise typer.Exit(1)
    out.print(f"Published {outcome.snapshot}", soft_wrap=True)


@app.command()
def status(home: Home = DEFAULT_HOME) -> None:
    """Show when each source was read, and what is served.

    Example: finance-hub status --home my-hub
    """
    found = settings.load(home)
    if found.warehouse.exists():
        with warehouse.reading(found.warehouse) as database:
            rows = database.execute(
                "select connection_id, system, last_status, last_success_at, rows_loaded, documents_quarantined, last_message "
                "from hub.source_runs order by connection_id"
            ).fetchall()
        table = Table("connection", "system", "last run", "last success (UTC)", "rows", "quarantined", "message")
        for row in rows:
            table.add_row(
                *("" if value is None else f"{value:%Y-%m-%d %H:%M:%S}" if hasattr(value, "hour") else str(value) for value in row)
            )
        out.print(table)
    out.print(f"Served: {publish.current(found.home)}", soft_wrap=True)


@app.command()
def ui(home: Home = DEFAULT_HOME, port: Annotated[int, typer.Option(help="Port on the loopback address.")] = 3000) -> None:
    """Start Dagster's web interface and its daemon on this machine, until interrupted.

    Example: finance-hub ui --home my-hub --port 3000
    """
    from finance_hub.refresh import dagster_home

    found = settings.load(home)
    program = str(Path(sys.executable).with_name("dagster"))
    workspace = Path(__file__).parents[2] / "workspace.yaml"
    command = [program, "dev", "--workspace", str(workspace), "--host", "127.0.0.1", "--port", str(port)]
    environment = {"DAGSTER_HOME": str(dagster_home(found.home)), "FINANCE_HUB_HOME": str(found.home)}
    out.print(f"Dagster on http://127.0.0.1:{port} (Ctrl-C ends it)")
    os.execve(program, command, {**os.environ, "DAGSTER_DISABLE_TELEMETRY": "yes", **environment})  # noqa: S606 - our own program


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="What to ask the published snapshot.")],
    home: Home = DEFAULT_HOME,
    format: Annotated[Format, typer.Option(help="How to write the answer.")] = Format.table,  # noqa: A002 - the option's name
) -> None:
    """Read the published snapshot.

    Example: finance-hub query "select * from trial_balance limit 5" --format csv
    """
    import duckdb

    snapshot = publish.current(home.resolve())
    with warehouse.reading(snapshot) as database:
        database.execute("set enable_external_access = false; set lock_configuration = true")
        try:
            answer = database.execute(sql)
        except duckdb.Error as trouble:
            raise SettingsError(f"The query could not be answered: {trouble}") from None
        names = [column[0] for column in answer.description or []]
        rows = answer.fetchall()
    if format is Format.csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(rows)
    elif format is Format.json:
        sys.stdout.write(json.dumps([dict(zip(names, row, strict=True)) for row in rows], default=str) + "\n")
    else:
        out.print(laid_out(names, rows, out))


@app.command()
def trace(
    model: Annotated[str, typer.Argument(help="The mart, such as profit_and_loss.")],
    key: Annotated[str, typer.Argument(help="Columns and values that name one row, with commas between.")],
    home: Home = DEFAULT_HOME,
    lines: Annotated[int, typer.Option(help="How many of the lines to show, the largest first.", min=1)] = 10,
) -> None:
    """Walk one row of a mart back to its journal lines, their documents and the vendor's own words.

    Example: finance-hub trace profit_and_loss account_code=4000,period_month=2026-05-01,entity_id=example_uk_ltd
    """
    from finance_hub import trace as tracing

    found = settings.load(home)
    try:
        trail = tracing.trace(found, model, tracing.parse_key(key), limit=lines)
    except tracing.TraceError as trouble:
        raise SettingsError(str(trouble)) from None
    out.print(
        ", ".join(f"{name} {value}" for name, value in trail.row.items() if value is not None), highlight=False, soft_wrap=True
    )
    table = Table("date", "journal", "account", "amount", "document", "party", "text", title=f"{trail.line_count:,} lines")
    for line in trail.lines:
        document = f"{line['document_kind']} {line['document_number'] or line['document_id'] or ''}".strip()
        amount = f"{line['amount_func']:,.2f} {line['currency_func']}"
        account = f"{line['account_code']} {line['account_name']}"
        texts = (line["posting_date"], line["journal_number"], account, amount, document, line["party_name"], line["description"])
        table.add_row(*("" if text is None else str(text) for text in texts))
    out.print(table)
    if trail.figure is not None:
        out.print(
            f"Lines add up to {trail.total:,}: {'the figure' if trail.ties else f'not the figure, which is {trail.figure:,}'}."
        )
    for document_id, link in trail.links.items():
        out.print(f"{document_id}: {link}", highlight=False, soft_wrap=True, markup=False)
    if trail.page:
        place = f"{trail.page.system}/{trail.page.connection_id}/{trail.page.page_id}.zst"
        out.print(
            f"The first line came in archive/{place}{': ' + trail.page.problem if trail.page.problem else ''}", soft_wrap=True
        )
        if trail.page.excerpt:
            out.print(trail.page.excerpt, highlight=False, markup=False, soft_wrap=True)


@app.command()
def scorecard(
    home: Home = DEFAULT_HOME,
    company: Annotated[
        Path | None, typer.Option(help="The simulated company; the demo's own if not given.", exists=True, dir_okay=False)
    ] = None,
) -> None:
    """Hold what was published against the simulated company's truth: statements, defects, deals, attribution, contracts, forecasts.

    Example: finance-hub scorecard
    """
    from finance_hub import scorecard as scoring
    from finance_hub import scorecard_forecast, scorecard_sales
    from finance_hub.demo import COMPANY
    from sandbox.identifiers import identifiers

    company = company or home / COMPANY
    if not company.exists():
        raise SettingsError(f"{company} is not there: scores need a simulated company, such as the demo's (finance-hub demo).")
    with closing(scoring.attach(publish.current(home.resolve()), company)) as database:
        until = scoring.closed_month(database)
        table = Table(
            "company",
            "statement",
            "cells",
            "wrong",
            "wrong in group currency",
            "a cent off",
            title=f"Statements up to {until:%Y-%m}",
        )
        for score in scoring.statements(database, until=until):
            figures = (score.compared, score.wrong_func, score.wrong_rpt, score.rounded)
            table.add_row(score.entity, score.statement, *("not told" if figure is None else f"{figure:,}" for figure in figures))
        out.print(table)
        table = Table("seller", "buyer", "charges", "matched", "explained", title="Charges between companies")
        for pair in scoring.intercompany(database, until=until):
            table.add_row(pair.seller, pair.buyer, str(pair.charges), str(pair.matched), str(pair.explained))
        out.print(table)
        table = Table("defect", "found by", "injected", "found", "false alarms", title="Defects of the books")
        for defect in [*scoring.defects(database), *scorecard_sales.mismatches(database)]:
            table.add_row(defect.kind, defect.found_by, str(defect.injected), str(defect.found), str(defect.false_alarms))
        out.print(table)
        table = Table(
            "company",
            "deals",
            "not billed yet",
            "matched",
            "truly",
            "by amount",
            "truly",
            "misjudged",
            title="Sales-finance consistency of won deals",
        )
        for deals in scorecard_sales.consistency(database):
            counts = (deals.deals, deals.pending, deals.matched, deals.truly_matched)
            shares = (f"{share:.2f} %" if share is not None else "" for share in (deals.pct, deals.true_pct))
            table.add_row(deals.entity, *(f"{count:,}" for count in counts), *shares, str(deals.misjudged))
        out.print(table)
        table = Table(
            "kind", "system", "system", "pairs in truth", "found", "of them right", "precision", "recall", title="Who is who"
        )
        for found in scoring.identity(database, identifiers(company)):
            pairs = (found.true_pairs, found.told_pairs, found.right_pairs)
            rates = ("" if rate is None else f"{rate:.2%}" for rate in (found.precision, found.recall))
            table.add_row(found.kind, found.left, found.right, *(f"{count:,}" for count in pairs), *rates)
        out.print(table)
        table = Table("model", "accuracy", "coverage", "not reconciled", title="Attribution by channel")
        for model in scoring.attribution(database):
            table.add_row(model.model, f"{model.accuracy:.1%}", f"{model.coverage:.1%}", f"{model.unreconciled:,.2f}")
        out.print(table)
        table = Table(
            "company",
            "contracts",
            "revenue missed",
            "kept 1 year",
            "truly",
            "kept 2 years",
            "truly",
            title="Contracts: recurring revenue, and how many are kept",
        )
        for contract in scoring.contracts(database, until=until):
            kept = [f"{part:.1%}" if part is not None else "" for pair in contract.kept.values() for part in pair]
            table.add_row(contract.entity, f"{contract.contracts} of {contract.true_contracts}", f"{contract.missed:.1%}", *kept)
        out.print(table)
        table = Table("measure", "level", "of", "cases", "value", "year before", "F1", "always no", title="Forecasts")
        for each in scorecard_forecast.forecasts(database):
            shares = ("" if share is None else f"{share:.1%}" for share in (each.value, each.naive, each.f1, each.base_rate))
            table.add_row(each.measure, each.level, each.span, f"{each.cases:,}", *shares)
        out.print(table)


@app.command()
def attribute(
    paths: Annotated[
        Path, typer.Option(help="CSV with the columns path (channels with ' > ' between), conversions, value, nulls.")
    ],
    models: Annotated[str, typer.Option(help="Models, with commas between; all that paths alone allow if not given.")] = "",
    format: Annotated[Format, typer.Option(help="How to write the credits.")] = Format.table,  # noqa: A002 - the option's name
) -> None:
    """Divide conversions and their value over the channels of the paths that led to them.

    Models: first, last, last_non_direct, linear, u_shaped, markov_1, markov_2, shapley, logistic.

    Example: finance-hub attribute --paths paths.csv
    Example: finance-hub attribute --paths paths.csv --models linear,markov_1,shapley --format csv
    """
    import msgspec

    from finance_hub import attribution

    asked = [name.strip() for name in models.split(",") if name.strip()] or attribution.needing_only_paths()
    try:
        credited = attribution.attribute(attribution.read(paths), asked)
    except attribution.AttributionError as trouble:
        raise SettingsError(str(trouble)) from None
    rows = [
        {"model": each.model, "channel": each.channel, "conversions": _plain(each.conversions), "value": each.value}
        for each in credited
    ]
    if format is Format.json:  # numbers, written with all their digits
        sys.stdout.write(msgspec.json.Encoder(decimal_format="number").encode(rows).decode() + "\n")
    elif format is Format.csv:
        writer = csv.DictWriter(sys.stdout, ("model", "channel", "conversions", "value"), lineterminator="\n")
        writer.writeheader()
        writer.writerows(row | {"conversions": f"{row['conversions']:f}"} for row in rows)
    else:
        table = Table("model", "channel")
        for name in ("conversions", "value"):
            table.add_column(name, justify="right")
        for number, each in enumerate(credited):
            ends = number + 1 == len(credited) or credited[number + 1].model != each.model
            table.add_row(each.model, escape(each.channel), f"{each.conversions:,.4f}", f"{each.value:,}", end_section=ends)
        out.print(table)


def _plain(number: Decimal) -> Decimal:
    """The number without zeros at its end; a whole one without an exponent."""
    short = number.normalize()
    return short.quantize(Decimal(1)) if int(short.as_tuple().exponent) > 0 else short


@sandbox_app.command()
def serve(
    xero_books: Annotated[
        Path | None,
        typer.Option(help="Serve this folder of tables of real books as Xero, and nothing else.", exists=True, file_okay=False),
    ] = None,
    port: Annotated[int, typer.Option(help="Port on the loopback address.")] = 8700,
    as_of: Annotated[
        datetime | None, typer.Option(help="Last day of the company's history; yesterday if not given.", formats=["%Y-%m-%d"])
    ] = None,
    scale: Annotated[float, typer.Option(help="Size of the company; 1 is about 60,000 journal lines.", min=0.05)] = 1.0,
    seed: Annotated[int, typer.Option(help="Another seed makes another company.")] = 7,
) -> None:
    """Serve the simulated Meridian Group as its vendors' APIs on this machine, until interrupted.

    Example: finance-hub sandbox serve --port 8700
    Example: finance-hub sandbox serve --xero-books my-books
    """
    from sandbox.company import simulate
    from sandbox.server import Shown
    from sandbox.server import serve as serve_sandbox

    with tempfile.TemporaryDirectory(prefix="meridian-") as folder:
        shown = Shown(books=xero_books)
        if xero_books is None:
            company = Path(folder) / "meridian.duckdb"
            history_ends = as_of.date() if as_of else _yesterday()
            out.print(f"Simulating Meridian Group up to {history_ends} ...")
            simulate(company, seed=seed, scale=scale, as_of=history_ends)
            shown = Shown(company=company)
        out.print(f"Serving on http://127.0.0.1:{port}; settings for a hub: http://127.0.0.1:{port}/_sandbox/connections")
        serve_sandbox(shown, port=port)

"""Great Expectations inside Dagster: a check is one query of the warehouse and what is expected of its rows.

The query does the arithmetic, exactly, and yields a small frame; amounts in it are whole numbers (``hundredths`` of a cent or counts),
since a frame of pandas turns decimals into floats. Great Expectations judges the frame. Exceptions that it hides in its results are
raised: a typo must not read as bad data.

All checks of a domain run in one op. Each leaves a row in ``hub.check_results``, which ``marts.data_quality`` shows; those that are
controls of the catalogue (``seeds/controls.csv``) also leave what they found, by entity and period and run by run, in
``hub.control_results``, which ``core.fct_control_result`` shows.
"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal

import dagster as dg

from finance_hub import warehouse
from finance_hub.automation import WAREHOUSE_POOL, when_upstream_is_ready
from finance_hub.settings import Settings

Query = str | Callable[[Settings, warehouse.Database], str]
Level = Literal["block", "warn", "info"]
"""What a finding does: stop publishing, alert, or only be noted for whoever reviews the books."""
_SEVERITY = {"block": "critical", "warn": "warning", "info": "info"}
_SHOWN_ROWS = 3
_SAMPLED_ROWS = 5


class CheckBrokenError(Exception):
    """A check could not be evaluated: it is the check that is wrong, not the data."""


@dataclass(frozen=True)
class Check:
    """One check of behaviour; build it with :func:`expectation_check`."""

    asset: tuple[str, ...]
    name: str
    description: str
    query: Query
    expectations: Callable[[Any], Sequence[Any]]
    level: Level
    control: str
    tolerance: str


@dataclass(frozen=True)
class Place:
    """Where a check found something: the rows of one entity and period, and a sample of them as JSON."""

    entity_id: str | None
    period_month: str | None
    failed_rows: int
    sample: str


@dataclass(frozen=True)
class Verdict:
    """What a check found: ``measured`` is a sentence, ``failed_rows`` how many rows break it, ``places`` where they are."""

    passed: bool
    measured: str
    expected: str
    failed_rows: int
    places: tuple[Place, ...] = ()


def none_found(expect: Any) -> Sequence[Any]:
    """The usual expectation: the query looks for rows that must not be, and finds none."""
    return [expect.ExpectTableRowCountToEqual(value=0)]


def expectation_check(
    *,
    asset: Sequence[str],
    name: str,
    description: str,
    query: Query,
    expectations: Callable[[Any], Sequence[Any]] = none_found,
    level: Level = "block",
    control: str = "",
    tolerance: str = "0",
) -> Check:
    """A check of ``asset``: ``expectations`` gets ``great_expectations.expectations`` and returns those that the rows must meet.

    A check of level ``block`` that fails stops publishing, one of ``warn`` is alerted, one of ``info`` is only noted. ``control`` is
    its number in the catalogue of controls; what it found is kept by the columns ``entity_id`` and ``period_month`` of its rows.
    """
    return Check(tuple(asset), name, description, query, expectations, level, control, tolerance)


def misses(quotient: str, numerator: str, denominator: str) -> str:
    """SQL: whether a quotient is further from its parts than rounding takes it.

    As marts keep them: the quotient and its numerator have four decimals, the denominator has six.
    """
    return f"abs({quotient} * {denominator} - {numerator}) > 0.000051 * (1 + {denominator}) + 0.00000051 * abs({quotient})"


def evaluate(check: Check, settings: Settings, database: warehouse.Database) -> Verdict:
    """Run the query and judge its rows.

    Raises :class:`CheckBrokenError` where the query or an expectation cannot be evaluated.
    """
    expect, whole_frame = _great_expectations()
    query = check.query if isinstance(check.query, str) else check.query(settings, database)
    try:
        frame = database.execute(query).df()
    except Exception as trouble:
        raise CheckBrokenError(f"check {check.name}: its query failed: {trouble}") from trouble
    from great_expectations import ExpectationSuite

    wanted = list(check.expectations(expect))
    result = whole_frame.get_batch(batch_parameters={"dataframe": frame}).validate(
        ExpectationSuite(name=check.name, expectations=wanted), result_format={"result_format": "COMPLETE"}
    )
    failed = [each for each in result.results if not each.success]
    for each in result.results:
        _raise_hidden(check, each)
    rows = sorted({row for each in failed for row in _failed_rows(each, len(frame))})
    return Verdict(
        passed=bool(result.success),
        measured=_told(frame, rows) if failed else f"{len(frame)} rows as expected" if len(frame) else "none found",
        expected="; ".join(_expected(each) for each in wanted),
        failed_rows=len(rows),
        places=_places(frame, rows),
    )


def checks_of(domain: str, checks: Sequence[Check]) -> dg.AssetChecksDefinition:
    """All checks of a domain, as one op: each process that imports Great Expectations pays seconds for it."""
    by_name = {(check.asset, check.name): check for check in checks}

    @dg.multi_asset_check(
        name=f"{domain}_checks",
        specs=[
            dg.AssetCheckSpec(
                name=check.name,
                asset=list(check.asset),
                description=check.description,
                blocking=check.level == "block",
                automation_condition=when_upstream_is_ready,
            )
            for check in checks
        ],
        can_subset=True,
        pool=WAREHOUSE_POOL,
        required_resource_keys={"hub"},
        description=f"Checks of behaviour: {domain.replace('_', ' ')}.",
    )
    def run(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        hub = context.resources.hub
        settings = hub.settings()
        hub.tell(f"Checking: {domain.replace('_', ' ')}")
        wanted = [by_name[tuple(key.asset_key.path), key.name] for key in context.selected_asset_check_keys]
        with warehouse.writing(settings.warehouse) as database:
            for check in wanted:
                verdict = evaluate(check, settings, database)
                _remember(database, domain, check, verdict)
                if check.control:
                    _remember_control(database, context.run.run_id, check, verdict)
                yield dg.AssetCheckResult(
                    asset_key=list(check.asset),
                    check_name=check.name,
                    passed=verdict.passed or check.level == "info",
                    severity=dg.AssetCheckSeverity.ERROR if check.level == "block" else dg.AssetCheckSeverity.WARN,
                    description=verdict.measured,
                    metadata={"measured": verdict.measured, "expected": verdict.expected, "failed_rows": verdict.failed_rows},
                )

    return run


@cache
def _great_expectations() -> tuple[Any, Any]:
    """The library's expectations, and what makes a batch of a frame.

    Once for this process: the import takes seconds, and the library writes down all that it knows anew for each batch that it makes.
    """
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    frames = context.data_sources.add_pandas("checks").add_dataframe_asset("rows")
    return gx.expectations, frames.add_batch_definition_whole_dataframe("rows")


def _raise_hidden(check: Check, result: Any) -> None:
    hidden = result.exception_info or {}
    for found in [hidden, *(each for each in hidden.values() if isinstance(each, dict))]:
        if found.get("raised_exception"):
            raise CheckBrokenError(f"check {check.name}: {result.expectation_config.type}: {found.get('exception_message')}")


def _failed_rows(result: Any, row_count: int) -> Sequence[int]:
    """Positions of the rows that break an expectation; all of them where it is about the table."""
    positions = (result.result or {}).get("unexpected_index_list")
    if positions is None:
        return range(row_count)
    return [row for row in positions if isinstance(row, int)]


def _told(frame: Any, rows: Sequence[int]) -> str:
    shown = ["; ".join(f"{name}={value}" for name, value in frame.iloc[row].items()) for row in rows[:_SHOWN_ROWS]]
    more = f" | and {len(rows) - _SHOWN_ROWS} more" if len(rows) > _SHOWN_ROWS else ""
    return f"{len(rows)} of {len(frame)} rows: {' | '.join(shown)}{more}" if rows else f"{len(frame)} rows"


def _places(frame: Any, rows: Sequence[int]) -> tuple[Place, ...]:
    """The failed rows by entity and period, where the query tells them."""
    found: dict[tuple[str | None, str | None], list[dict[str, str]]] = {}
    for row in rows:
        told = {name: str(value) for name, value in frame.iloc[row].items()}
        found.setdefault((told.get("entity_id"), (told.get("period_month") or "")[:10] or None), []).append(told)
    return tuple(
        Place(entity_id, period_month, len(those), json.dumps(those[:_SAMPLED_ROWS]))
        for (entity_id, period_month), those in found.items()
    )


def _expected(expectation: Any) -> str:
    told = expectation.configuration.kwargs
    return f"{expectation.expectation_type}({', '.join(f'{name}={value}' for name, value in told.items() if value is not None)})"


def _remember(database: warehouse.Database, domain: str, check: Check, verdict: Verdict) -> None:
    database.execute(
        "insert or replace into hub.check_results values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            f"{domain}.{'.'.join(check.asset)}.{check.name}",
            ".".join(check.asset),
            check.name,
            domain,
            _SEVERITY[check.level],
            check.level == "block",
            verdict.passed or check.level == "info",
            verdict.measured,
            verdict.expected,
            verdict.failed_rows,
            datetime.now(UTC).replace(tzinfo=None),
            check.description,
        ],
    )


def _remember_control(database: warehouse.Database, run_id: str, check: Check, verdict: Verdict) -> None:
    """A row for each place where the control found something, or one that says that it found nothing."""
    status = "passed" if verdict.passed else "noted" if check.level == "info" else "failed"
    now = datetime.now(UTC).replace(tzinfo=None)
    for place in verdict.places or (Place(None, None, 0, "[]"),):
        database.execute(
            """
            insert into hub.control_results
            select ?, ?, ?, ?, as_of_date, ?, ?::date, ?, ?, ?, ?, ?, ?, ? from hub.parameters
            """,
            [
                check.control,
                check.name,
                run_id,
                now,
                place.entity_id,
                place.period_month,
                check.level,
                verdict.measured,
                verdict.expected,
                check.tolerance,
                place.failed_rows,
                place.sample,
                status,
            ],
        )

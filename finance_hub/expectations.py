"""Great Expectations inside Dagster: a check is one query of the warehouse and what is expected of its rows.

The query does the arithmetic, exactly, and yields a small frame; amounts in it are whole numbers (``hundredths`` of a cent or counts),
since a frame of pandas turns decimals into floats. Great Expectations judges the frame. Exceptions that it hides in its results are
raised: a typo must not read as bad data.

All checks of a domain run in one op, and each leaves a row in ``hub.check_results``, which ``marts.data_quality`` shows.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import dagster as dg

from finance_hub import warehouse
from finance_hub.automation import WAREHOUSE_POOL, when_upstream_is_ready
from finance_hub.settings import Settings

Query = str | Callable[[Settings, warehouse.Database], str]
_SHOWN_ROWS = 3


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
    blocking: bool
    severity: dg.AssetCheckSeverity


@dataclass(frozen=True)
class Verdict:
    """What a check found: ``measured`` is a sentence, ``failed_rows`` how many rows break it."""

    passed: bool
    measured: str
    expected: str
    failed_rows: int


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
    blocking: bool = True,
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR,
) -> Check:
    """A check of ``asset``: ``expectations`` gets ``great_expectations.expectations`` and returns those that the rows must meet.

    A blocking check that fails stops publishing; others are shown and alerted.
    """
    return Check(tuple(asset), name, description, query, expectations, blocking, severity)


def evaluate(check: Check, settings: Settings, database: warehouse.Database) -> Verdict:
    """Run the query and judge its rows.

    Raises :class:`CheckBrokenError` where the query or an expectation cannot be evaluated.
    """
    expect, context = _great_expectations()
    query = check.query if isinstance(check.query, str) else check.query(settings, database)
    try:
        frame = database.execute(query).df()
    except Exception as trouble:
        raise CheckBrokenError(f"check {check.name}: its query failed: {trouble}") from trouble
    from great_expectations import ExpectationSuite

    wanted = list(check.expectations(expect))
    source = context.data_sources.add_or_update_pandas("checks")
    batch = source.add_dataframe_asset(check.name).add_batch_definition_whole_dataframe(check.name)
    result = batch.get_batch(batch_parameters={"dataframe": frame}).validate(
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
                blocking=check.blocking,
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
                yield dg.AssetCheckResult(
                    asset_key=list(check.asset),
                    check_name=check.name,
                    passed=verdict.passed,
                    severity=check.severity,
                    description=verdict.measured,
                    metadata={"measured": verdict.measured, "expected": verdict.expected, "failed_rows": verdict.failed_rows},
                )

    return run


@cache
def _great_expectations() -> tuple[Any, Any]:
    """The library and one context in memory for this process. Imported here, since the import takes seconds."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return gx.expectations, context


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
            "critical" if check.blocking else "warning",
            check.blocking,
            verdict.passed,
            verdict.measured,
            verdict.expected,
            verdict.failed_rows,
            datetime.now(UTC).replace(tzinfo=None),
            check.description,
        ],
    )

"""When things run by themselves, and how old they may get: named once, used everywhere."""

from __future__ import annotations

from datetime import timedelta

import dagster as dg

WAREHOUSE_POOL = "duckdb"
"""Whoever writes the warehouse, or needs it to stand still, holds this pool; `dagster.yaml` gives it one place."""

when_upstream_is_ready = (dg.AutomationCondition.eager() & dg.AutomationCondition.all_deps_blocking_checks_passed()).with_label(
    "when_upstream_is_ready"
)
"""Rebuild after anything upstream was loaded, unless a blocking check says that it must not be built upon."""

read_daily = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=26), warn_window=timedelta(hours=25))
"""Everything is fresh that was renewed within a day; the two hours are a late run's."""

ask_again = dg.RetryPolicy(max_retries=1, delay=5, jitter=dg.Jitter.PLUS_MINUS)
"""The HTTP client retries calls; this is for what outlasts its patience."""

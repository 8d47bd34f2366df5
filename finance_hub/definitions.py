"""The code location: everything in ``defs``, run by a few large processes."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

PRELOADED = ["dagster_dbt", "dlt", "pandas", "finance_hub.definitions"]


@dg.definitions
def defs() -> dg.Definitions:
    """Load the definitions: needs no credentials, no network and no warehouse."""
    side_by_side = {"max_concurrent": 4, "start_method": {"forkserver": {"preload_modules": PRELOADED}}}
    return dg.Definitions.merge(
        dg.load_from_defs_folder(path_within_project=Path(__file__).parent),
        dg.Definitions(executor=dg.multiprocess_executor.configured(side_by_side)),
    )

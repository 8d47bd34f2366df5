"""Many series, side by side in processes of their own where they are many enough to be worth it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from finance_hub.forecast.combining import Forecast, forecast
from finance_hub.forecast.reading import Series

_WORTH_IT = 60  # series: below, starting processes takes longer than they save
_AT_ONCE = 20


def forecast_all(
    series: Sequence[Series], horizon: int, progress: Callable[[int, int], None] = lambda _done, _of: None
) -> list[Forecast]:
    """Forecast each series, in their order; ``progress`` is told how many of how many are done."""
    batches = [series[at : at + _AT_ONCE] for at in range(0, len(series), _AT_ONCE)]
    found: list[Forecast] = []
    workers = min(os.cpu_count() or 1, len(batches))
    if len(series) < _WORTH_IT or workers == 1:
        for batch in batches:
            for each in batch:
                found.append(forecast(each.values, horizon))
                progress(len(found), len(series))
        return found
    # Spawned, not forked: whoever asks may hold threads and an open database.
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        for told in pool.map(_batch, batches, [horizon] * len(batches)):
            found += told
            progress(len(found), len(series))
    return found


def _batch(series: Sequence[Series], horizon: int) -> list[Forecast]:
    return [forecast(each.values, horizon) for each in series]

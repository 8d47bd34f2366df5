"""Attribution over many paths: seconds of each model, alone and with reading the table of touches, and all models at once.

Every touch is a row of its own, as a warehouse has them: a path for each journey, converting or not.

    python bench/attribution.py                        a million touches, 100,000 conversions, 15 channels
    python bench/attribution.py --channels 50          as many states as the exact Markov chain of order 2 usually has
"""

from __future__ import annotations

import argparse
import time
from datetime import datetime

import numpy as np
import pyarrow as pa
from peak_memory import peak_mb
from rich.console import Console
from rich.table import Table

from finance_hub import attribution
from finance_hub.attribution.shapley import MOST_CHANNELS

TOUCHES_A_PATH = 5


def touches(count: int, conversions: int, channels: int) -> pa.Table:
    """A table of about ``count`` touches in paths of one to nine, of which as many as asked for convert, with milestones and times."""
    chance = np.random.default_rng(1)
    paths = count // TOUCHES_A_PATH
    lengths = chance.integers(1, 2 * TOUCHES_A_PATH, paths)
    path = np.repeat(np.arange(paths), lengths)
    position = np.arange(len(path)) - np.repeat(np.cumsum(lengths) - lengths, lengths) + 1
    converts = (np.arange(paths) < conversions).astype(np.int64)
    cents = converts * chance.integers(100, 10**7, paths)

    def decimals(whole: np.ndarray) -> pa.Array:
        return pa.array(whole[path]).cast(pa.decimal128(38, 12))

    names = np.array([f"channel {number:02}" for number in range(channels - 1)] + ["direct"])
    seconds = chance.integers(0, 30 * 86400, len(path))
    return pa.table(
        {
            "path_id": path,
            "position": position,
            "channel": names[np.minimum(chance.geometric(3 / channels, len(path)) - 1, channels - 1)],
            "conversions": decimals(converts),
            "value": pa.array(cents[path].astype(float) / 100).cast(pa.decimal128(38, 2)).cast(pa.decimal128(38, 12)),
            "nulls": decimals(1 - converts),
            "is_lead_creation": position == 1 + np.repeat(lengths, lengths) // 3,
            "is_opportunity_creation": position == 1 + np.repeat(lengths, lengths) // 2,
            "touched_at": np.datetime64(datetime(2026, 1, 1), "s") + (position * 10**6 + seconds).astype("timedelta64[s]"),  # noqa: DTZ001
        }
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--touches", type=int, default=1_000_000, help="how many, about")
    parser.add_argument("--conversions", type=int, default=100_000, help="how many of the paths convert")
    parser.add_argument("--channels", type=int, default=15, help="how many channels")
    wanted = parser.parse_args()
    given = touches(wanted.touches, wanted.conversions, wanted.channels)
    models = [model for model in attribution.MODELS if model != "shapley" or wanted.channels <= MOST_CHANNELS]
    shown = Table("model", "s", "CPU s", title=f"{given.num_rows:,} touches, {wanted.conversions:,} conversions")
    for asked in (*([model] for model in models), models):
        began, worked = time.monotonic(), time.process_time()
        attribution.attribute(given, asked)
        name = asked[0] if len(asked) == 1 else "all at once"
        shown.add_row(name, f"{time.monotonic() - began:.2f}", f"{time.process_time() - worked:.2f}")
    Console().print(shown)
    Console().print(f"Largest memory: {peak_mb():,.0f} MB.")


if __name__ == "__main__":
    main()

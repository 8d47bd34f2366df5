"""Purchases that others have published figures about."""

from __future__ import annotations

import csv
from importlib.metadata import files

import numpy as np
from numpy.typing import NDArray


def cdnow(name: str) -> NDArray[np.float64]:
    """A summary of CDNOW's 2,357 customers by weeks: frequency, recency, age and, in the one with transactions, average spend.

    The package that carries the data is not imported: it needs a setuptools that no longer is.
    """
    (found,) = [file for file in files("lifetimes") or () if file.name == name]
    with found.locate().open(encoding="utf-8") as lines:
        _, *rows = csv.reader(lines)
    return np.array(rows, dtype=np.float64)[:, 1:].T

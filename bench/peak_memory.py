"""The largest memory that this process has had."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")
_MEGABYTE = 1 << 20


def peak_mb() -> float:
    """In megabytes, since this program began.

    Linux's ``ru_maxrss`` has in it what the parent had when it started this process: under a test run, the test run's own. The status
    of a process tells its own; where there is none (macOS), ``ru_maxrss`` counts bytes.
    """
    if _STATUS.exists():
        line = next(each for each in _STATUS.read_text().splitlines() if each.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024 / _MEGABYTE
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest / _MEGABYTE if sys.platform == "darwin" else largest * 1024 / _MEGABYTE

"""One demo for all the tests that look at it: it takes minutes, and most of what the hub does can be seen in it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

HUB = str(Path(sys.executable).parent / "finance-hub")
AS_OF = "2026-06-30"
# What goes wrong in the simulated company, by the checks that tell it.
FLAWS = {
    "entries_are_made_in_time",
    "no_bill_is_entered_twice",
    "no_journal_is_posted_twice",
    "intercompany_agrees",
    "invoice_numbers_have_no_gaps",
}


@dataclass(frozen=True)
class Shown:
    """A demo: its home, and what it printed."""

    home: Path
    told: str


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Shown:
    """The demo, on a company a third of its size: run once, whichever process of the tests comes first. None may change it."""
    folder = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        folder = folder.parent
    home, told = folder / "demo" / "home", folder / "demo" / "told.txt"
    with FileLock(folder / "demo.lock"):
        if not told.exists():
            command = [HUB, "demo", "--home", str(home), "--scale", "0.35", "--as-of", AS_OF]
            ran = subprocess.run(command, capture_output=True, text=True, check=False)
            assert ran.returncode == 0, ran.stdout + ran.stderr
            told.write_text(ran.stdout)
    return Shown(home, told.read_text())


@pytest.fixture(scope="session")
def home(demo: Shown) -> Path:
    """A hub that has read the group and published."""
    return demo.home

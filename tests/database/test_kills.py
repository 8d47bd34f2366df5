"""Killed while it reads or loads, the next run makes everything right."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.database.conftest import DRIVERS, EXAMPLE, Hub
from tests.database.server import AS_OF, Server, fill
from tests.database.test_source import kept, posted, shown

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(600)]
ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tests" / "faults" / "killed.py"


def killed(hub: Hub, after: float) -> int:
    """Run in a process that is killed after some seconds; returns how it ended."""
    process = subprocess.Popen([sys.executable, str(SCRIPT), str(hub.home), "extract"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(after)
    process.kill()
    return process.wait()


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_run_that_is_killed_leaves_nothing_to_mend(erp: Server, meridian: Path, hub: Hub, driver: str) -> None:
    books = EXAMPLE.read_text()
    postings = books[books.index("[journal_lines]") : books.index("[documents]")]
    hub.connect(postings, erp=erp.settings(driver))
    assert killed(hub, 0.5) == -signal.SIGKILL
    hub.run("erp")
    assert shown(hub, "erp") == kept(meridian, AS_OF)
    assert hub.ask('select count(*), count(distinct line_key) from "database".journal_lines') == [(posted(meridian, AS_OF),) * 2]
    assert hub.run("erp") == {}


@pytest.mark.parametrize("driver", DRIVERS)
def test_nor_do_many_that_are_killed_while_the_books_go_on(
    erp: Server, own_erp: str, meridian: Path, hub: Hub, tmp_path: Path, driver: str
) -> None:
    hub.connect(erp=erp.settings(driver, database=own_erp))
    chance = random.Random(11)
    since = AS_OF
    endings = set()
    for day in (5, 10, 15, 20):
        for _ in range(3):
            endings.add(killed(hub, chance.uniform(0.0, 3.5)))
        until = f"2026-07-{day:02d} 23:59:59"
        fill(erp, meridian, until=until, since=since, database=own_erp)
        erp.sql(f"""delete from fibu."Buchung" where lfd_nr = {day};""", database=own_erp)
        since = until
    assert -signal.SIGKILL in endings
    hub.run("erp")
    gone = {str(key) for (key,) in hub.ask("""select row_key from "database".deleted_rows where is_deleted""")}
    ours = hub.raw("erp")
    ours["journal_lines"] = [row for row in ours["journal_lines"] if row[0] not in gone]
    undisturbed = Hub(tmp_path / "undisturbed").connect(erp=erp.settings(driver, database=own_erp))
    undisturbed.run("erp")
    theirs = undisturbed.raw("erp")
    assert [name for name in ours if ours[name] != theirs[name]] == []
    assert hub.run("erp") == {}

"""Every command of the README, run as it stands there."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

from sandbox.server import RunningSandbox
from tests.conftest import connect

ROOT = Path(__file__).parents[2]
COMMANDS = [
    line for block in re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL) for line in block.splitlines()
]


def test_the_make_targets_exist() -> None:
    targets = [command.split()[1] for command in COMMANDS if command.startswith("make ")]
    assert targets
    for target in targets:
        subprocess.run(["make", "--dry-run", target], cwd=ROOT, check=True, capture_output=True)


def test_the_commands_of_the_hub_work_in_the_order_given(sandbox: RunningSandbox, tmp_path: Path) -> None:
    commands = [shlex.split(command) for command in COMMANDS if command.startswith(".venv/bin/finance-hub")]
    assert len(commands) >= 6
    for arguments in commands:
        program = shutil.which("finance-hub") or str(ROOT / arguments[0])
        ran = subprocess.run([program, *arguments[1:]], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        if arguments[1] == "connections" and "check" not in arguments:
            connect(tmp_path / "my-hub", sandbox.url)
            toml = tmp_path / "my-hub" / "hub.toml"
            toml.write_text(toml.read_text().replace("[connections.books]", "[connections.uk_books]"))
    assert "revenue" in ran.stdout

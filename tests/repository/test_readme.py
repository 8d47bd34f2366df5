"""Every command of the README, run as it stands there."""

from __future__ import annotations

import os
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


def test_the_make_targets_run_what_the_makefile_says() -> None:
    """`make test` is what runs this; `make demo` and `make ui` run commands that have tests of their own."""
    targets = [command.split()[1] for command in COMMANDS if command.startswith("make ")]
    assert targets == ["demo", "test", "ui"]
    for target in targets:
        told = subprocess.run(["make", "--dry-run", target], cwd=ROOT, check=True, capture_output=True, text=True).stdout
        assert ("pytest" if target == "test" else f"finance-hub {target}") in told


def test_the_commands_of_the_hub_work_in_the_order_given(sandbox: RunningSandbox, tmp_path: Path) -> None:
    """Those that look around after the demo use the default home: here that of the hub that the others make."""
    commands = [shlex.split(command) for command in COMMANDS if command.startswith(".venv/bin/finance-hub")]
    commands.sort(key=lambda command: "--home" not in command)
    assert len(commands) >= 8
    printed = []
    for arguments in commands:
        program = shutil.which("finance-hub") or str(ROOT / arguments[0])
        environment = os.environ | ({} if "--home" in arguments else {"FINANCE_HUB_HOME": "my-hub"})
        ran = subprocess.run([program, *arguments[1:]], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, f"{arguments}: {ran.stdout}{ran.stderr}"
        printed.append(ran.stdout)
        if arguments[1] == "connections" and "check" not in arguments:
            connect(tmp_path / "my-hub", sandbox.url)
            toml = tmp_path / "my-hub" / "hub.toml"
            toml.write_text(toml.read_text().replace("[connections.books]", "[connections.uk_books]"))
    assert any("revenue" in text for text in printed)
    assert any("Served:" in text for text in printed)

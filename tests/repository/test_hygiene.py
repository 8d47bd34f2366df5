"""What must hold of the repository as a whole, whatever is built in it."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT_SUFFIXES = {".py", ".sql", ".yml", ".yaml", ".toml", ".md", ".csv", ".lock", ".cfg", ".txt", ""}


def tracked_files() -> list[Path]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return [ROOT / name for name in listing.split("\0") if name and (ROOT / name).is_file()]


def test_the_lock_pins_every_package_by_hash_and_names_no_index() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert not re.search(r"^\s*-{1,2}(i|index|extra-index|find-links|trusted-host)", lock, re.MULTILINE)
    assert "://" not in lock
    pins = re.split(r"^(?=\S)", lock, flags=re.MULTILINE)
    unpinned = [pin.splitlines()[0] for pin in pins if pin.strip() and ("==" not in pin or "--hash=sha256:" not in pin)]
    assert unpinned == []


def test_every_dependency_of_the_project_is_in_the_lock() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    lock = (ROOT / "requirements.lock").read_text().lower()
    names = [re.split(r"[<>=!\[;, ]", line, maxsplit=1)[0].lower() for line in wanted]
    assert [name for name in names if not re.search(rf"^{re.escape(name)}==", lock, re.MULTILINE)] == []


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("a path of one machine", r"(?<![\w.<>$}])/(home|root|work|Users)/\w"),
        ("a package registry's address", r"https?://[\w.-]*(pypi|pythonhosted|npmjs|debian)\.(org|com)"),
        ("a private key", r"BEGIN (RSA |EC |OPENSSH )?PRIVATE KEY"),
    ],
)
def test_no_file_holds(what: str, pattern: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked_files()
        if path.suffix in TEXT_SUFFIXES and path != Path(__file__)
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if re.search(pattern, line)
    ]
    assert found == [], f"{what} in {found}"


def test_no_file_has_grown_too_large_to_see_whole() -> None:
    sizes = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines())
        for path in tracked_files()
        if path.suffix in {".py", ".sql"}
    }
    assert {name: lines for name, lines in sizes.items() if lines > 600} == {}


def test_packages_import_only_in_the_allowed_direction() -> None:
    result = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout

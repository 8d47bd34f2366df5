"""The dbt project: its manifest, which is made when it is absent or old, and the command that runs it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock

PROJECT = Path(__file__).parents[1] / "dbt_project"
DBT = str(Path(sys.executable).with_name("dbt"))
_SHARED = PROJECT / "target"
_MANIFEST, _MARK, _PARSED = "manifest.json", "manifest.of", "partial_parse.msgpack"
_IGNORED = {"target", "logs"}
_VIEWS = ("--select", "config.materialized:view", "--indirect-selection", "empty")


class BuildError(Exception):
    """dbt could not start, or could not read the project."""


def environment(home: Path) -> dict[str, str]:
    """The variables that dbt runs with.

    It finds the warehouse under ``~``: for a path that differs from home to home it would parse the whole project anew in each.
    """
    return {"HOME": str(home.resolve()), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1"}


@contextlib.contextmanager
def as_environment_of(home: Path) -> Iterator[None]:
    """For a library that starts dbt with the environment of this process: that of a home, until it has started."""
    variables = environment(home)
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def manifest(home: Path) -> Path:
    """The manifest of the project as it is now, kept in the home: parsed when there is none, or a file of the project changed.

    Views are compiled in it (see :mod:`finance_hub.views`). Needs neither warehouse nor credentials. Raises :class:`BuildError` with
    dbt's own words.
    """
    folder = home / "dbt"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "manifest.lock"):
        fingerprint = _fingerprint()
        if not _holds(folder, fingerprint):
            if _holds(_SHARED, fingerprint):
                _copy(_SHARED, folder)
            else:
                run(home, folder, "compile", *_VIEWS, "--no-introspect", "--no-populate-cache")
                (folder / _MARK).write_text(fingerprint)
                with contextlib.suppress(OSError):  # an installed project may be read-only: each home parses for itself then
                    _copy(folder, _SHARED)
    return folder / _MANIFEST


def run(home: Path, target: Path, *arguments: str) -> str:
    """Run one command of dbt on the warehouse of a home; what it finds is written to ``target``, and returned what it says.

    Raises :class:`BuildError` with dbt's own words.
    """
    command = [DBT, "--quiet", "--no-use-colors", *arguments, "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
    command += ["--target-path", str(target), "--log-path", str(home / "logs")]
    ran = subprocess.run(command, env={**os.environ, **environment(home)}, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise BuildError(f"dbt cannot {arguments[0]} {PROJECT}: {(ran.stdout + ran.stderr).strip()[-2000:]}")
    return ran.stdout


def _holds(folder: Path, fingerprint: str) -> bool:
    """Whether a folder has the manifest of exactly these files."""
    mark = folder / _MARK
    return mark.is_file() and mark.read_text() == fingerprint and (folder / _MANIFEST).is_file()


def _copy(source: Path, target: Path) -> None:
    """Copy what parsing found, the mark last: whoever sees it finds the rest whole."""
    target.mkdir(exist_ok=True)
    (target / _MARK).unlink(missing_ok=True)
    for name in (_MANIFEST, _PARSED, _MARK):
        partial = target / f".{name}.{os.getpid()}"
        shutil.copyfile(source / name, partial)
        partial.replace(target / name)


def run_folder(home: Path) -> Path:
    """Where a build writes, with what parsing has found out already, so that it need not parse again."""
    folder = home / "dbt" / "run"
    folder.mkdir(parents=True, exist_ok=True)
    parsed, known = home / "dbt" / _PARSED, folder / _PARSED
    if parsed.is_file() and not (known.is_file() and known.stat().st_mtime >= parsed.stat().st_mtime):
        shutil.copyfile(parsed, known)
    return folder


def _fingerprint() -> str:
    """Digest of the project's files; nothing that a run writes belongs to it."""
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(PROJECT.rglob("*")):
        if path.is_file() and path.relative_to(PROJECT).parts[0] not in _IGNORED:
            digest.update(str(path.relative_to(PROJECT)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()

"""What BICC's manifests name: files of view objects, found in a store and verified against their checksums.

A manifest is one run of an extract: ``<view object>;<document id>;<md5>`` or ``<file>;<md5>`` a line, after a line with a key; of
the newer data extracts ``<file>;<document id>;<sha-256>``.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import re
import tomllib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path

from dlt_sources.files import Store
from dlt_sources.http import SourceError

log = logging.getLogger(__name__)
DATA, KEYS = "csv", "pecsv"
_MANIFEST = re.compile(r"(?i)(?:^|/)[^/]*manifest[^/]*\.mf$")
_STAMP = re.compile(r"(\d{8})_(\d{6})(?:_(\d{1,3}))?")
_DIGESTS = {16: "md5", 32: "sha256"}


@dataclass(frozen=True)
class View:
    """How a view object fills a table."""

    table: str
    prefixes: tuple[str, ...]
    columns: Mapping[str, str]
    derived: Mapping[str, tuple[str, ...]]

    def column(self, header: str, known: Mapping[str, str]) -> str | None:
        """The table's column for one of the file's; ``known`` are the table's own by their plain names."""
        plain = bare(header)
        for prefix in sorted([*self.prefixes, ""], key=len, reverse=True):
            rest = plain.removeprefix(prefix.lower())
            if plain.startswith(prefix.lower()) and (found := self.columns.get(rest, known.get(rest))):
                return found
        return None


def bare(name: str) -> str:
    """A name without case and punctuation."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


@cache
def views() -> dict[str, View]:
    """The view objects of ``views.toml`` by their plain names."""
    declared = tomllib.loads(files(__package__).joinpath("views.toml").read_text(encoding="utf-8"))
    return {
        bare(name): View(
            view["table"],
            tuple(view.get("prefixes", ())),
            {bare(column): target for column, target in view.get("columns", {}).items()},
            {target: tuple(sources) for target, sources in view.get("derived", {}).items()},
        )
        for view in declared["view"]
        for name in view["names"]
    }


@dataclass(frozen=True)
class Extracted:
    """One file of a manifest, found and verified."""

    name: str
    view: View
    kind: str
    member: str
    stamp: datetime
    sha256: str
    size: int


@dataclass
class Manifest:
    """A manifest and its files."""

    name: str
    digest: str
    files: list[Extracted] = field(default_factory=list)

    @property
    def moment(self) -> tuple[datetime, str]:
        """What manifests are ordered by: when the newest of its files was written."""
        return max((file.stamp for file in self.files), default=datetime.min.replace(tzinfo=UTC)), self.name


@dataclass(frozen=True)
class Listed:
    """A store's files, and the manifests among them."""

    names: list[str]
    manifests: list[Manifest]


def listed(store: Store) -> Listed:
    """What a store holds."""
    names = [file.name for file in store.files()]
    manifests = [
        Manifest(name, hashlib.sha256(store.fetch(name).read_bytes()).hexdigest()[:32]) for name in names if _MANIFEST.search(name)
    ]
    return Listed(names, manifests)


def opened(connection: str, store: Store, manifest: Manifest, names: list[str]) -> Manifest:
    """The manifest with the files that it names; all of them are there and as they were written."""
    text = store.fetch(manifest.name).read_text(encoding="utf-8-sig", errors="replace")
    digests: dict[str, dict[str, str]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        parts = [part.strip() for part in line.strip().strip(";").split(";")]
        if parts == [""] or (len(parts) == 1 and "=" in parts[0]):
            continue
        checksum = _checksum(parts[-1])
        if len(parts) == 1 or checksum is None:
            raise SourceError(
                f"Connection '{connection}': line {number} of {manifest.name} is not <name>;<document>;<checksum>; fetch it again."
            )
        name = _matching(store, manifest.name, parts, checksum, names, digests)
        if name is None:
            raise SourceError(
                f"Connection '{connection}': {manifest.name} names {parts[0]} with checksum {parts[-1]}, but no such file is there "
                "or it has another checksum; fetch it again. Nothing was loaded."
            )
        file = _described(connection, store, name, parts[0])
        if file is not None:
            manifest.files.append(file)
    return manifest


def _checksum(text: str) -> tuple[str, str] | None:
    """Algorithm and digest in hexadecimal of ``<md5>``, ``<sha-256>`` or ``sha-256=<base64 or hexadecimal>``."""
    value = re.sub(r"(?i)^(md5|sha-?256)=", "", text)
    if re.fullmatch(r"(?i)[0-9a-f]{32}|[0-9a-f]{64}", value):
        return _DIGESTS[len(value) // 2], value.lower()
    try:
        raw = base64.b64decode(value, validate=True)
    except ValueError:
        return None
    return (_DIGESTS[len(raw)], raw.hex()) if len(raw) in _DIGESTS else None


def _matching(
    store: Store, manifest: str, parts: list[str], checksum: tuple[str, str], names: list[str], digests: dict[str, dict[str, str]]
) -> str | None:
    """The file that a line means: by its name, its document id, or its view object; with the right checksum, nearest first."""
    folder = manifest.rpartition("/")[0]
    head = bare(parts[0].rpartition("/")[2].removesuffix(".zip"))

    def fits(name: str) -> bool:
        base = name.rpartition("/")[2]
        plain = bare(base)
        if parts[0].lower().endswith(".zip"):
            return base.lower() == parts[0].rpartition("/")[2].lower()
        return base.lower().endswith(".zip") and (plain.startswith((f"file{head}", head)) or parts[1] in base)

    for name in sorted(filter(fits, names), key=lambda each: (each.rpartition("/")[0] != folder, each)):
        if name not in digests:
            digests[name] = digests_of(store.fetch(name))
        if digests[name][checksum[0]] == checksum[1]:
            return name
    return None


def digests_of(path: Path) -> dict[str, str]:
    """MD5 and SHA-256 of a file, in hexadecimal."""
    sums = {"md5": hashlib.md5(usedforsecurity=False), "sha256": hashlib.sha256()}
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            for each in sums.values():
                each.update(chunk)
    return {name: each.hexdigest() for name, each in sums.items()}


def _described(connection: str, store: Store, name: str, told: str) -> Extracted | None:
    """What is inside of a file; None for metadata and for view objects that no table is made of."""
    path = store.fetch(name)
    try:
        with zipfile.ZipFile(path) as packed:
            members = [member for member in packed.namelist() if member.lower().endswith((f".{DATA}", f".{KEYS}"))]
    except (zipfile.BadZipFile, OSError) as trouble:
        raise damaged(connection, name, trouble) from trouble
    if not members:
        return None
    member = members[0]
    view = _view(told) or _view(name.rpartition("/")[2]) or _view(member)
    if view is None:
        log.warning("%s: no table is made of %s", connection, told)
        return None
    stamp = _stamp(member) or _stamp(name) or datetime.fromtimestamp(path.stat().st_mtime, UTC)
    kind = KEYS if member.lower().endswith(f".{KEYS}") else DATA
    return Extracted(name, view, kind, member, stamp, digests_of(path)["sha256"], path.stat().st_size)


def _view(name: str) -> View | None:
    """The view object of a name, or of a file's name that holds it; the longest where one holds another."""
    plain = bare(name)
    matches = [known for known in views() if known in plain]
    return views()[max(matches, key=len)] if matches else None


def _stamp(name: str) -> datetime | None:
    matches = _STAMP.findall(name)
    if not matches:
        return None
    day, moment, thousandths = matches[-1]
    try:
        return datetime.strptime(f"{day}{moment}{thousandths.zfill(3)}", "%Y%m%d%H%M%S%f").replace(tzinfo=UTC)
    except ValueError:
        return None


def damaged(connection: str, name: str, trouble: Exception) -> SourceError:
    """What to raise of a file that cannot be read."""
    return SourceError(
        f"Connection '{connection}': {name} is damaged ({type(trouble).__name__}); fetch it again. Nothing was loaded."
    )

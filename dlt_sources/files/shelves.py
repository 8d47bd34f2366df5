"""Files that are read whole: a folder on this machine, a web server that lists a folder as JSON, or a bucket of an object store."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

import msgspec
import zstandard

from dlt_sources.connection import Connection
from dlt_sources.files.stores import Bucket, Folder, Found, Store
from dlt_sources.http import ApiClient, Auth, MalformedReply, NoAuth, Policy, RateLimit, Reply, Request, SourceError, StaticToken

_PACKED = (".gz", ".zst")
_BUCKET = re.compile(r"/n/[^/]+/b/[^/]+/o/?$")

Wanted = Callable[[str], bool]
"""Whether a file is one to read, by its name."""


class FileSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keys of a connection to files: ``path``, a file or a folder, or ``base_url``, a listed folder or a bucket, with a token if need be."""

    path: str = ""
    base_url: str | None = None
    access_token: str = ""

    def __post_init__(self) -> None:
        if bool(self.path) == bool(self.base_url):
            raise ValueError("set path, a file or a folder, or base_url, a folder that a web server lists, or a bucket; not both")


class Shelf(Protocol):
    """A place with files."""

    place: str

    def files(self) -> list[Found]:
        """The files that are wanted, in the order of their names."""

    def read(self, file: Found) -> bytes:
        """A file's content, unpacked."""


@contextmanager
def open_shelf(connection: Connection[Any], wanted: Wanted) -> Iterator[Shelf]:
    """The place that the settings name, with the files that are ``wanted``."""
    settings: FileSettings = connection.settings
    if settings.base_url is None:
        yield open_path(connection, settings.path, wanted)
        return
    if _BUCKET.search(urlsplit(settings.base_url).path):
        yield _Kept(connection.name, "the bucket", Bucket(connection.name, settings.base_url, key="base_url"), wanted)
        return
    auth: Auth = StaticToken(settings.access_token) if settings.access_token else NoAuth()
    policy = Policy(limits=(RateLimit(50, 1.0),), read_timeout=300.0)
    with ApiClient(connection.name, settings.base_url, auth, policy, pacer=connection.pacer(policy.limits)) as api:
        yield _Server(api, wanted)


def open_path(connection: Connection[Any], path: str, wanted: Wanted) -> Shelf:
    """A file or a folder on this machine; a relative one may lie beside the settings. Raises :class:`SourceError` where it is not there."""
    beside = connection.archive.parent / path
    root = (beside if beside.exists() else Path(path).expanduser()).resolve()
    if not root.exists():
        raise SourceError(f"Connection '{connection.name}': path '{path}' is not there.")
    if root.is_dir():
        return _Kept(connection.name, path, Folder(connection.name, root, key="path"), wanted)
    return _Kept(connection.name, path, Folder(connection.name, root.parent, key="path"), lambda name: name == root.name)


class _Kept:
    """A store's files, read whole."""

    def __init__(self, connection: str, place: str, store: Store, wanted: Wanted) -> None:
        self.place = place
        self._connection, self._store, self._wanted = connection, store, wanted

    def files(self) -> list[Found]:
        return [file for file in self._store.files() if self._wanted(file.name) and not _is_hidden(file.name)]

    def read(self, file: Found) -> bytes:
        content = self._store.fetch(file.name).read_bytes()
        self._store.release(file.name)
        try:
            return unpacked(file.name, content)
        except ValueError as trouble:
            raise SourceError(f"Connection '{self._connection}': {file.name} in {self.place} {trouble}.") from None


class _Entry(msgspec.Struct):
    name: str
    type: str = "file"
    mtime: str = ""
    size: int = 0


class _Server:
    def __init__(self, api: ApiClient, wanted: Wanted) -> None:
        self._api, self._wanted = api, wanted
        self.place = api.base_url.rstrip("/")
        self._single = urlsplit(self.place).path.rpartition("/")[2] if wanted(self.place) else ""

    def files(self) -> list[Found]:
        if self._single:  # a file by itself is asked for each time: nobody tells whether it has changed
            content = self._api.send(Request("GET", self.place), lambda reply: reply.body)
            return [Found(self._single, f"{len(content)} {zlib.crc32(content)}")]
        return sorted(self._listed(""), key=lambda file: file.name)

    def read(self, file: Found) -> bytes:
        return self._api.send(
            Request("GET", self.place if self._single else quote(file.name)), lambda reply: _unpacked(reply, file)
        )

    def _listed(self, folder: str) -> Iterator[Found]:
        entries = self._api.send(Request("GET", f"{self.place}/{quote(folder)}"), _entries)
        for entry in entries:
            if entry.type == "directory":
                yield from self._listed(f"{folder}{entry.name}/")
            elif self._wanted(entry.name) and not _is_hidden(entry.name):
                yield Found(f"{folder}{entry.name}", f"{entry.size} {entry.mtime}", entry.size, _seconds(entry.mtime))


def _entries(reply: Reply) -> list[_Entry]:
    try:
        return msgspec.json.decode(reply.body, type=list[_Entry])
    except msgspec.DecodeError:
        told = "is not a folder listed as JSON (a list of name, type, mtime, size); let the server list it so, or check base_url"
        raise MalformedReply(f"{reply.request} {told}.") from None


def _unpacked(reply: Reply, file: Found) -> bytes:
    content = reply.body
    if content[:1] == b"<":
        raise MalformedReply(f"{reply.request} is a page of HTML, not a file.")
    if len(content) < file.size:
        raise MalformedReply(f"{reply.request} has {len(content)} bytes of the {file.size} that the folder's list tells.")
    try:
        return unpacked(file.name, content)
    except ValueError as trouble:
        raise MalformedReply(f"{reply.request} {trouble}.") from None


def unpacked(name: str, content: bytes) -> bytes:
    """The content of a file by the ending of its name.

    Raises ValueError that says what is wrong, also where the end is missing.
    """
    if name.endswith(".gz"):
        try:
            return gzip.decompress(content)
        except (EOFError, gzip.BadGzipFile, zlib.error):
            raise ValueError("is no whole gzip file") from None
    return _frames(content) if name.endswith(".zst") else content


def _frames(content: bytes) -> bytes:
    """The content of a zstd file, frame by frame: each must have its end."""
    plain: list[bytes] = []
    rest = content
    while rest:
        unpack = zstandard.ZstdDecompressor().decompressobj()
        try:
            plain.append(unpack.decompress(rest))
        except zstandard.ZstdError:
            raise ValueError("is no whole zstd file") from None
        if not unpack.eof:
            raise ValueError("is no whole zstd file")
        rest = unpack.unused_data
    return b"".join(plain)


def bare(name: str) -> str:
    """A file's name in lower case, without the ending of what it is packed in."""
    lower = name.lower()
    return next((lower.removesuffix(end) for end in _PACKED if lower.endswith(end)), lower)


def _is_hidden(name: str) -> bool:
    """Whether a file is none of its own: those of editors and of copies under way."""
    return name.rpartition("/")[2].startswith((".", "~$"))


def _seconds(moment: str) -> float:
    try:
        return parsedate_to_datetime(moment).timestamp()
    except ValueError:
        return 0.0

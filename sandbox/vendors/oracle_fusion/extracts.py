"""What the BI Cloud Connector would write: zipped CSV files of view objects, keys of all their rows, and a manifest.

Each extract is a folder of its own (``20260630_235959/``), as one run of a schedule leaves it.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
import zipfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from importlib.resources import files
from pathlib import Path

import duckdb
import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.vendors.tables import ShownTables
from sandbox.vendors.wire import VirtualClock

ROWS_A_FILE = 5000
BUCKET = "/n/meridian/b/bicc/o"
_HEAD = re.compile(r"^-- view: (\S+); ([^;]+); (\S+)$", re.MULTILINE)
_TEXT = files(__package__).joinpath("extracts.sql").read_text(encoding="utf-8")


@dataclass(frozen=True)
class View:
    """A view object: its query, primary key, and the column of the last change."""

    name: str
    key: tuple[str, ...]
    changed: str | None
    sql: str


def _views() -> Iterator[View]:
    heads = list(_HEAD.finditer(_TEXT))
    for number, head in enumerate(heads):
        end = heads[number + 1].start() if number + 1 < len(heads) else len(_TEXT)
        key = tuple(part.strip() for part in head[2].split(","))
        yield View(head[1], key, None if head[3] == "-" else head[3], _TEXT[head.end() : end].strip().rstrip(";"))


VIEWS = tuple(_views())


def write_extract(
    tables: ShownTables,
    folder: Path,
    *,
    at: datetime,
    since: datetime | None = None,
    keys: bool = False,
    only: Collection[str] = (),
    style: str = "ucm",
) -> Path:
    """Write an extract as the books stand, and return its manifest.

    ``since``: only rows changed after that moment (lists that do not tell stay whole). ``keys``: the primary keys of all rows too.
    ``only`` names view objects by the last part of their names; all where it is empty.
    ``style`` of the manifest: ``ucm`` (view object; document id; md5), ``object_storage`` (file name; md5), or ``data_extract`` (file
    name; document id; sha-256, chunks numbered).
    """
    stamp = f"{at:%Y%m%d_%H%M%S}"
    place = folder / stamp
    place.mkdir(parents=True)
    lines = ["PLV_KEY=FUSION_10_0"] if style != "data_extract" else []
    document = int(hashlib.md5(stamp.encode(), usedforsecurity=False).hexdigest()[:6], 16)
    with tables.cursor() as cursor:
        for view in VIEWS:
            if only and view.name.rpartition(".")[2] not in only:
                continue
            for kind in ("csv", "pecsv") if keys else ("csv",):
                for number, rows in enumerate(_written(cursor, view, kind, since), 1):
                    document += 1
                    plain = re.sub(r"\W", "_", view.name.lower())
                    stem = f"file_{plain}-batch{document}{number}-{stamp}_{number:03d}"
                    name = (
                        f"{plain}_{stamp}{'_keys' if kind == 'pecsv' else ''}_{number}.zip"
                        if style == "data_extract"
                        else f"{stem}.zip"
                    )
                    packed = place / name
                    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
                        archive.writestr(f"{stem}.{kind}", rows)
                    lines.append(_line(view.name, packed, document, style))
    manifest = place / (f"MANIFEST_EXTRACT_{stamp}-SCHEDULE_1_REQUEST_{document}.mf" if style == "data_extract" else "MANIFEST.MF")
    manifest.write_text("\n".join(lines) + "\n")
    return manifest


def _line(view: str, packed: Path, document: int, style: str) -> str:
    content = packed.read_bytes()
    if style == "data_extract":
        return f"{packed.name};{document};{hashlib.sha256(content).hexdigest()}"
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return f"{view};{document};{md5}" if style == "ucm" else f"{packed.name};{md5}"


def _written(cursor: duckdb.DuckDBPyConnection, view: View, kind: str, since: datetime | None) -> Iterator[bytes]:
    """The CSV files of a view object: values in quotes, numbers plain, moments with microseconds."""
    described = cursor.execute(f"describe {view.sql}").fetchall()
    wanted = [(name, sql_type) for name, sql_type, *_ in described if kind == "csv" or name in view.key]
    columns = ", ".join(_as_text(name, sql_type) for name, sql_type in wanted)
    where = "true"
    if since is not None and kind == "csv" and view.changed:
        where = f"{view.changed} > timestamp '{since.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}'"
    order = ", ".join(view.key)
    cursor.execute(
        f"create or replace temp table extracted as select {columns} from (select * from ({view.sql}) where {where} order by {order})"
    )
    count = (cursor.execute("select count(*) from extracted").fetchone() or (0,))[0]
    for first in range(0, max(count, 1), ROWS_A_FILE):
        with tempfile.NamedTemporaryFile(suffix=".csv") as file:
            cursor.execute(
                f"copy (select * from extracted limit {ROWS_A_FILE} offset {first}) to '{file.name}' (header, force_quote *)"
            )
            yield Path(file.name).read_bytes()


def _as_text(name: str, sql_type: str) -> str:
    if sql_type.startswith(("DECIMAL", "DOUBLE")):
        return f"case when {name} = trunc({name}) then trunc({name})::decimal(38, 0)::varchar else rtrim({name}::varchar, '0') end as {name}"
    if sql_type == "TIMESTAMP":
        return f"strftime({name}, '%Y-%m-%d %H:%M:%S.%f') as {name}"
    return f"{name}::varchar as {name}"


@dataclass
class ObjectStore:
    """A bucket that extracts are written to, served as Oracle's object store does; no credentials (a pre-authenticated address)."""

    tables: ShownTables
    clock: VirtualClock

    @cached_property
    def folder(self) -> Path:
        """Where the bucket's files lie; gone with the sandbox."""
        self._kept = tempfile.TemporaryDirectory(prefix="bicc-")
        return Path(self._kept.name)

    def routes(self) -> list[Route]:
        """The bucket, and the sandbox's own order to write an extract."""
        return [
            Route("/_sandbox/extract", self._extract, methods=["POST"]),
            Route(BUCKET, self._list),
            Route(f"{BUCKET}/", self._list),
            Route(f"{BUCKET}/{{name:path}}", self._object),
        ]

    async def _extract(self, request: Request) -> Response:
        """``{"since": "2026-06-01T00:00:00Z", "keys": true, "style": "object_storage"}``; answers with the manifest's name."""
        order = msgspec.json.decode(await request.body() or b"{}", type=_Order)
        at = self.clock.now()
        manifest = write_extract(self.tables, self.folder, at=at, since=order.since, keys=order.keys, style=order.style)
        return JSONResponse({"manifest": str(manifest.relative_to(self.folder)), "folder": str(self.folder)})

    def _list(self, request: Request) -> Response:
        names = sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file())
        prefix, start = request.query_params.get("prefix", ""), request.query_params.get("start", "")
        limit = min(int(request.query_params.get("limit", "1000")), 1000)
        found = [name for name in names if name.startswith(prefix) and name >= start]
        body: dict[str, object] = {"objects": [{"name": name} for name in found[:limit]], "prefixes": []}
        if len(found) > limit:
            body["nextStartWith"] = found[limit]
        return JSONResponse(body)

    def _object(self, request: Request) -> Response:
        path = (self.folder / request.path_params["name"]).resolve()
        if self.folder.resolve() not in path.parents or not path.is_file():
            return JSONResponse({"code": "ObjectNotFound", "message": "The object was not found."}, 404)
        content = path.read_bytes()
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", request.headers.get("range", ""))
        if asked is None:
            return Response(content, media_type="application/octet-stream")
        first, last = int(asked[1]), min(int(asked[2]), len(content) - 1)
        if first > last:
            return Response("", 416, {"Content-Range": f"bytes */{len(content)}"})
        headers = {"Content-Range": f"bytes {first}-{last}/{len(content)}"}
        return Response(content[first : last + 1], 206, headers, media_type="application/octet-stream")


class _Order(msgspec.Struct):
    since: datetime | None = None
    keys: bool = False
    style: str = "ucm"

"""The exported files: one for each site and month, to which events are added in the order in which they come."""

from __future__ import annotations

import csv
import gzip
import io
import threading
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import zstandard

from sandbox.database import in_memory
from sandbox.vendors.file_server import File

_EVENTS = files(__package__).joinpath("events.sql").read_text(encoding="utf-8")
_FORMATS = {"uk": "ndjson.zst", "bf": "csv", "jp": "ndjson"}
"""By site; the others are gzipped NDJSON."""
_COLUMNS = (
    "message_id", "type", "event", "anonymous_id", "user_id", "email", "timestamp", "received_at", "url", "referrer", "user_agent",
    "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content",
)  # fmt: skip
_STAMP = "strftime({}, '%Y-%m-%dT%H:%M:%S.%gZ')"
_ROW = f"""message_id, type, name, anonymous_id, user_id, email, {_STAMP.format("happened_at")}, {_STAMP.format("received_at")}, url, referrer, user_agent,
    utm_source, utm_medium, utm_campaign, null, null"""
_CAMPAIGN = "case when utm_campaign is not null then json_object('source', utm_source, 'medium', utm_medium, 'name', utm_campaign) else json_object() end"
_PAGE = "'url', url, 'path', regexp_extract(url, '^https?://[^/]+([^?]*)', 1), 'referrer', referrer, 'title', 'Meridian'"
_DOCUMENT = f"""json_object('messageId', message_id, 'type', type, 'event', name, 'userId', user_id, 'anonymousId', anonymous_id,
    'timestamp', {_STAMP.format("happened_at")}, 'receivedAt', {_STAMP.format("received_at")},
    'properties', case type when 'page' then json_object({_PAGE}) else json_object('form', form_name, 'email', email) end,
    'context', json_object('page', json_object({_PAGE}), 'campaign', {_CAMPAIGN}, 'userAgent', user_agent,
        'traits', case when email is null then json_object() else json_object('email', email) end, 'library', json_object('name', 'analytics.js')))::varchar"""


class EventStore:
    """An in-memory DuckDB with every event that the sites will ever have; those received by the horizon are exported."""

    def __init__(self, company: Path) -> None:
        self._db = in_memory()
        self._db.execute("set threads = 2")
        self._db.execute("attach '{}' as source (read_only)".format(str(company).replace("'", "''")))
        self.sites = dict(self._db.execute("select entity_id, name from source.company.entity order by entity_id").fetchall())
        self._lock = threading.Lock()
        self._made = False
        self._kept: dict[tuple[str, str, datetime], bytes] = {}
        self._horizon = datetime(1970, 1, 1)  # noqa: DTZ001 - as the company tells moments: UTC without offset

    def move(self, horizon: datetime) -> None:
        """Export what is received by ``horizon``."""
        self._horizon = horizon.astimezone(UTC).replace(tzinfo=None)

    def files(self, site: str) -> list[File]:
        """The files of a site, in order of time."""
        found = self._read(
            "select month, max(received_at) from delivered where site = ? and received_at <= ? group by month order by month",
            [site, self._horizon],
        )
        return [File(f"{month}.{_FORMATS.get(site, 'ndjson.gz')}", at.replace(tzinfo=UTC)) for month, at in found]

    def content(self, site: str, name: str) -> bytes | None:
        """The bytes of a file; None where there is none of this name."""
        file = next((file for file in self.files(site) if file.name == name), None)
        if file is None:
            return None
        key = (site, name, file.changed_at)
        if key not in self._kept:
            self._kept[key] = self._written(site, *name.split(".", 1))
        return self._kept[key]

    def _written(self, site: str, month: str, form: str) -> bytes:
        rows = self._read(
            f"""select {_ROW if form == "csv" else _DOCUMENT} from delivered
            where site = ? and month = ? and received_at <= ? order by received_at, message_id, delivery""",
            [site, month, self._horizon],
        )
        if form == "csv":
            text = io.StringIO()
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(_COLUMNS)
            writer.writerows(rows)
            return text.getvalue().encode()
        plain = "".join(f"{row[0]}\n" for row in rows).encode()
        if form == "ndjson.gz":
            return gzip.compress(plain, 6, mtime=0)
        return zstandard.ZstdCompressor(level=3).compress(plain) if form == "ndjson.zst" else plain

    def identifiers(self) -> dict[str, dict[str, str]]:
        """Kind of record -> id in the simulated company -> id in the export; nothing of it is on the wire."""
        kinds = {
            "person": "select person_id, user_id from visitor",
            "touch": "select key, message_id from event where origin = 'touch'",
        }
        return {kind: {str(key): str(value) for key, value in self._read(sql)} for kind, sql in kinds.items()}

    def _read(self, sql: str, values: list[object] | None = None) -> list[tuple[Any, ...]]:
        with self._lock:
            if not self._made:
                self._db.execute(_EVENTS)
                self._made = True
        with self._db.cursor() as cursor:
            rows: list[tuple[Any, ...]] = cursor.execute(sql, values or []).fetchall()
        return rows

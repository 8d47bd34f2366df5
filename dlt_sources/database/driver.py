"""What reading needs of a driver, and what all drivers share."""

from __future__ import annotations

import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

import pyarrow as pa

from dlt_sources.database.address import Address
from dlt_sources.database.trouble import explain
from dlt_sources.http import SourceError, redaction

ROOM = 500
_MOST_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Access:
    """How to open a database: the settings of a connection, checked, and those of its mapping."""

    connection: str
    address: Address
    username: str
    password: str = field(repr=False)
    package: str
    """What to install where the driver is missing."""
    jdbc_driver_class: str
    jdbc_jars: tuple[str, ...]
    batch_rows: int
    statement_timeout: int
    login_timeout: int
    time_zone: str
    quote: str
    session: tuple[str, ...]
    spool: Path
    """A folder on the disk, where the rows of a query wait to be taken in."""

    def __post_init__(self) -> None:
        redaction.register(self.password)

    def statements(self) -> list[str]:
        """What is run after connecting."""
        now = datetime.now(UTC).astimezone(ZoneInfo(self.time_zone))
        words = {
            "zone": self.time_zone,
            "offset": f"{now:%z}"[:3] + ":" + f"{now:%z}"[3:],
            "milliseconds": str(self.statement_timeout * 1000),
        }
        return [*(each.format(**words) for each in self.address.product.session), *self.session]

    def explain(self, told: str) -> SourceError:
        """A driver's complaint as one of the sources' own errors."""
        return explain(self.connection, self.address.product, told, package=self.package, secrets={self.password: "password"})


class TextTooLong(Exception):
    """A text does not fit the room that was made for each. ``size`` is its own, in bytes."""

    def __init__(self, size: int) -> None:
        super().__init__(f"a text of {size} bytes")
        self.size = size


class Database(ABC):
    """An open database. Columns come in types that ``records.columns`` can fit exactly: numbers with a scale as texts."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self.quote_sign = access.quote or access.address.product.quote
        self.text_size = ROOM
        """Room for a text of unknown length, in bytes, where a driver must know it before reading; it grows as texts need."""

    def quoted(self, name: str) -> str:
        """A name as the product writes names that are not plain words."""
        closing = {"[": "]"}.get(self.quote_sign, self.quote_sign)
        return f"{self.quote_sign}{name.replace(closing, closing * 2)}{closing}"

    @abstractmethod
    def describe(self, sql: str) -> pa.Schema:
        """The columns that a query gives, as the database types them. Raises :class:`SourceError`."""

    @abstractmethod
    def fetch(self, sql: str) -> Iterator[pa.RecordBatch]:
        """Run a query and give its rows as they come. Raises :class:`SourceError`."""

    @abstractmethod
    def recover(self) -> None:
        """Make the session usable again after a statement has failed."""

    @abstractmethod
    def close(self) -> None:
        """Leave the database."""

    def rows(self, sql: str) -> Iterator[pa.RecordBatch]:
        """The rows of a query, which is over before the first is given: the database does not wait for whoever takes them in."""
        yield from spooled(self.access.spool, self.access.batch_rows, lambda: self.fetch(sql))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_trouble: object) -> None:
        self.close()


def spooled(folder: Path, rows: int, batches: Callable[[], Iterator[pa.RecordBatch]]) -> Iterator[pa.RecordBatch]:
    """Write batches to a file without a name, then give them, small ones put together to about ``rows``.

    Each stands for itself: a column's type may differ among them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as file:
        count = 0
        for batch in _gathered(batches(), rows):
            with pa.ipc.new_stream(file, batch.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
                writer.write_batch(batch)
            count += 1
        file.seek(0)
        for _ in range(count):
            with pa.ipc.open_stream(file) as reader:
                yield from reader


def _gathered(batches: Iterator[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        if waiting and not batch.schema.equals(waiting[0].schema):
            yield _one(waiting)
            waiting = []
        waiting.append(batch)
        if sum(each.num_rows for each in waiting) > rows - batch.num_rows or sum(each.nbytes for each in waiting) > _MOST_BYTES:
            yield _one(waiting)
            waiting = []
    if waiting:
        yield _one(waiting)


def _one(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    return batches[0] if len(batches) == 1 else pa.concat_batches(batches)

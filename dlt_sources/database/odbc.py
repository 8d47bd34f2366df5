"""ODBC: any database with a driver in ``odbcinst.ini``, as Arrow batches.

The libraries are imported where a database is opened: whoever needs none need not have them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from dlt_sources.database.driver import Access, Database, TextTooLong
from dlt_sources.database.trouble import DriverMissing
from dlt_sources.http import SourceError

_BATCH_BYTES = 32 * 1024 * 1024
_BINARY = 16  # a mapped column is never binary; describing a table meets some
_LONGEST = 64 * 1024 * 1024
_TOO_LONG = re.compile(r"too large to be written into the allocated buffer.*?Some\((\d+)\)", re.DOTALL)


class Odbc(Database):
    """A database over ODBC."""

    def __init__(self, access: Access) -> None:
        super().__init__(access)
        try:
            import arrow_odbc
        except (ImportError, OSError):
            raise DriverMissing(
                f"{access.connection}: the ODBC library is missing: install the Debian package unixodbc and the Python package arrow-odbc."
            ) from None
        self._error: type[Exception] = arrow_odbc.Error
        try:
            self._connection: Any = arrow_odbc.connect(
                _with_reading(access),
                user=access.username or None,
                password=access.password or None,
                login_timeout_sec=access.login_timeout,
                autocommit=False,
            )
            for statement in access.statements():
                self._connection.execute(statement)
            self._connection.commit()
        except arrow_odbc.Error as trouble:
            raise self._explained(trouble) from None

    def describe(self, sql: str) -> pa.Schema:
        """The columns that a query gives."""
        try:
            return self._reader(sql, batch_rows=1).schema
        except self._error as trouble:
            raise self._explained(trouble) from None

    def fetch(self, sql: str) -> Iterator[pa.RecordBatch]:
        """Run a query and give its rows as they come."""
        try:
            yield from self._reader(sql, batch_rows=self.access.batch_rows)
            self._connection.commit()
        except self._error as trouble:
            if found := _TOO_LONG.search(str(trouble)):
                raise TextTooLong(int(found[1])) from None
            raise self._explained(trouble) from None

    def rows(self, sql: str) -> Iterator[pa.RecordBatch]:
        """The rows of a query. One with a text longer than there is room for is run again with more room."""
        while True:
            try:
                yield from super().rows(sql)
                return
            except TextTooLong as trouble:
                self.text_size = max(2 * trouble.size, 4 * self.text_size)
                if self.text_size > _LONGEST:
                    raise SourceError(
                        f"{self.access.connection}: a text of {trouble.size:,} bytes is too long: shorten it in the query."
                    ) from None
                self.recover()

    def recover(self) -> None:
        """Make the session usable again after a statement has failed."""
        try:
            self._connection.rollback()
        except self._error as trouble:
            raise self._explained(trouble) from None

    def close(self) -> None:
        """Leave the database: the connection ends with its last reference."""
        self._connection = None

    def _reader(self, sql: str, *, batch_rows: int) -> Any:
        return self._connection.read_arrow_batches(
            sql,
            batch_size=batch_rows,
            max_bytes_per_batch=_BATCH_BYTES,
            max_text_size=self.text_size,
            max_binary_size=_BINARY,
            map_schema=_exact if batch_rows > 1 else None,
            fetch_concurrently=False,
            query_timeout_sec=self.access.statement_timeout,
        )

    def _explained(self, trouble: Exception) -> SourceError:
        told = re.sub(r"^ODBC emitted an error calling '\w+':|Native error: -?\d+, Message:", "", str(trouble))
        return self.access.explain(told)


def _exact(schema: pa.Schema) -> pa.Schema:
    """Numbers with a scale as texts: drivers tell a scale even where a column has none, and digits would be lost."""
    return pa.schema([field.with_type(pa.string()) if pa.types.is_decimal(field.type) else field for field in schema])


def _with_reading(access: Access) -> str:
    """The connection string with the product's keywords for reading, except those that it names itself."""
    address = access.address
    more = {key: value for key, value in address.product.reading.items() if key.lower() not in address.options}
    return address.text + "".join(f"{key}={value.format(rows=access.batch_rows)};" for key, value in more.items())

"""JDBC: any database with a driver in a jar, as Arrow batches.

Cells cross from Java as texts, many rows at once, and become Arrow columns by the types that the driver tells: numbers with a scale
stay texts, which the intake reads exactly; moments with a time zone come as UTC, those without as they stand.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dlt_sources.database import jvm
from dlt_sources.database.driver import Access, Database
from dlt_sources.database.trouble import DriverMissing
from dlt_sources.http import SourceError

_CELLS = 200_000  # what crosses at once
_BIT, _BOOLEAN = -7, 16
_TYPES = {
    -6: pa.int64(),
    5: pa.int64(),
    4: pa.int64(),
    -5: pa.int64(),
    6: pa.float64(),
    7: pa.float64(),
    8: pa.float64(),
    91: pa.date32(),
}
_TYPES |= {_BIT: pa.bool_(), _BOOLEAN: pa.bool_(), -2: pa.binary(), -3: pa.binary(), -4: pa.binary(), 2004: pa.binary()}
_MOMENTS = {93, 2014}
_ZONED = ("timestamptz", "with time zone", "with local time zone", "datetimeoffset", "timestamp_tz", "timestamp_ltz")
_FIXED_SCALE = (2, 3)


class Jdbc(Database):
    """A database over JDBC."""

    def __init__(self, access: Access) -> None:
        super().__init__(access)
        self._jpype = jvm.start(access.connection, access.jdbc_jars)
        java = self._jpype.JClass
        try:
            driver = java(access.jdbc_driver_class)()
        except TypeError:
            raise DriverMissing(
                f"{access.connection}: the class {access.jdbc_driver_class} is in none of jdbc_jars: install {access.package}."
            ) from None
        if not isinstance(driver, java("java.sql.Driver")):
            raise DriverMissing(f"{access.connection}: {access.jdbc_driver_class} is no JDBC driver: check jdbc_driver_class.")
        properties = java("java.util.Properties")()
        given = {"user": access.username, "password": access.password, **access.address.product.jdbc_reading}
        for key, value in given.items():
            if value:
                properties.setProperty(key, value)
        java("java.sql.DriverManager").setLoginTimeout(access.login_timeout)
        self._connection: Any = self._try(lambda: driver.connect(access.address.text, properties))
        if self._connection is None:
            raise DriverMissing(f"{access.connection}: {access.jdbc_driver_class} does not know such a connection_string.")
        self._try(self._open_session)

    def describe(self, sql: str) -> pa.Schema:
        """The columns that a query gives."""

        def types() -> pa.Schema:
            statement = self._connection.createStatement()
            try:
                return self._schema(statement.executeQuery(sql).getMetaData())
            finally:
                statement.close()

        schema: pa.Schema = self._try(types)
        return schema

    def fetch(self, sql: str) -> Iterator[pa.RecordBatch]:
        """Run a query and give its rows as they come."""
        statement = self._try(self._connection.createStatement)
        try:
            self._try(lambda: statement.setFetchSize(self.access.batch_rows))
            self._try(lambda: statement.setQueryTimeout(self.access.statement_timeout))
            results = self._try(lambda: statement.executeQuery(sql))
            schema = self._schema(results.getMetaData())
            rows = max(1, min(self.access.batch_rows, _CELLS // len(schema)))
            loop = jvm.CellLoop(self._jpype, [_getter(field) for field in schema], rows)
            while True:
                count, text = self._try(lambda: loop.run(results))
                if count:
                    yield self._batch(schema, count, text)
                if count < rows:
                    break
            self._try(self._connection.commit)
        finally:
            self._try(statement.close)

    def recover(self) -> None:
        """Make the session usable again after a statement has failed."""
        self._try(self._connection.rollback)

    def close(self) -> None:
        """Leave the database."""
        self._try(self._connection.close)

    def _open_session(self) -> None:
        self._connection.setReadOnly(True)
        self._connection.setAutoCommit(False)
        statement = self._connection.createStatement()
        for each in self.access.statements():
            statement.execute(each)
        statement.close()
        self._connection.commit()

    def _schema(self, told: Any) -> pa.Schema:
        fields = []
        for number in range(1, told.getColumnCount() + 1):
            sort, name = int(told.getColumnType(number)), str(told.getColumnTypeName(number)).lower()
            kind = _TYPES.get(sort, pa.string())
            if sort in _MOMENTS:
                kind = pa.timestamp("us", "UTC" if any(word in name for word in _ZONED) else None)
            elif sort in _FIXED_SCALE and int(told.getScale(number)) == 0 and 0 < int(told.getPrecision(number)) <= 38:
                kind = pa.decimal128(int(told.getPrecision(number)), 0)
            fields.append(pa.field(str(told.getColumnLabel(number)), kind))
        return pa.schema(fields)

    def _batch(self, schema: pa.Schema, count: int, text: str) -> pa.RecordBatch:
        width = len(schema)
        cells = pc.split_pattern(pa.array([text]), jvm.END).values
        if len(cells) != count * width + 1:
            raise SourceError(
                f"{self.access.connection}: a text holds the character U+FDD0, which no text may: take it out in the query."
            )
        columns = []
        for at, field in enumerate(schema):
            column = cells.take(pa.array(np.arange(at, count * width, width)))
            columns.append(_typed(pc.if_else(pc.equal(column, jvm.ABSENT), pa.scalar(None, pa.string()), column), field.type))
        return pa.record_batch(columns, names=schema.names)

    def _try(self, call: Any) -> Any:
        """Call Java; what it throws becomes one of the sources' own errors."""
        try:
            return call()
        except self._jpype.JException as trouble:
            told: list[str] = []
            cause: Any = trouble
            while cause is not None and len(told) < 5:
                state = str(cause.getSQLState()) if hasattr(cause, "getSQLState") and cause.getSQLState() else ""
                told.append(f"{state} {cause.getClass().getSimpleName()}: {cause.getMessage()}".strip())
                cause = cause.getCause()
            raise self.access.explain(" / ".join(told)) from None


def _getter(field: pa.Field) -> tuple[str, str]:
    """How a cell is read in Java: moments by a method of their own, which writes them alike for every driver."""
    if pa.types.is_timestamp(field.type):
        return "getTimestamp", "java.sql.Timestamp"
    return "getString", "java.lang.String"


def _typed(texts: pa.Array, kind: pa.DataType) -> pa.Array:
    """The column in its type, or as the texts themselves where one is odd: the intake then says which and why."""
    try:
        if pa.types.is_integer(kind) or pa.types.is_date(kind):
            return texts.cast(kind)
        if pa.types.is_timestamp(kind):
            return pc.utf8_slice_codeunits(texts, 0, 26).cast(pa.timestamp("us")).cast(kind)
        if pa.types.is_boolean(kind):
            at = pc.index_in(pc.utf8_lower(texts), pa.array(["f", "false", "0", "t", "true", "1"]))
            return pc.greater_equal(at, 3) if at.null_count == texts.null_count else texts
        if pa.types.is_floating(kind):
            return texts.cast(kind)
    except pa.ArrowInvalid:
        pass
    return texts

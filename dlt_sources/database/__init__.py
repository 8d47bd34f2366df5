"""Any database over ODBC or JDBC: a general ledger, as a mapping file reads it from tables or queries.

Read only, and only from servers whose certificate is verified. See the README for what a mapping says and how changes are found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

from dlt_sources.assembly import State, assemble
from dlt_sources.connection import Connection, Finding, Unavailable
from dlt_sources.database import records
from dlt_sources.database.address import Address, read_jdbc, read_odbc, require_verification
from dlt_sources.database.mapping import DatabaseMapping, MappingError, read_mapping
from dlt_sources.http import SourceError
from dlt_sources.records import Archive
from dlt_sources.records.intake import Endpoint

_ESSENTIAL = frozenset({"ledgers", "accounts", "journal_lines"})


class DatabaseSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keys of a database connection. Times are seconds.

    ``connection_string`` are ODBC keywords or a JDBC address, without credentials. ``mapping`` is a TOML file, and like
    ``jdbc_jars`` (several with colons between) relative to the home, else to the working directory.
    """

    driver: Literal["odbc", "jdbc"]
    connection_string: str
    mapping: str
    username: str = ""
    password: str = ""
    jdbc_driver_class: str = ""
    jdbc_jars: str = ""
    tls: Literal["verify", "off-for-loopback-only"] = "verify"
    batch_rows: int = 10_000
    statement_timeout: int = 3600
    login_timeout: int = 15

    def __post_init__(self) -> None:
        require_verification(self.address, self.driver, off_for_loopback=self.tls != "verify")
        if self.driver == "jdbc" and not (re.fullmatch(r"[\w$]+(\.[\w$]+)*", self.jdbc_driver_class) and self.jdbc_jars):
            raise ValueError("driver = 'jdbc' needs jdbc_driver_class, such as org.postgresql.Driver, and jdbc_jars")
        if min(self.batch_rows, self.statement_timeout, self.login_timeout) < 1:
            raise ValueError("batch_rows, statement_timeout and login_timeout must be at least 1")

    @property
    def address(self) -> Address:
        """The connection string, read."""
        return read_odbc(self.connection_string) if self.driver == "odbc" else read_jdbc(self.connection_string)

    def __repr__(self) -> str:
        return f"DatabaseSettings(driver={self.driver!r}, mapping={self.mapping!r}, username={self.username!r})"


def client(connection: Connection[DatabaseSettings], mapping: DatabaseMapping) -> Any:
    """An open :class:`Database`.

    Raises :class:`SourceError` with what is missing, wrong or out of reach.
    """
    from dlt_sources.database.driver import Access
    from dlt_sources.database.jdbc import Jdbc
    from dlt_sources.database.odbc import Odbc

    settings = connection.settings
    product = settings.address.product
    access = Access(
        connection=connection.name,
        address=settings.address,
        username=settings.username,
        password=settings.password,
        package=product.odbc_package if settings.driver == "odbc" else product.jdbc_package,
        jdbc_driver_class=settings.jdbc_driver_class,
        jdbc_jars=tuple(str(_placed(connection, jar)) for jar in settings.jdbc_jars.split(":") if jar),
        batch_rows=settings.batch_rows,
        statement_timeout=settings.statement_timeout,
        login_timeout=settings.login_timeout,
        time_zone=mapping.time_zone,
        quote=mapping.quote,
        session=mapping.session,
        spool=connection.archive / "database" / connection.name,
    )
    return Odbc(access) if settings.driver == "odbc" else Jdbc(access)


def source(connection: Connection[DatabaseSettings], unavailable: Unavailable | None = None) -> Any:
    """The dlt source: one resource per declared record; those that the mapping does not name stay empty."""
    mapping = read_mapping(_placed(connection, connection.settings.mapping))
    archive = Archive(connection.archive, "database", connection.name)

    def read(endpoint: Endpoint, state: State) -> Iterator[Any]:
        from dlt_sources.database.reading import Reading

        if endpoint.name in mapping.records:
            with client(connection, mapping) as database:
                reading = Reading(connection.name, database, endpoint, mapping.records[endpoint.name], mapping.time_zone)
                yield from reading.read(archive, state)

    return assemble("database", records.ENDPOINTS, read, essential=_ESSENTIAL, unavailable=unavailable)


def check(connection: Connection[DatabaseSettings]) -> list[Finding]:
    """Tell in plain words whether the driver, the server, the user's rights and the mapping are good."""
    try:
        mapping = read_mapping(_placed(connection, connection.settings.mapping))
    except MappingError as trouble:
        return [Finding(ok=False, subject="mapping", message=str(trouble))]
    findings = [Finding(ok=True, subject="mapping", message=f"readable ({len(mapping.records)} records)")]
    try:
        with client(connection, mapping) as database:
            findings.append(Finding(ok=True, subject="database", message=f"{connection.settings.address.product.title} answers"))
            findings.append(_rights(connection, database))
            mapped = [endpoint for endpoint in records.ENDPOINTS if endpoint.name in mapping.records]
            findings += [_try(connection, mapping, endpoint, database) for endpoint in mapped]
    except SourceError as trouble:
        findings.append(Finding(ok=False, subject="database", message=str(trouble)))
    return findings


def _try(connection: Connection[DatabaseSettings], mapping: DatabaseMapping, endpoint: Endpoint, database: Any) -> Finding:
    from dlt_sources.database.reading import Reading

    try:
        reading = Reading(connection.name, database, endpoint, mapping.records[endpoint.name], mapping.time_zone)
        rows = reading.first_row()
    except SourceError as trouble:
        database.recover()
        return Finding(ok=False, subject=endpoint.name, message=str(trouble))
    return Finding(ok=True, subject=endpoint.name, message="readable" if rows else "readable, but without a row")


def _rights(connection: Connection[DatabaseSettings], database: Any) -> Finding:
    """Whether the user may write, where the product can tell."""
    asked = connection.settings.address.product.writes
    if not asked:
        return Finding(ok=True, subject="rights", message="not asked of this product: see to it that the user may only read")
    try:
        writable = [row["what"] for batch in database.rows(asked) for row in batch.to_pylist()]
    except (SourceError, KeyError):
        database.recover()
        return Finding(ok=True, subject="rights", message="the database does not tell: see to it that the user may only read")
    if writable:
        more = f" and {len(writable) - 3} more" if len(writable) > 3 else ""
        told = f"the user may write ({', '.join(writable[:3])}{more}); give it read rights only"
        return Finding(ok=False, subject="rights", message=told)
    return Finding(ok=True, subject="rights", message="the user may only read")


def _placed(connection: Connection[DatabaseSettings], path: str) -> Path:
    """A file of the settings: beside them in the home, else from the working directory."""
    home = connection.archive.parent / path
    return home if home.exists() else Path(path).resolve()

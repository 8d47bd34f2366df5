"""Where a database is, which product it is, and whether the connection verifies who answers.

Connection strings are read before anything is opened: one that would talk to another machine without checking its certificate is
refused, as is one that holds credentials, which have settings of their own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_ODBC_PART = re.compile(r"\s*([^=;{}]+?)\s*=\s*(\{(?:[^}]|\}\})*\}|[^;]*?)\s*(?:;|$)")
_LOOPBACK = re.compile(r"^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$", re.IGNORECASE)
_CREDENTIALS = frozenset({"pwd", "password", "passwd", "passphrase", "uid", "user", "username", "user id"})
_HOSTS = ("server", "servername", "host", "hostname", "address", "addr", "data source", "pghost")
_TRUE = "true yes 1 on"


@dataclass(frozen=True)
class Product:
    """What the source knows of one database product.

    ``needs`` and ``refuses`` are option values by which the driver verifies the server's certificate, or does not. ``session`` are
    statements that open a session: moments in one time zone, nothing written, no statement for ever. ``writes`` lists what the
    user may write. ``reading`` and ``jdbc_reading`` are options by which large results are read exactly and piece by piece.
    """

    title: str
    odbc_name: str = ""
    jdbc_name: str = ""
    odbc_package: str = "the vendor's ODBC driver"
    jdbc_package: str = "the vendor's JDBC driver"
    odbc_needs: Mapping[str, str] = field(default_factory=dict)
    jdbc_needs: Mapping[str, str] = field(default_factory=dict)
    refuses: Mapping[str, str] = field(default_factory=dict)
    session: tuple[str, ...] = ()
    writes: str = ""
    reading: Mapping[str, str] = field(default_factory=dict)
    jdbc_reading: Mapping[str, str] = field(default_factory=dict)
    quote: str = '"'
    remote: bool = True


_GRANTS = """
    select table_schema || '.' || table_name as what from information_schema.tables
    where table_schema not in ('pg_catalog', 'information_schema')
      and has_table_privilege(quote_ident(table_schema) || '.' || quote_ident(table_name), 'insert, update, delete, truncate')
"""
_MYSQL_GRANTS = """
    select privilege_type as what from information_schema.user_privileges where privilege_type in ('INSERT', 'UPDATE', 'DELETE', 'DROP')
    union all select table_schema from information_schema.schema_privileges where privilege_type in ('INSERT', 'UPDATE', 'DELETE', 'DROP')
    union all select table_name from information_schema.table_privileges where privilege_type in ('INSERT', 'UPDATE', 'DELETE', 'DROP')
"""
_ORACLE_GRANTS = """
    select privilege as what from session_privs where privilege in ('INSERT ANY TABLE', 'UPDATE ANY TABLE', 'DELETE ANY TABLE')
    union all select table_name from user_tab_privs where grantee = user and privilege in ('INSERT', 'UPDATE', 'DELETE')
    union all select table_name from user_tables
"""
_MYSQL_SESSION = ("set time_zone = '{offset}'", "set session transaction read only")

PRODUCTS = (
    Product(
        "PostgreSQL",
        odbc_name="postgres|psqlodbc",
        jdbc_name="postgresql",
        odbc_package="the Debian package odbc-postgresql",
        jdbc_package="the Debian package libpostgresql-jdbc-java, in jdbc_jars /usr/share/java/postgresql.jar",
        odbc_needs={"sslmode": "verify-full"},
        jdbc_needs={"sslmode": "verify-full"},
        refuses={
            "ca": ".*",
            "pqopt": r"(.*\s)?(sslmode|host|hostaddr|service)\s*=.*",
            "sslfactory": ".*nonvalidating.*",
            "sslhostnameverifier": ".+",
        },
        session=(
            "set time zone '{zone}'",
            "set statement_timeout = {milliseconds}",
            "set session characteristics as transaction read only",
        ),
        writes=_GRANTS,
        # Numbers without a scale and texts without a length as they are, flags as flags, rows through a cursor of the server.
        reading={
            "NumericAs": "12",
            "MaxVarcharSize": "0",
            "MaxLongVarcharSize": "0",
            "BoolsAsChar": "0",
            "UseDeclareFetch": "1",
            "Fetch": "{rows}",
        },
    ),
    Product(
        "SQL Server",
        odbc_name="sql server|msodbcsql",
        jdbc_name="sqlserver",
        odbc_package="Microsoft's package msodbcsql18",
        odbc_needs={"encrypt": "yes mandatory strict true"},
        jdbc_needs={"encrypt": "true strict"},
        refuses={"trustservercertificate": "yes|true|1"},
        writes="select permission_name as what from fn_my_permissions(null, 'DATABASE') where permission_name in ('INSERT', 'UPDATE', 'DELETE', 'CONTROL')",
    ),
    Product(
        "MariaDB",
        odbc_name="mariadb|maodbc",
        jdbc_name="mariadb",
        odbc_package="the Debian package odbc-mariadb",
        jdbc_package="the Debian package libmariadb-java, in jdbc_jars /usr/share/java/mariadb-java-client.jar",
        odbc_needs={"sslverify": _TRUE, "forcetls": _TRUE},
        jdbc_needs={"sslmode": "verify-full"},
        refuses={"disablesslhostnameverification": "true|1", "trustservercertificate": "true|1"},
        session=_MYSQL_SESSION,
        writes=_MYSQL_GRANTS,
        quote="`",
    ),
    Product(
        "MySQL",
        odbc_name="mysql",
        jdbc_name="mysql",
        odbc_needs={"sslmode": "verify_identity"},
        jdbc_needs={"sslmode": "verify_identity"},
        session=_MYSQL_SESSION,
        writes=_MYSQL_GRANTS,
        reading={"NO_CACHE": "1", "FORWARD_CURSOR": "1"},
        jdbc_reading={"useCursorFetch": "true"},
        quote="`",
    ),
    Product(
        "Oracle Database",
        odbc_name="oracle",
        jdbc_name="oracle",
        odbc_package="Oracle's Instant Client with its ODBC package",
        jdbc_package="Oracle's ojdbc11.jar",
        odbc_needs={"protocol": "tcps", "ssl_server_dn_match": _TRUE},
        jdbc_needs={"protocol": "tcps", "ssl_server_dn_match": _TRUE},
        session=("alter session set time_zone = '{zone}'",),
        writes=_ORACLE_GRANTS,
    ),
    Product("Db2", odbc_name="db2", jdbc_name="db2", odbc_needs={"security": "ssl"}, jdbc_needs={"sslconnection": "true"}),
    Product(
        "SAP HANA",
        odbc_name="hdbodbc|hana",
        jdbc_name="sap",
        odbc_needs={"encrypt": _TRUE, "sslvalidatecertificate": _TRUE},
        jdbc_needs={"encrypt": _TRUE, "validatecertificate": _TRUE},
    ),
    Product("SQLite", odbc_name="sqlite", jdbc_name="sqlite", odbc_package="the Debian package libsqliteodbc", remote=False),
    Product("DuckDB", odbc_name="duckdb", jdbc_name="duckdb", remote=False),
)
UNKNOWN = Product(
    "this database",
    odbc_needs={"sslmode": "verify-full verify_identity"},
    jdbc_needs={"sslmode": "verify-full verify_identity"},
    refuses={"trustservercertificate": "yes|true|1"},
)
"""Any other: it must say in the one word that most drivers share that it verifies."""


@dataclass(frozen=True)
class Address:
    """A connection string, read: ``options`` by lower-case name, ``hosts`` as far as the string names any."""

    product: Product
    text: str = field(repr=False)
    hosts: tuple[str, ...]
    options: Mapping[str, str] = field(repr=False)

    @property
    def is_local(self) -> bool:
        """Whether it leads to this machine and nowhere else, as far as the string tells."""
        return not self.product.remote or (
            bool(self.hosts) and all(_LOOPBACK.match(host) or host.startswith("/") for host in self.hosts)
        )


def read_odbc(text: str) -> Address:
    """An ODBC connection string: ``Driver={PostgreSQL Unicode};Server=...;Database=...;SSLmode=verify-full``.

    Raises ValueError with a sentence.
    """
    options: dict[str, str] = {}
    position = 0
    for part in _ODBC_PART.finditer(text):
        if part.start() != position:
            break
        position = part.end()
        _add(options, part[1].lower(), part[2][1:-1].replace("}}", "}") if part[2].startswith("{") else part[2])
    if position != len(text) or not options:
        raise ValueError("connection_string must be keywords and values such as Driver={PostgreSQL Unicode};Server=erp.example.com")
    if not {"driver", "dsn", "filedsn"} & options.keys():
        raise ValueError("connection_string names neither a Driver nor a DSN")
    product = _product(options.get("driver", "").lower(), "odbc_name")
    hosts = [host for key in _HOSTS if key in options for host in _named_hosts(options[key], product)]
    if re.search(r"\b(host|hostaddr|service)\s*=", options.get("pqopt", "")):
        hosts.append(options["pqopt"])
    _look_for_tcps(text, options, hosts)
    # Without the last semicolon the driver manager's credentials would become part of the last value.
    return Address(product, text.rstrip("; ") + ";", tuple(hosts), options)


def read_jdbc(text: str) -> Address:
    """A JDBC address: ``jdbc:postgresql://erp.example.com/fibu?sslmode=verify-full``.

    Raises ValueError with a sentence.
    """
    head = re.match(r"^jdbc:(\w+):", text)
    if not head:
        raise ValueError(
            "connection_string must be a JDBC address such as jdbc:postgresql://erp.example.com/fibu?sslmode=verify-full"
        )
    options: dict[str, str] = {}
    for key, value in re.findall(r"[?&;(]\s*([\w.]+)\s*=\s*([^&;()]*)", text):
        _add(options, key.lower(), value.strip())
    authority = re.search(r"//([^/?;]*)", text)
    if authority and "@" in authority[1]:
        raise ValueError("connection_string holds credentials; set them as username and password")
    hosts = [re.sub(r"(?<!:)(\\.*|:\d*)$", "", host) for host in authority[1].split(",")] if authority and authority[1] else []
    hosts += [options[key] for key in _HOSTS if key in options]
    _look_for_tcps(text, options, hosts)
    return Address(_product(head[1].lower(), "jdbc_name"), text, tuple(hosts), options)


def require_verification(address: Address, driver: str, *, off_for_loopback: bool) -> None:
    """Refuse a connection that would not verify the server's certificate.

    Raises ValueError with a sentence that names what to set.
    """
    product = address.product
    if not product.remote or (off_for_loopback and address.is_local):
        return
    needs = product.odbc_needs if driver == "odbc" else product.jdbc_needs
    missing = [
        f"{key}={allowed.split()[0]}"
        for key, allowed in needs.items()
        if address.options.get(key, "").lower() not in allowed.split()
    ]
    weak = [
        key
        for key, value in product.refuses.items()
        if key in address.options and re.fullmatch(value, address.options[key], re.IGNORECASE)
    ]
    if missing or weak:
        told = f"set {' and '.join(missing)}" if missing else f"take out {' and '.join(weak)}"
        allowance = "" if off_for_loopback else "; on this machine alone, tls = 'off-for-loopback-only' allows that"
        raise ValueError(f"connection_string does not verify the server's certificate: {told}{allowance}")


def _add(options: dict[str, str], key: str, value: str) -> None:
    if key in _CREDENTIALS:
        raise ValueError(f"connection_string holds '{key}'; set credentials as username and password")
    if key in options and key not in {"host", "port", "protocol"}:
        raise ValueError(f"connection_string names '{key}' twice")
    options[key] = value


def _named_hosts(value: str, product: Product) -> list[str]:
    """Drivers of PostgreSQL try several hosts in turn; SQL Server has its port behind the comma."""
    return [re.sub(r"^tcp:|[,\\].*$", "", value)] if product.title == "SQL Server" else value.split(",")


def _look_for_tcps(text: str, options: dict[str, str], hosts: list[str]) -> None:
    """Oracle's descriptors: the protocol and the hosts stand inside a value."""
    found = re.findall(r"protocol\s*=\s*(\w+)", text, re.IGNORECASE) or re.findall(r"\b(tcps?)://", text, re.IGNORECASE)
    if found:
        options["protocol"] = "tcps" if all(each.lower() == "tcps" for each in found) else "tcp"
    hosts += [host.strip() for host in re.findall(r"host\s*=\s*([^)\s]+)\)", text, re.IGNORECASE)]
    if match := re.search(r"ssl_server_dn_match\s*=\s*(\w+)", text, re.IGNORECASE):
        options["ssl_server_dn_match"] = match[1]


def _product(named: str, by: str) -> Product:
    return next((product for product in PRODUCTS if (names := getattr(product, by)) and re.search(names, named)), UNKNOWN)

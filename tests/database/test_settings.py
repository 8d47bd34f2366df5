"""Settings and mappings are checked before anything is opened: no database is needed to tell what is wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dlt_sources.database.mapping import MappingError, read_mapping
from finance_hub.settings import SettingsError, load

EXAMPLE = Path(__file__).parents[2] / "dlt_sources" / "database" / "example.toml"
PG = "Driver={PostgreSQL Unicode};Server=erp.example.com;"
JDBC = "jdbc:postgresql://erp.example.com/fibu?"


def configure(home: Path, text: str, *, loopback: bool = False) -> None:
    """Load settings with one connection string."""
    driver = "jdbc" if text.startswith("jdbc:") else "odbc"
    lines = ["[connections.erp]", 'system = "database"', 'entity = "Any"', f"driver = '{driver}'", f"connection_string = '{text}'"]
    lines += ["mapping = 'mapping.toml'", "jdbc_driver_class = 'org.any.Driver'", "jdbc_jars = 'any.jar'"]
    lines += ["tls = 'off-for-loopback-only'"] if loopback else []
    (home / "hub.toml").write_text("\n".join(lines))
    load(home, {"FINANCE_HUB_CONNECTIONS__ERP__PASSWORD": "secret-1", "FINANCE_HUB_CONNECTIONS__ERP__BATCH_ROWS": "500"})


@pytest.mark.parametrize(
    "text",
    [
        PG + "SSLmode=verify-full",
        PG + "SSLmode=verify-full;pqopt={sslrootcert=ca of the host.pem}",
        JDBC + "sslmode=verify-full&sslrootcert=ca.pem",
        "Driver={ODBC Driver 18 for SQL Server};Server=tcp:erp.example.com,1433;Database=x;Encrypt=yes;TrustServerCertificate=no",
        "jdbc:sqlserver://erp.example.com:1433;databaseName=x;encrypt=strict",
        "Driver={MariaDB Unicode};Server=erp.example.com;SSLVERIFY=1;FORCETLS=1",
        "jdbc:mariadb://erp.example.com/x?sslMode=verify-full",
        "jdbc:mysql://erp.example.com/x?sslMode=VERIFY_IDENTITY",
        "jdbc:oracle:thin:@tcps://erp.example.com:2484/x?ssl_server_dn_match=yes",
        "jdbc:oracle:thin:@(DESCRIPTION=(ADDRESS=(PROTOCOL=tcps)(HOST=erp.example.com)(PORT=2484))(SECURITY=(SSL_SERVER_DN_MATCH=on)))",
        "DSN=books;SSLmode=verify-full",
        "Driver=SQLite3;Database=/srv/books.db",
        "jdbc:sqlite:/srv/books.db",
    ],
)
def test_a_connection_that_verifies_the_server_is_good(tmp_path: Path, text: str) -> None:
    configure(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (PG, "set sslmode=verify-full"),
        (PG + "SSLmode=require", "set sslmode=verify-full"),
        (PG + "SSLmode=verify-full;CA=d", "take out ca"),
        (PG + "SSLmode=verify-full;pqopt={sslmode=disable}", "take out pqopt"),
        (PG + "SSLmode=verify-full;sslmode=disable", "names 'sslmode' twice"),
        (JDBC + "sslmode=verify-ca", "set sslmode=verify-full"),
        (JDBC + "sslmode=verify-full&sslfactory=org.postgresql.ssl.NonValidatingFactory", "take out sslfactory"),
        ("Driver={ODBC Driver 17 for SQL Server};Server=erp.example.com", "set encrypt=yes"),
        (
            "Driver={ODBC Driver 18 for SQL Server};Server=x;Encrypt=yes;TrustServerCertificate=yes",
            "take out trustservercertificate",
        ),
        ("jdbc:sqlserver://erp.example.com;encrypt=true;trustServerCertificate=true", "take out trustservercertificate"),
        ("jdbc:oracle:thin:@//erp.example.com:1521/x", "set protocol=tcps and ssl_server_dn_match=true"),
        ("DSN=books", "set sslmode=verify-full"),
        ("Driver={Nobody Knows};Server=erp.example.com", "set sslmode=verify-full"),
        (PG + "SSLmode=verify-full;PWD=secret-9", "holds 'pwd'; set credentials as username and password"),
        (JDBC + "sslmode=verify-full&password=secret-9", "holds 'password'"),
        ("jdbc:postgresql://me:secret-9@erp.example.com/x?sslmode=verify-full", "holds credentials"),
        ("Server=erp.example.com", "names neither a Driver nor a DSN"),
        ("nonsense", "must be keywords and values"),
        ("jdbc:", "must be a JDBC address"),
    ],
)
def test_one_that_does_not_is_refused_with_what_to_set(tmp_path: Path, text: str, told: str) -> None:
    for loopback in (False, True):
        with pytest.raises(SettingsError, match=told) as raised:
            configure(tmp_path, text, loopback=loopback)
        assert "secret-9" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("Driver={PostgreSQL Unicode};Server=127.0.0.1;Port=5432", True),
        ("Driver={PostgreSQL Unicode};Server=localhost;pqopt={host=erp.example.com}", False),
        ("Driver={PostgreSQL Unicode};Server=127.0.0.1,erp.example.com", False),
        ("Driver={PostgreSQL Unicode};Server=127.0.0.1.example.com", False),
        ("jdbc:postgresql://[::1]:5432/x", True),
        ("jdbc:postgresql://localhost/x?PGHOST=erp.example.com", False),
        ("jdbc:sqlserver://localhost:1433;encrypt=false", True),
        ("jdbc:sqlserver://localhost;serverName=erp.example.com;encrypt=false", False),
        ("jdbc:oracle:thin:@//localhost:1521/x", True),
        ("DSN=books", False),
    ],
)
def test_verification_may_be_off_for_this_machine_only(tmp_path: Path, text: str, good: bool) -> None:
    with pytest.raises(SettingsError, match="does not verify"):
        configure(tmp_path, text)
    if good:
        configure(tmp_path, text, loopback=True)
    else:
        with pytest.raises(SettingsError, match="does not verify"):
            configure(tmp_path, text, loopback=True)


def test_other_settings_are_told_as_sentences(tmp_path: Path) -> None:
    configure(tmp_path, JDBC + "sslmode=verify-full")
    good = (tmp_path / "hub.toml").read_text()
    for change, told in (
        (("org.any.Driver", ""), "needs jdbc_driver_class, such as org.postgresql.Driver, and jdbc_jars"),
        (("'jdbc'", "'ado'"), "Invalid enum value 'ado'"),
        (("mapping = 'mapping.toml'", "login_timeout = 0\nmapping = ''"), "must be at least 1"),
    ):
        (tmp_path / "hub.toml").write_text(good.replace(*change))
        with pytest.raises(SettingsError, match=told):
            load(tmp_path, {})


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("[ledgers]", "[ledger]"), r"\[ledger\] is not a record; known are ledgers, accounts"),
        (('table = "fibu.mandant"', ""), r"\[ledgers\] needs either 'table' or 'query'"),
        (('table = "fibu.mandant"', 'table = "fibu.mandant; drop table x"'), "'table' must be a name such as fibu.postings"),
        (("columns.ledger_id", "columns.company"), r"\[ledgers\] maps 'company', which it does not have; it has country, currency"),
        (('columns.posting_date = "buchungstag"', ""), r"\[journal_lines\] must map posting_date"),
        (('columns.debit = "soll"', ""), r"\[journal_lines\] must map amount"),
        (
            ('columns.currency = "waehrung"', 'columns.currency = "waehrung"\nconstants.currency = "EUR"'),
            "both a column and a constant",
        ),
        (("overlap = 10\nkeys", "overlap = -1\nkeys"), "'overlap' must not be negative"),
        (('time_zone = "UTC"', 'time_zone = "Berlin"'), "time_zone must be a zone such as Europe/Berlin, not 'Berlin'"),
        (('time_zone = "UTC"', "time_zone = 1"), "Expected `str`"),
        (("cursor =", "cursors ="), "unknown field `cursors`"),
        (("[ledgers]", "[ledgers"), "is not valid TOML"),
        (('ledger_id = "DE01"', "ledger_id = 'DE\\01'"), "must not hold a backslash"),
    ],
)
def test_a_wrong_mapping_is_one_sentence_that_names_it(tmp_path: Path, change: tuple[str, str], told: str) -> None:
    path = tmp_path / "mapping.toml"
    text = EXAMPLE.read_text()
    assert change[0] in text
    path.write_text(text.replace(change[0], change[1], 1))
    with pytest.raises(MappingError, match=told) as raised:
        read_mapping(path)
    assert str(path) in str(raised.value)


def test_a_mapping_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match=r"cannot be read: No such file.*set 'mapping' to a TOML file"):
        read_mapping(tmp_path / "none.toml")


def test_drivers_are_imported_only_where_a_database_is_opened() -> None:
    script = "import sys, dlt_sources.database; print(sorted({'arrow_odbc', 'jpype', 'dlt'} & sys.modules.keys()))"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"

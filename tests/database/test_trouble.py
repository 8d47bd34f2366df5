"""What goes wrong is told in one plain sentence that names what to mend, and never a secret."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.database.conftest import DRIVERS, EITHER, EXAMPLE, Hub
from tests.database.server import PASSWORDS, Server
from tests.database.test_rows import COLUMNS, lines

ROOT = Path(__file__).parents[2]
SMALL = '[ledgers]\ntable = "fibu.mandant"\ncolumns.ledger_id = "nr"\n'


def both(hub: Hub, settings: dict[str, str], told: str, mapping: str = SMALL) -> None:
    """Extraction and check say the same, with no secret in it."""
    hub.connect(mapping, erp=settings)
    found = hub.check("erp")
    found.pop("rights", None)
    assert len(found) == 1
    for sentence in (hub.trouble("erp"), *found.values()):
        assert re.search(told, sentence), sentence
        assert sentence.startswith("erp: ")
        assert "\n" not in sentence
        for password in (*PASSWORDS.values(), settings["password"]):
            assert password not in sentence


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_wrong_password(server: Server, hub: Hub, driver: str) -> None:
    both(hub, server.settings(driver) | {"password": "wrong-secret-2"}, "does not accept username and password")


@pytest.mark.parametrize("driver", DRIVERS)
def test_an_unknown_host(server: Server, hub: Hub, driver: str) -> None:
    both(hub, server.settings(driver, host="erp.invalid"), "no host of that name is known")


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_port_where_nobody_listens(server: Server, hub: Hub, driver: str) -> None:
    settings = server.settings(driver)
    text = settings["connection_string"].replace(f"Port={server.port}", "Port=1").replace(f":{server.port}/", ":1/")
    both(hub, settings | {"connection_string": text}, "cannot be reached")


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_certificate_of_another_authority(server: Server, hub: Hub, driver: str) -> None:
    both(hub, server.settings(driver, authority="other"), "certificate is not trusted")


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_certificate_of_another_host(server: Server, hub: Hub, driver: str) -> None:
    both(hub, server.settings(driver, host="127.0.0.1"), "certificate is not trusted")


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_database_that_does_not_exist(server: Server, hub: Hub, driver: str) -> None:
    both(hub, server.settings(driver, database="nowhere"), 'database "nowhere" does not exist')


@pytest.mark.parametrize("driver", EITHER)
@pytest.mark.parametrize(
    ("mapping", "told"),
    [
        (SMALL.replace("mandant", "mandanten"), "a table of the query does not exist: check the mapping.*mandanten"),
        (
            SMALL.replace('"nr"', '"nummer"'),
            "the mapping of ledgers names the column 'nummer', which is not there; there are nr, bezeichnung",
        ),
        (
            SMALL.replace('table = "fibu.mandant"', 'query = "select nonsense from fibu.mandant"'),
            "a column of the query does not exist",
        ),
        (SMALL.replace('table = "fibu.mandant"', 'query = "select nr frm fibu.mandant"'), "PostgreSQL says: .*syntax error"),
        (SMALL.replace('table = "fibu.mandant"', 'query = "select passwd as nr from pg_shadow"'), "the user may not read this"),
        (SMALL + 'cursor = "land"\n', "the cursor 'land' must be a moment, a date or a whole number"),
    ],
)
def test_a_mapping_that_does_not_fit_the_database(server: Server, hub: Hub, driver: str, mapping: str, told: str) -> None:
    mapping = mapping if mapping.endswith('"nr"\n') or "nummer" in mapping else mapping.replace("columns.", "columns.")
    lines_ = mapping.splitlines()
    ordered = [line for line in lines_ if not line.startswith("columns.")] + [
        line for line in lines_ if line.startswith("columns.")
    ]
    both(hub, server.settings(driver), told, "\n".join(ordered) + "\n")


@pytest.mark.parametrize("driver", EITHER)
@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (
            "amount double precision",
            "'amount' for amount is a binary floating point number, which is not exact: cast it to a decimal",
        ),
        ("amount bytea", "'amount' for amount cannot be made of the type"),
    ],
)
def test_a_column_that_could_never_be_exact(
    server: Server, hub: Hub, table: Callable[[str], str], driver: str, kind: str, told: str
) -> None:
    name = table(COLUMNS.replace("amount numeric(18, 2)", kind))
    both(hub, server.settings(driver), told, lines(name))


@pytest.mark.parametrize("driver", EITHER)
def test_a_query_that_writes_or_takes_too_long_is_stopped(
    server: Server, hub: Hub, table: Callable[[str], str], driver: str
) -> None:
    name = table("id int")
    server.sql(f"""grant insert on {name} to leser;
        create or replace function write_{name}() returns text language plpgsql as $$ begin insert into {name} values (1); return 'x'; end $$;""")
    writing = SMALL.replace('table = "fibu.mandant"', f'query = "select write_{name}() as nr"')
    both(hub, server.settings(driver), "tries to write, which the hub never does", writing)
    assert server.sql(f"select count(*) from {name}").strip() == "0"
    slow = SMALL.replace('table = "fibu.mandant"', 'query = "select pg_sleep(5)::text as nr"')
    both(hub, server.settings(driver) | {"statement_timeout": "1"}, "takes longer than statement_timeout", slow)


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_user_that_may_write_is_told_to_give_it_read_rights_only(erp: Server, hub: Hub, driver: str) -> None:
    hub.connect(reader=erp.settings(driver), writer=erp.settings(driver, user="schreiber"))
    assert hub.check("reader") == {}
    assert hub.check("writer") == {"rights": "the user may write (fibu.zahlung); give it read rights only"}


def test_a_driver_that_is_not_installed(server: Server, hub: Hub) -> None:
    settings = server.settings("odbc")
    other = settings["connection_string"].replace("PostgreSQL Unicode", "PostgreSQL Nowhere")
    both(hub, settings | {"connection_string": other}, "the driver is not installed: the Debian package odbc-postgresql")
    both(hub, server.settings("jdbc") | {"jdbc_jars": "nowhere.jar"}, "jdbc_jars names .*nowhere.jar, which is not there")
    both(hub, server.settings("jdbc") | {"jdbc_driver_class": "org.nowhere.Driver"}, "org.nowhere.Driver is in none of jdbc_jars")
    both(hub, server.settings("jdbc") | {"jdbc_driver_class": "java.lang.String"}, "java.lang.String is no JDBC driver")


def _alone(home: Path, **environment: str) -> str:
    """What a check says in a process of its own, with another environment."""
    script = (
        f"from finance_hub import ingestion, settings; found = settings.load(__import__('pathlib').Path({str(home)!r}), {{}})\n"
    )
    script += "print([finding.message for finding in ingestion.check(found, 'erp') if not finding.ok][0])"
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


def test_a_machine_without_the_odbc_library(server: Server, hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "libodbc.so.2").write_bytes(b"")
    hub.connect(SMALL, erp=server.settings("odbc"))
    assert "install the Debian package unixodbc" in _alone(hub.home, LD_LIBRARY_PATH=str(tmp_path))


def test_secrets_stand_in_no_file_that_runs_write(server: Server, hub: Hub) -> None:
    hub.connect(SMALL, **{driver: server.settings(driver) for driver in DRIVERS})
    for driver in DRIVERS:
        hub.run(driver)
    written: Iterator[Path] = (path for path in hub.home.rglob("*") if path.is_file() and path.name != "secrets.toml")
    assert [path for path in written if PASSWORDS["leser"].encode() in path.read_bytes()] == []
    assert PASSWORDS["leser"] not in repr(hub.settings().connections["odbc"].keys)


def test_the_example_is_what_a_check_reads(erp: Server, hub: Hub) -> None:
    hub.connect(EXAMPLE.read_text(), erp=erp.settings("odbc"))
    assert hub.check("erp") == {}

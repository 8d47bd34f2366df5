from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from finance_hub import ingestion, settings, warehouse
from tests.database.server import PASSWORDS, Server, fill, missing, running

EXAMPLE = Path(__file__).parents[2] / "dlt_sources" / "database" / "example.toml"
DRIVERS = ("odbc", "jdbc")
EITHER = ("odbc", pytest.param("jdbc", marks=pytest.mark.heavy))
"""For what both do alike behind the reading itself."""


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A server with the ERP's empty tables."""
    if lacking := missing():
        pytest.skip(f"a database and its drivers are needed: install the Debian packages {lacking}")
    with running() as started:
        sql = Path(__file__).with_name("erp.sql").read_text()
        started.sql(sql, reader=PASSWORDS["leser"], writer=PASSWORDS["schreiber"])
        yield started


@pytest.fixture(scope="session")
def erp(server: Server, meridian: Path) -> Server:
    """The ERP with the books of one company of the group."""
    fill(server, meridian)
    server.sql("select pg_terminate_backend(pid) from pg_stat_activity where datname = 'erp';", database="postgres")
    server.sql("create database books template erp;", database="postgres")
    return server


@pytest.fixture
def own_erp(erp: Server) -> Iterator[str]:
    """The name of a copy of the ERP that a test may change."""
    name = f"erp_{uuid.uuid4().hex[:8]}"
    erp.sql(f"create database {name} template books;", database="postgres")
    yield name
    erp.sql(f"drop database {name} with (force);", database="postgres")


class Hub:
    """A home that is connected to databases."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def connect(self, mapping: str = "", **connections: dict[str, str]) -> Hub:
        """Write the settings, secrets in their own file, and the mapping (the example by default)."""
        self.home.mkdir(parents=True, exist_ok=True)
        public, secret = ['as_of_date = "2026-06-30"'], []
        for name, keys in connections.items():
            public += [f"[connections.{name}]", *(f"{key} = '{value}'" for key, value in keys.items() if key != "password")]
            secret += [f"[connections.{name}]", f'password = "{keys["password"]}"'] if "password" in keys else []
        (self.home / "hub.toml").write_text("\n".join(public) + "\n")
        (self.home / "secrets.toml").write_text("\n".join(secret) + "\n")
        (self.home / "secrets.toml").chmod(0o600)
        (self.home / "mapping.toml").write_text(mapping or EXAMPLE.read_text())
        warehouse.prepare(self.settings())
        return self

    def settings(self) -> settings.Settings:
        return settings.load(self.home, {})

    def run(self, name: str) -> dict[str, int]:
        """Extract and load; returns rows by table."""
        found = self.settings()
        return ingestion.load(found, ingestion.extract(found, found.connections[name])).rows

    def trouble(self, name: str) -> str:
        """The sentence of an extraction that fails."""
        found = self.settings()
        with pytest.raises(Exception, match=r"\w") as raised:
            ingestion.extract(found, found.connections[name])
        return ingestion.cause(raised.value)

    def check(self, name: str) -> dict[str, str]:
        """The findings that are bad, by subject."""
        return {finding.subject: finding.message for finding in ingestion.check(self.settings(), name) if not finding.ok}

    def ask(self, sql: str) -> list[tuple[object, ...]]:
        with warehouse.reading(self.settings().warehouse) as database:
            return database.execute(sql).fetchall()

    def raw(self, connection: str) -> dict[str, list[tuple[object, ...]]]:
        """Every raw row of a connection, without what differs by run."""
        tables = self.ask("""
            select table_name from information_schema.tables where table_schema = 'database' and table_name not like '\\_dlt%' escape '\\'
              and table_name not in ('extraction', 'quarantine', 'deleted_rows')
        """)
        columns = "* exclude (connection_id, _dlt_load_id, _page_id)"
        return {
            str(table): self.ask(f'select {columns} from "database"."{table}" where connection_id = \'{connection}\' order by all')
            for (table,) in tables
        }


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    return Hub(tmp_path / "home")


@pytest.fixture
def table(server: Server) -> Iterator[Callable[[str], str]]:
    """Makes a table of its own for a test; returns its name."""
    made: list[str] = []

    def make(columns: str) -> str:
        name = f"t{len(made)}_{server.sql('select count(*) from pg_class').strip()}"
        made.append(name)
        server.sql(f"create table {name} ({columns}); grant select on {name} to leser;")
        return name

    yield make
    for name in made:
        server.sql(f"drop table {name} cascade;")

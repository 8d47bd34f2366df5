"""Models of dbt as plain SQL, rendered with the project's own macros, to run on tables that a test makes."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import cache
from typing import Any

import duckdb
import jinja2
import yaml

from finance_hub.models import PROJECT

_MACROS = ("money.sql", "shares.sql", "conformed.sql")


class Handle:
    """What dbt gives to a model written in Python: tables by name."""

    def __init__(self, session: duckdb.DuckDBPyConnection) -> None:
        self.config = self.ref = lambda *name, **_: session.table(name[0]) if name else None


@cache
def sql(name: str) -> str:
    """The SELECT of a model; ``ref`` is the table of that name, ``var`` what the project says."""
    settings = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"]
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    environment.globals |= {"ref": lambda model: model, "var": settings.__getitem__}
    macros = "".join((PROJECT / "macros" / file).read_text() for file in _MACROS)
    (path,) = (PROJECT / "models").rglob(f"{name}.sql")
    return environment.from_string(macros + path.read_text()).render()


@cache
def python(name: str) -> Callable[[Any, Any], Any]:
    """The function of a model written in Python."""
    (path,) = (PROJECT / "models").rglob(f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"models_{name}", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.model


def build(session: duckdb.DuckDBPyConnection, *names: str) -> None:
    """Make the tables of models, in this order, of the tables that are there."""
    for name in names:
        if any((PROJECT / "models").rglob(f"{name}.sql")):
            session.execute(f"create or replace table {name} as {sql(name)}")
        else:
            made = python(name)(Handle(session), session)
            session.register("made", made)
            session.execute(f"create or replace table {name} as select * from made")

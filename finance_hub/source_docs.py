"""Writes the dbt sources from the declared tables, so that both always tell the same: ``make sources``.

A declaration in ``dlt_sources/<system>/records.py`` is the one place that names a raw column and its type.
"""

from __future__ import annotations

import json
from pathlib import Path

from dlt_sources.catalog import SYSTEMS, System
from finance_hub.models import PROJECT

_SURROUNDING = (
    ("connection_id", "VARCHAR", "The connection that the row came through."),
    ("_page_id", "VARCHAR", "The page in the landing archive that holds the vendor's own bytes."),
    ("_dlt_load_id", "VARCHAR", "The load that wrote the row."),
)


def path(system: System) -> Path:
    """Where the system's dbt sources are written."""
    return PROJECT / "models" / "staging" / system.name / f"_{system.name}__sources.yml"


def render(system: System) -> str:
    """The dbt sources of one system, as YAML."""
    lines = [
        f"# Written by `make sources` from dlt_sources/{system.name}: change the declarations there.",
        "sources:",
        f"  - name: {system.name}",
        f"    description: {json.dumps(f'{system.title}, as declared in dlt_sources/{system.name}.')}",
        "    tables:",
        "      - name: _dlt_loads",
        "        description: Completed loads.",
    ]
    for table in system.all_tables:
        lines += [f"      - name: {table.name}", f"        description: {json.dumps(table.description)}", "        columns:"]
        lines += [_column(column.name, column.kind.sql, "") for column in table.columns]
        lines += [_column(*column) for column in _SURROUNDING]
    return "\n".join(lines) + "\n"


def _column(name: str, kind: str, description: str) -> str:
    told = f", description: {json.dumps(description)}" if description else ""
    return f'          - {{name: {name}, data_type: "{kind.lower()}"{told}}}'


def main() -> None:
    """Write the dbt sources of every system."""
    for system in SYSTEMS.values():
        path(system).parent.mkdir(parents=True, exist_ok=True)
        path(system).write_text(render(system), encoding="utf-8")


if __name__ == "__main__":
    main()

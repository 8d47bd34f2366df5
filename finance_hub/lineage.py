"""Where a model's columns come from, read from its compiled SQL.

dagster-dbt reads it too, but parses and qualifies the whole query anew for each of its columns: a minute for this project, where one pass
over each query takes a second and a half.
"""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg
from sqlglot import MappingSchema, exp
from sqlglot.lineage import Node, lineage

DIALECT = "duckdb"
Columns = Mapping[str, Mapping[str, str]]
"""A table's columns as the macro ``tell_columns`` tells them: name to ``{"data_type": ...}``."""


def column_lineage(sql: str, parents: Mapping[str, Columns]) -> dg.TableColumnLineage:
    """The columns of ``parents`` (by qualified name) that each column of a query is made of.

    The assets of the parents are those of :class:`finance_hub.translators.ModelTranslator`: schema and name.
    Raises :class:`sqlglot.errors.SqlglotError` for what is no query.
    """
    schema = MappingSchema(dialect=DIALECT)
    for relation, columns in parents.items():
        types = {name: told["data_type"] for name, told in columns.items()}
        schema.add_table(exp.to_table(relation, dialect=DIALECT), types, dialect=DIALECT)
    found = lineage(None, sql, schema, dialect=DIALECT, trim_selects=False)
    return dg.TableColumnLineage({name.lower(): _origins(node) for name, node in found.items()})


def _origins(column: Node) -> list[dg.TableColumnDep]:
    """The leaves below a column: those that are columns of tables."""
    tables = [(node, node.expression.find(exp.Table)) for node in column.walk() if not node.downstream]
    origins = {(table.db, table.name, exp.to_column(node.name).name.lower()) for node, table in tables if table}
    return [dg.TableColumnDep(dg.AssetKey([schema, table]), name) for schema, table, name in sorted(origins)]

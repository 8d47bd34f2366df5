"""How an answer is shown in a terminal: as a table where its rows fit into lines, else as records."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

_READABLE = 24
"""A column may be this narrow: longer words go on in the next line."""


def laid_out(names: Sequence[str], rows: Sequence[Sequence[Any]], console: Console) -> RenderableType:
    """Rows as a table, or one below the other with a line for each column, when a table's columns would be too narrow to read."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [
        max(len(name), min(_READABLE, max((cell.cell_len for cell in column), default=0)))
        for name, column in zip(names, zip(*cells, strict=True) if cells else ((),) * len(names), strict=True)
    ]
    if sum(widths) + 3 * len(widths) + 1 > console.width and rows:
        return _records(names, cells)
    table = Table()
    numbers = [_are_numbers(column) for column in zip(*rows, strict=True)] if rows else [False] * len(names)
    for name, is_number in zip(names, numbers, strict=True):
        table.add_column(Text(name), justify="right" if is_number else "left")
    for row in cells:
        table.add_row(*row)
    return table


def _records(names: Sequence[str], cells: Sequence[Sequence[Text]]) -> Group:
    """Each row as a small table of names and values."""
    blocks: list[RenderableType] = []
    for number, row in enumerate(cells, start=1):
        block = Table.grid(padding=(0, 2))
        block.add_column(style="bold", no_wrap=True)
        block.add_column()
        for name, cell in zip(names, row, strict=True):
            block.add_row(Text(name), cell)
        blocks += [Rule(f"row {number}", align="left"), block]
    return Group(*blocks)


def _cell(value: Any) -> Text:
    """A value as text, whatever marks it holds; nothing for NULL."""
    return Text("" if value is None else str(value))


def _are_numbers(column: Sequence[Any]) -> bool:
    """Whether all that is known of a column are numbers."""
    known = [value for value in column if value is not None]
    return bool(known) and all(isinstance(value, int | float | Decimal) and not isinstance(value, bool) for value in known)

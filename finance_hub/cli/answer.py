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
    if cells and _narrowest(names, cells) > console.width:
        return _records(names, cells)
    table = Table()
    for name, is_figure in zip(names, figures(names, rows), strict=True):
        table.add_column(Text(name), justify="right" if is_figure else "left")
    for row in cells:
        table.add_row(*row)
    return table


def figures(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[bool]:
    """Of which columns all that is known are numbers."""
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    return [_are_numbers(column) for column in columns]


def _narrowest(names: Sequence[str], cells: Sequence[Sequence[Text]]) -> int:
    """The width of a table, its lines between columns included, whose cells can still be read."""
    longest: list[int] = [max(cell.cell_len for cell in column) for column in zip(*cells, strict=True)]
    return 1 + sum(3 + max(len(name), min(_READABLE, length)) for name, length in zip(names, longest, strict=True))


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

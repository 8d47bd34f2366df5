"""Workbooks and exports as people make them, and a hub that reads a folder of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from openpyxl import Workbook

from tests.sandbox.hub import Hub

TABLES = ("cells", "sheets")
TITLES = (
    ["Firm Ltd"],
    ["Budget 2026 - Income Statement"],
    ["Fiscal year 2026"],
    ["Prepared 12/12/2025"],
    ["Draft"],
    ["In USD"],
    [],
)
GOOD: Sequence[Sequence[object]] = (
    ["Account", "Jan 2026", "Feb 2026", "Mar 2026"],
    ["Revenue"],
    ["4000 Sales", 100, 110.1, 120.05],
    ["4100 Services", 50, None, 0.1],
    ["Total Revenue", 150, 110.1, 120.15],
    [],
    ["Costs"],
    ["6000 Wages", 70.5, 70.5, 70.5],
    ["Total Costs", 70.5, 70.5, 70.5],
    ["Net Income", 79.5, 39.6, 49.65],
)


def write(path: Path, *sheets: tuple[str, Sequence[Sequence[object]]], hidden: Sequence[str] = ()) -> Path:
    """A workbook of some sheets: name and rows, under the titles of a budget."""
    book = Workbook()
    book.active.title = "Cover"
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        sheet.sheet_state = "hidden" if name in hidden else "visible"
        for row in (*TITLES, *rows):
            sheet.append(list(row))
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)
    return path


def hub_of(home: Path, path: Path, *keys: str) -> Hub:
    """A hub that reads a folder; ``keys`` are further lines of its settings."""
    lines = "".join(f"{key}\n" for key in keys)
    return Hub(home, toml=f'[connections.plans]\nsystem = "planguru"\nentity = "Firm Ltd"\npath = "{path}"\n{lines}')

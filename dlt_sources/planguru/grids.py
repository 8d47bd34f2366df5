"""From the bytes of a workbook or a CSV file to sheets of cells."""

from __future__ import annotations

import csv
import io
import warnings
import zipfile
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from dlt_sources.planguru.cells import Cell, Fault, Share, exact

_LARGEST = 512 * 1024 * 1024  # of a workbook, unpacked
_WORKBOOKS, _OTHERS, _TABLES = (".xlsx", ".xlsm"), (".xls", ".xlsb", ".ods", ".numbers"), (".csv", ".tsv", ".txt")
ENDINGS = (*_WORKBOOKS, *_OTHERS, *_TABLES)
"""Of names of files that are looked at: those that cannot be read are told."""


class UnreadableFile(ValueError):
    """The file is no workbook and no table: the message says what it is."""


@dataclass(frozen=True)
class Grid:
    """A sheet: its name, whether it is hidden, and the cells of its rows; the first row is row 1 of the sheet."""

    name: str
    is_hidden: bool
    rows: list[list[Cell]]


def grids(name: str, content: bytes) -> list[Grid]:
    """The sheets of a file, those that are hidden among them; a CSV file is one, with the file's name.

    Raises :class:`UnreadableFile`.
    """
    if name.lower().endswith(_WORKBOOKS):
        return _workbook(content)
    if name.lower().endswith(_OTHERS):
        raise UnreadableFile("is a workbook of another kind: save it as .xlsx")
    return [Grid(name.rpartition("/")[2].rpartition(".")[0], is_hidden=False, rows=_table(content))]


def _workbook(content: bytes) -> list[Grid]:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(member.file_size for member in packed.infolist()) > _LARGEST:
                raise UnreadableFile(f"is a workbook of more than {_LARGEST // 1024 // 1024} megabytes")
        with warnings.catch_warnings():  # of drawings and validations, which nobody needs
            warnings.simplefilter("ignore")
            book = load_workbook(io.BytesIO(content), data_only=True, read_only=True)
    except zipfile.BadZipFile:
        raise UnreadableFile("is no workbook, or not whole, or has a password") from None
    except (InvalidFileException, KeyError, ValueError, TypeError, SyntaxError, OSError) as trouble:
        raise UnreadableFile(f"cannot be read as a workbook ({type(trouble).__name__}: {trouble})") from None
    try:
        return [_sheet(sheet) for sheet in book.worksheets]
    except (KeyError, ValueError, TypeError, SyntaxError, zipfile.BadZipFile) as trouble:
        raise UnreadableFile(f"cannot be read whole ({type(trouble).__name__}: {trouble})") from None
    finally:
        book.close()


def _sheet(sheet: Any) -> Grid:
    if hasattr(sheet, "reset_dimensions"):
        sheet.reset_dimensions()  # what a file says of its size may be wrong
    rows = [[_cell(cell) for cell in row] for row in sheet.iter_rows()]
    return Grid(sheet.title, sheet.sheet_state != "visible", rows)


def _cell(cell: Any) -> Cell:
    value = cell.value
    if value is None or isinstance(value, bool | time):
        return None
    if isinstance(value, str):
        return Fault(value) if cell.data_type == "e" else value
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if not isinstance(value, int | float):
        return str(value)
    if "%" in (cell.number_format or ""):
        return Share()
    return Decimal(value) if isinstance(value, int) else exact(value)


def _table(content: bytes) -> list[list[Cell]]:
    text = _decoded(content)
    if text.lstrip()[:1] == "<":
        raise UnreadableFile("is a page of HTML, not a table")
    lines = [line for line in text.splitlines() if line.strip()]
    separator = next((each for each in "\t;" if 2 * sum(each in line for line in lines) > len(lines)), ",")
    rows: list[list[Cell]] = [[cell or None for cell in row] for row in csv.reader(io.StringIO(text), delimiter=separator)]
    return rows


def _decoded(content: bytes) -> str:
    """The text of a file: UTF-8 or UTF-16 where it says or is so, otherwise what Excel writes on Windows."""
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")

"""The Java machine, once in a process, and the one loop that must run inside it.

A call from Python into Java costs about a microsecond, and a result set has a value a cell. So the loop over rows and columns is put
together from Java's own method handles and runs there: it writes the cells of many rows into one text, which crosses once and is
taken apart by Arrow.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dlt_sources.database.trouble import DriverMissing

END, ABSENT = "\ufdd0", "\ufdd1"
"""Behind each cell, and in place of an absent one: characters that Unicode keeps out of every text."""
_ONE_AT_A_TIME = threading.Lock()


def start(connection: str, jars: Sequence[str]) -> Any:
    """The ``jpype`` module with the machine running and the jars known to it. Moments are told in UTC.

    Raises :class:`DriverMissing` with what to install.
    """
    try:
        import jpype
    except ImportError:
        raise DriverMissing(f"{connection}: JDBC needs the Python package jpype1: install it.") from None
    for jar in jars:
        if not Path(jar).is_file():
            raise DriverMissing(f"{connection}: jdbc_jars names {jar}, which is not there.")
    with _ONE_AT_A_TIME:
        if jpype.isJVMStarted():
            for jar in jars:
                jpype.addClassPath(jar)
            return jpype
        try:
            jpype.startJVM("-Xmx512m", "-Xrs", "-XX:+UseSerialGC", "-Duser.timezone=UTC", classpath=list(jars))
        except (jpype.JVMNotFoundException, OSError):
            raise DriverMissing(f"{connection}: JDBC needs Java: install the Debian package default-jre-headless.") from None
    return jpype


class CellLoop:
    """``run(result_set)`` gives the next rows of a JDBC result set as (number of rows, their cells in one text)."""

    def __init__(self, jpype: Any, getters: Sequence[tuple[str, str]], rows: int) -> None:
        """``getters`` are, by column, the method that reads a cell and the class that it returns."""
        self._java = jpype.JClass
        self._list = jpype.JArray
        self._handles = self._java("java.lang.invoke.MethodHandles")
        self._public = self._handles.publicLookup()
        self._whole, self._flag = self._java("java.lang.Integer").TYPE, self._java("java.lang.Boolean").TYPE
        self._text, self._builder = self._class("java.lang.String"), self._class("java.lang.StringBuilder")
        self._results = self._class("java.sql.ResultSet")
        self._loop = self._while_below(rows, self._row(getters))

    def run(self, results: Any) -> tuple[int, str]:
        """Read up to the loop's number of rows."""
        text = self._java("java.lang.StringBuilder")()
        count = int(self._loop.invokeWithArguments(self._objects(text, results)))
        return count, str(text.toString())

    def _row(self, getters: Sequence[tuple[str, str]]) -> Any:
        """(StringBuilder, ResultSet) -> StringBuilder: appends every cell of the row."""
        append = self._method(self._builder, "append", self._builder, self._text)
        stay = self._handles.identity(self._builder)
        row = self._handles.dropArguments(stay, 1, self._classes(self._results))
        for number, getter in enumerate(getters, 1):
            put = self._handles.filterArguments(append, 1, self._many(self._cell(number, *getter)))
            both = self._handles.collectArguments(put, 0, row)
            row = self._handles.permuteArguments(
                both, self._type(self._builder, self._builder, self._results), self._order(0, 1, 1)
            )
        return row

    def _cell(self, number: int, getter: str, returns: str) -> Any:
        """ResultSet -> String: the cell with its end, or the sign of an absent one."""
        read = self._fixed(self._method(self._results, getter, self._class(returns), self._whole), number)
        objects = self._class("java.util.Objects")
        told = self._public.findStatic(objects, "toString", self._type(self._text, self._class("java.lang.Object"), self._text))
        told = self._fixed(told, ABSENT).asType(self._type(self._text, self._class(returns)))
        ended = self._fixed(self._method(self._text, "concat", self._text, self._text), END)
        return self._handles.filterReturnValue(self._handles.filterReturnValue(read, told), ended)

    def _while_below(self, rows: int, row: Any) -> Any:
        """(StringBuilder, ResultSet) -> int: ``for (i = 0; i < rows && results.next(); i++) row``."""
        integer = self._class("java.lang.Integer")
        given = self._classes(self._builder, self._results)
        compare = self._public.findStatic(integer, "compare", self._type(self._whole, self._whole, self._whole))
        # compare(i, rows) is -1 below and 0 at the end: its lowest bit says whether to go on.
        below = self._handles.explicitCastArguments(self._fixed(compare, rows), self._type(self._flag, self._whole))
        further = self._handles.dropArguments(
            self._method(self._results, "next", self._flag), 0, self._classes(self._whole, self._builder)
        )
        over = self._handles.constant(self._flag, self._java("java.lang.Boolean").FALSE)
        over = self._handles.dropArguments(over, 0, self._classes(self._whole, self._builder, self._results))
        goes_on = self._handles.guardWithTest(self._handles.dropArguments(below, 1, given), further, over)
        add = self._public.findStatic(integer, "sum", self._type(self._whole, self._whole, self._whole))
        step = self._handles.dropArguments(self._fixed(add, 1), 1, given)
        silent = row.asType(row.type().changeReturnType(self._java("java.lang.Void").TYPE))
        step = self._handles.foldArguments(step, self._handles.dropArguments(silent, 0, self._classes(self._whole)))
        zero = self._handles.dropArguments(self._handles.constant(self._whole, self._boxed(0)), 0, given)
        return self._handles.whileLoop(zero, goes_on, step)

    def _class(self, name: str) -> Any:
        return self._java(name).class_

    def _boxed(self, value: int | str) -> Any:
        return self._java("java.lang.Integer").valueOf(value) if isinstance(value, int) else self._java("java.lang.String")(value)

    def _type(self, returns: Any, *takes: Any) -> Any:
        return self._java("java.lang.invoke.MethodType").methodType(returns, self._classes(*takes))

    def _method(self, owner: Any, name: str, returns: Any, *takes: Any) -> Any:
        return self._public.findVirtual(owner, name, self._type(returns, *takes))

    def _fixed(self, handle: Any, value: int | str) -> Any:
        """The handle with its last argument given."""
        return self._handles.insertArguments(handle, handle.type().parameterCount() - 1, self._objects(self._boxed(value)))

    def _classes(self, *classes: Any) -> Any:
        return self._list(self._java("java.lang.Class"))(list(classes))

    def _objects(self, *objects: Any) -> Any:
        return self._list(self._java("java.lang.Object"))(list(objects))

    def _many(self, *handles: Any) -> Any:
        return self._list(self._java("java.lang.invoke.MethodHandle"))(list(handles))

    def _order(self, *places: int) -> Any:
        import jpype

        return self._list(jpype.JInt)(list(places))

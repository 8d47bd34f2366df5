"""Rest.li 2.0: values in a query string that are records ``(key:value)`` and lists ``List(a,b)``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

Value = str | list["Value"] | dict[str, "Value"]
_TOKEN = re.compile(r"List\(|urn:li:\w+:\w+|[(),:]|[^(),:]+")


class Malformed(Exception):
    """A value that is no Rest.li."""


@dataclass
class _Reader:
    tokens: list[str]
    at: int = 0

    def take(self) -> str:
        if self.at >= len(self.tokens):
            raise Malformed
        self.at += 1
        return self.tokens[self.at - 1]

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def value(self) -> Value:
        token = self.take()
        if token == "List(":
            return self._list()
        if token == "(":
            return self._record()
        if token in {")", ",", ":"}:
            raise Malformed
        return unquote(token)

    def _list(self) -> list[Value]:
        found: list[Value] = []
        while self.peek() != ")":
            found.append(self.value())
            if self.peek() == ",":
                self.take()
        self.take()
        return found

    def _record(self) -> dict[str, Value]:
        found: dict[str, Value] = {}
        while self.peek() != ")":
            name = unquote(self.take())
            if self.take() != ":":
                raise Malformed
            found[name] = self.value()
            if self.peek() == ",":
                self.take()
        self.take()
        return found


def read(text: str) -> Value:
    """A value as it stands in the query string: its bare parentheses, commas and colons are structure, what is encoded is text.

    A value that is encoded throughout, as clients do that know no Rest.li, is decoded once first. Raises :class:`Malformed` for what
    is encoded twice, or no value.
    """
    plain = text if re.search(r"[()]", text) else unquote(text)
    if re.search(r"%25(28|29|2C|3A)", plain, re.IGNORECASE):
        raise Malformed
    reader = _Reader(_TOKEN.findall(plain))
    value = reader.value()
    if reader.peek():
        raise Malformed
    return value


def parameters(query: str) -> dict[str, str]:
    """The parameters of a query string, each as it stands there."""
    parts = (part.partition("=") for part in query.split("&") if part)
    return {unquote(name): value for name, _, value in parts}

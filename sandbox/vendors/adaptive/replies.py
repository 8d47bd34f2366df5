"""What answers of the XML API have in common: success or not in the root, messages, and an output that is a tree or a text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from lxml import etree
from starlette.responses import Response

NAME = "adaptive"
Element = Any
"""An element of lxml, which has no types."""

_PROLOG = re.compile(rb"\s*(<\?xml[^>]*\?>)?\s*<[A-Za-z]")


class Refusal(Exception):
    """A call that is answered with ``success="false"``."""

    def __init__(self, key: str, text: str) -> None:
        super().__init__(text)
        self.key, self.text = key, text


def element(tag: str, attributes: Mapping[str, object | None], children: Sequence[Element] = ()) -> Element:
    """An element; attributes that are None are left out, flags are true or false."""
    texts = {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in attributes.items()
        if value is not None
    }
    made = etree.Element(tag, texts)
    made.extend(children)
    return made


def message(key: str, text: str, kind: str | None = None) -> Element:
    """A message of an answer."""
    made = element("message", {"key": key, "type": kind})
    made.text = text
    return made


def answer(output: Element | None, *, warnings: Sequence[Element] = (), rows: int | None = None) -> Response:
    """A call that went well. ``rows`` is how many a streamed export has sent."""
    response = element("response", {"success": True})
    if warnings:
        response.append(element("messages", {}, warnings))
    if rows is not None:
        response.append(element("status", {"rowCountSent": rows}))
    response.append(element("output", {}) if output is None else output)
    return _xml(response)


def refused(key: str, text: str, status: int = 200) -> Response:
    """A call that did not go well: a logical failure has the status 200."""
    failed = element("messages", {}, [message(key, text, "ERROR")])
    return _xml(element("response", {"success": False}, [failed]), status)


def text(tag: str, content: str, children: Sequence[Element] = ()) -> Element:
    """An element whose text is one CDATA section, where it can be one."""
    made = element(tag, {}, children)
    made.text = content if "]]>" in content else etree.CDATA(content)
    return made


def read(body: bytes) -> Element:
    """The root of a document; what declares a type, or is none, is refused."""
    refusal = Refusal("error-invalid-xml", "The request is not a well formed XML document.")
    if not _PROLOG.match(body):
        raise refusal
    try:
        return etree.fromstring(body, etree.XMLParser(encoding="utf-8", resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        raise refusal from None


def flag(given: Element | None, name: str, *, otherwise: bool = False) -> bool:
    """A flag of an element, which is true or false, or 1 or 0."""
    told = None if given is None else given.get(name)
    return otherwise if told is None or told == "" else told.lower() in {"true", "1"}


def _xml(response: Element, status: int = 200) -> Response:
    body = etree.tostring(response, xml_declaration=True, encoding="UTF-8")
    return Response(body, status, media_type="text/xml; charset=UTF-8")

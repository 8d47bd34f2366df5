"""Calls of the XML API and their answers: a failure may have a good status, and its messages say why."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lxml import etree

from dlt_sources.adaptive.access import Credentials
from dlt_sources.http import ApiClient, AuthenticationRejected, ErrorReply, MalformedReply, Reply, Request, redaction

log = logging.getLogger(__name__)
LOCALE = "en_US"
_CALLER = "finance-hub"
_REFUSED = "error-authentication-failure"
_SHOWN = 300
# No type may be declared, so that there are no entities: what may be of any length is then safe to read.
_PROLOG = re.compile(rb"(\xef\xbb\xbf)?\s*(<\?xml[^>]*\?>)?\s*<response[\s/>]")

Element = Any
"""An element of lxml, which has no types."""


class _Refused(Exception):
    """The credentials of a call were refused."""


@dataclass(frozen=True)
class Answer:
    """The output of a call that went well; ``reply`` tells which call it was. ``rows`` is how many rows a streamed export has sent."""

    reply: Reply
    output: Element
    rows: int | None


def part(tag: str, attributes: Mapping[str, str] | None = None, children: Sequence[Element] = ()) -> Element:
    """A part of a call."""
    made = etree.Element(tag, dict(attributes or {}))
    made.extend(children)
    return made


@dataclass(frozen=True)
class Asked:
    """An instance that is asked, one call at a time."""

    api: ApiClient
    credentials: Credentials
    api_version: int
    instance_code: str = ""

    def call(self, method: str, parts: Sequence[Element] = (), *, about: str = "", stream: bool = False) -> Answer:
        """Make a call. ``about`` is what it asks for, in words: the body, which holds the credentials, is nowhere kept.

        Raises :class:`AuthenticationRejected`, or :class:`ErrorReply` with the vendor's key and text.
        """
        try:
            return self._once(method, parts, about, stream=stream)
        except _Refused as refused:
            if not self.credentials.rejected():
                raise AuthenticationRejected(str(refused)) from None
        try:
            return self._once(method, parts, about, stream=stream)
        except _Refused as refused:
            raise AuthenticationRejected(str(refused)) from None

    def _once(self, method: str, parts: Sequence[Element], about: str, *, stream: bool) -> Answer:
        proof = {**self.credentials.attributes(), "locale": LOCALE}
        if self.instance_code:
            proof["instanceCode"] = self.instance_code
        call = part(
            "call",
            {"method": method, "callerName": _CALLER, **({"stream": "true"} if stream else {})},
            [part("credentials", proof), *parts],
        )
        text = etree.tostring(call, xml_declaration=True, encoding="UTF-8").decode()
        headers = {"Content-Type": "application/xml", "Accept": "text/xml, application/xml"}
        shown = " ".join(each for each in (method, about) if each)

        def parse(reply: Reply) -> Answer:
            return self._read(replace(reply, request=f"{reply.request} {shown}"), shown)

        return self.api.send(Request("POST", f"v{self.api_version}", headers=headers, text=text), parse)

    def _read(self, reply: Reply, shown: str) -> Answer:
        root = parsed(reply)
        messages = [(each.get("key", ""), " ".join((each.text or "").split())) for each in root.iterfind("messages/message")]
        told = redaction.redact("; ".join(f"{text} [{key}]" if key else text for key, text in messages))[:_SHOWN]
        if root.get("success") != "true":
            if any(key == _REFUSED for key, _ in messages):
                raise _Refused(
                    f"Connection '{self.api.name}': Adaptive Planning does not accept the credentials, or the user has no access ({told}). "
                    "Check login, password and instance_code, or the keys of the Workday client."
                )
            raise ErrorReply(f"Connection '{self.api.name}': {shown} failed: {told or 'no reason given'}")
        if told:
            log.warning("%s: %s: %s", self.api.name, shown, told)
        output, status = root.find("output"), root.find("status")
        if output is None:
            raise MalformedReply(f"{reply.request} answered without an output.")
        sent = "" if status is None else status.get("rowCountSent", "")
        return Answer(reply, output, int(sent) if sent.isdigit() else None)


def parsed(reply: Reply) -> Element:
    """The root of an answer. Raises :class:`MalformedReply` for what is cut, is no answer of the API, or declares a type."""
    if not _PROLOG.match(reply.body):
        raise MalformedReply(f"{reply.request} did not answer as the XML API does; check base_url.")
    reader = etree.XMLParser(encoding="utf-8", resolve_entities=False, load_dtd=False, no_network=True, huge_tree=True)
    try:
        return etree.fromstring(reply.body, reader)
    except etree.XMLSyntaxError as trouble:
        raise MalformedReply(f"{reply.request} answered with XML that is cut or damaged (line {trouble.lineno}).") from None


def texts(element: Element) -> dict[str, str]:
    """The attributes of an element that hold something."""
    return {name: value for name, value in element.attrib.items() if value != ""}


def named_values(element: Element, around: str, each: str) -> dict[str, str] | None:
    """Names and values of what stands in a list below an element, such as ``attributes/attribute``; None where there are none."""
    return {found.get("name", ""): found.get("value", "") for found in element.iterfind(f"{around}/{each}")} or None

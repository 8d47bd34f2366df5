"""A small group that plans in Adaptive Planning, and a hub that reads its instance."""

from __future__ import annotations

from functools import partial
from xml.sax.saxutils import quoteattr

import httpx
from lxml import etree

from sandbox.vendors.adaptive.access import INSTANCE, LOGIN, PASSWORD
from sandbox.vendors.adaptive.replies import Element
from tests.sandbox.hub import SystemHub
from tests.sandbox.planning_group import write_group

NAME = "adaptive_us"
TABLES = ("versions", "accounts", "levels", "dimension_values", "periods", "cells")
CREDENTIALS = f'<credentials login="{LOGIN}" password="{PASSWORD}" locale="en_US" instanceCode="{INSTANCE}"/>'


write_firm = partial(
    write_group,
    system="adaptive",
    parent=("us", "Firm, Inc.", "USD"),
    child=("ca", "Firme Québec Ltée", "CAD"),
    elsewhere="jp",
    wages='Wages, "gross"\nand bonus',
)


class AdaptiveHub(SystemHub):
    """A hub that reads one Adaptive instance."""

    SYSTEM, TABLES = "adaptive", TABLES


def called(
    url: str, method: str, parts: str = "", *, credentials: str = CREDENTIALS, version: int = 40, stream: str = ""
) -> Element:
    """The root of the answer to a call, whose status must be good."""
    streamed = f" stream={quoteattr(stream)}" if stream else ""
    body = f'<?xml version="1.0" encoding="UTF-8"?><call method="{method}" callerName="test"{streamed}>{credentials}{parts}</call>'
    answer = httpx.post(
        f"{url}/adaptive/api/v{version}", content=body.encode(), headers={"Content-Type": "application/xml"}, timeout=30
    )
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/xml")
    return etree.fromstring(answer.content)

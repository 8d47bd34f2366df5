"""What the gateway answers besides rows in JSON: errors in JSON, XML and HTML, and rows as Atom."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from starlette.requests import Request
from starlette.responses import Response

from sandbox.vendors.sap.model import EntitySet, Service

VERSION = {"dataserviceversion": "2.0"}
_DATA = "http://schemas.microsoft.com/ado/2007/08/dataservices"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = re.compile(r"^/Date\((-?\d+)(\+0000)?\)/$")
_PAGE = "<html><head><title>{0}</title></head><body><h1>{0}</h1><p>{1}</p></body></html>"


def address(request: Request) -> str:
    """The emulator's own address, with the path that it is mounted at."""
    return f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"


def wants_json(request: Request) -> bool:
    """JSON comes to those who ask for it; others get Atom."""
    asked = request.query_params.get("$format")
    if asked is not None:
        return asked.startswith("json") or asked == "application/json"
    return "application/json" in request.headers.get("accept", "")


def failure(request: Request | None, service: str, status: int, code: str, text: str, at: datetime) -> Response:
    """An error as the gateway writes it: JSON or XML, as the caller asked."""
    transaction = secrets.token_hex(16).upper()
    stamp = f"{at:%Y%m%d%H%M%S}.0000000"
    if request is None or wants_json(request):
        inner = {
            "application": {
                "component_id": "FI",
                "service_namespace": "/SAP/",
                "service_id": service,
                "service_version": "0001",
            },
            "transactionid": transaction,
            "timestamp": stamp,
            "Error_Resolution": {
                "SAP_Transaction": "For backend administrators: run transaction /IWFND/ERROR_LOG on SAP Gateway hub system "
                "and search for entries with the timestamp above for more details",
                "SAP_Note": "See SAP Note 1797736 for error analysis (https://service.sap.com/sap/support/notes/1797736)",
            },
            "errordetails": [
                {"code": code, "message": text, "longtext_url": "", "propertyref": "", "severity": "error", "target": ""}
            ],
        }
        body = {"error": {"code": code, "message": {"lang": "en", "value": text}, "innererror": inner}}
        return Response(json.dumps(body, separators=(",", ":")), status, VERSION, media_type="application/json;charset=utf-8")
    xml = (
        f'<?xml version="1.0" encoding="utf-8"?><error xmlns="{_DATA}/metadata"><code>{escape(code)}</code>'
        f'<message xml:lang="en">{escape(text)}</message><innererror><application><component_id>FI</component_id>'
        f"<service_namespace>/SAP/</service_namespace><service_id>{escape(service)}</service_id>"
        f"<service_version>0001</service_version></application><transactionid>{transaction}</transactionid>"
        f"<timestamp>{stamp}</timestamp></innererror></error>"
    )
    return Response(xml, status, VERSION, media_type="application/xml;charset=utf-8")


def unauthorized() -> Response:
    """The page of the application server: it is not the gateway that asks for a password."""
    page = _PAGE.format("Logon failed", "You are not authorized. Please contact your system administrator.")
    realm = {"WWW-Authenticate": 'Basic realm="SAP NetWeaver Application Server [S4H/100]"'}
    return Response(page, 401, realm, media_type="text/html; charset=utf-8")


def throttled(seconds: int) -> Response:
    """Too many calls: a page of the load balancer, and when to come back."""
    page = _PAGE.format("503 Service Unavailable", "The service is temporarily overloaded. Please try again later.")
    return Response(page, 503, {"Retry-After": str(seconds)}, media_type="text/html; charset=utf-8")


def feed(service: Service, entity: EntitySet, rows: Sequence[str], root: str, following: str | None, total: int | None) -> Response:
    """Rows as an Atom feed."""
    head = (
        f'<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom" xmlns:m="{_DATA}/metadata" '
        f'xmlns:d="{_DATA}" xml:base={quoteattr(root + "/")}><id>{escape(root)}/{entity.name}</id>'
        f'<title type="text">{entity.name}</title>'
    )
    parts = [head]
    if total is not None:
        parts.append(f"<m:count>{total}</m:count>")
    parts += [entry(service, entity, json.loads(row)) for row in rows]
    if following:
        parts.append(f'<link rel="next" href={quoteattr(following)}/>')
    parts.append("</feed>")
    return Response("".join(parts), 200, VERSION, media_type="application/atom+xml;type=feed;charset=utf-8")


def entry(service: Service, entity: EntitySet, row: Mapping[str, Any]) -> str:
    """One row as an Atom entry."""
    uri = escape(row["__metadata"]["uri"])
    properties = []
    for name, value in row.items():
        prop = entity.properties.get(name)
        if prop is None:
            continue
        kind = "" if prop.kind == "S" else f' m:type="{prop.edm}"'
        if value is None:
            properties.append(f'<d:{name}{kind} m:null="true"/>')
        else:
            properties.append(f"<d:{name}{kind}>{escape(_plain(value))}</d:{name}>")
    return (
        f'<entry><id>{uri}</id><title type="text"/><category term="{service.namespace}.{entity.type_name}" scheme="{_DATA}/scheme"/>'
        f'<content type="application/xml"><m:properties>{"".join(properties)}</m:properties></content></entry>'
    )


def _plain(value: object) -> str:
    """A value in the lexical form of XML: moments in ISO 8601."""
    match = _MS.match(value) if isinstance(value, str) else None
    if match:
        moment = _EPOCH + timedelta(milliseconds=int(match[1]))
        return f"{moment:%Y-%m-%dT%H:%M:%S}{'Z' if match[2] else ''}"
    return str(value).lower() if isinstance(value, bool) else str(value)

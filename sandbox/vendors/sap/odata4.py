"""The one service that is shown in OData v4 too: lines of the ledger, in v4's envelope, literals and errors."""

from __future__ import annotations

import json
from xml.sax.saxutils import quoteattr

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.vendors.sap.filters import QueryError
from sandbox.vendors.sap.model import services
from sandbox.vendors.sap.query import Books, Dialect, Query, next_link
from sandbox.vendors.sap.replies import address

_NAME = "api_glaccountlineitem"
_SET = "GLAccountLineItem"
_TYPES = {
    "S": "Edm.String",
    "D": "Edm.Decimal",
    "DT": "Edm.Date",
    "DTO": "Edm.DateTimeOffset",
    "B": "Edm.Boolean",
    "T": "Edm.TimeOfDay",
    "G": "Edm.Guid",
}
_NAMESPACE = f"com.sap.gateway.srvd_a2x.{_NAME}.v0001"


def root4(request: Request) -> str:
    """The address of the service."""
    return f"{address(request)}/sap/opu/odata4/sap/{_NAME}/srvd_a2x/sap/{_NAME}/0001"


def rows4(books: Books, request: Request, root: str) -> Response:
    """Rows, the metadata, or a refusal. Rows are whole lines: nothing is grouped."""
    name, path = request.path_params["name"], request.path_params["path"].rstrip("/")
    if name != _NAME or request.path_params["again"] != _NAME:
        raise QueryError(f"Service group '{name}' not published", status=404, code="/IWBEP/CM_V4_COS/014")
    if path == "$metadata":
        return Response(_metadata(), 200, {"odata-version": "4.0"}, media_type="application/xml")
    if path != _SET:
        raise QueryError(f"Resource not found for segment '{path}'", status=404, code="/IWBEP/CM_V4_URI/006")
    service = services()["API_GLACCOUNTLINEITEM"]
    options = {key: value for key, value in request.query_params.items() if key.startswith("$")}
    as_text = "ieee754compatible=true" in request.headers.get("accept", "").lower()
    chosen = options.get("$select")
    key = "SourceLedger,CompanyCode,FiscalYear,AccountingDocument,LedgerGLLineItem,Ledger"
    query = Query(
        books,
        service,
        service.sets[_SET],
        options | ({"$select": f"{chosen},{key}"} if chosen else {}),
        Dialect(root, version=4, decimals_as_text=as_text),
    )
    page = query.page()
    count = f'"@odata.count":{page.total},' if page.total is not None else ""
    following = next_link(f"{root}/{_SET}", list(request.query_params.items()), page.token) if page.token else None
    tail = f',"@odata.nextLink":{json.dumps(following)}' if following else ""
    body = f'{{"@odata.context":"$metadata#{_SET}",{count}"value":[{",".join(page.rows)}]{tail}}}'
    media = f"application/json;odata.metadata=minimal;IEEE754Compatible={'true' if as_text else 'false'}"
    return Response(body, 200, {"odata-version": "4.0"}, media_type=media)


def failure4(trouble: QueryError) -> Response:
    """An error in v4's form."""
    error: dict[str, object] = {
        "code": trouble.code,
        "message": trouble.text,
        "target": None,
        "details": [],
        "@SAP__core.ExceptionCategory": "Client_Error",
    }
    return JSONResponse({"error": error}, trouble.status, {"odata-version": "4.0"})


def _metadata() -> str:
    entity = services()["API_GLACCOUNTLINEITEM"].sets[_SET]
    properties = []
    for prop in entity.properties.values():
        limits = f' MaxLength="{prop.size}"' if prop.kind == "S" and prop.size else ""
        limits = f' Precision="{prop.size}" Scale="variable"' if prop.kind == "D" else limits
        properties.append(f"<Property Name={quoteattr(prop.name)} Type={quoteattr(_TYPES[prop.kind])}{limits}/>")
    return (
        '<?xml version="1.0" encoding="utf-8"?><edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">'
        f'<edmx:DataServices><Schema Namespace="{_NAMESPACE}" xmlns="http://docs.oasis-open.org/odata/ns/edm">'
        f'<EntityType Name="{_SET}Type"><Key><PropertyRef Name="ID"/></Key>{"".join(properties)}</EntityType>'
        f'<EntityContainer Name="Container"><EntitySet Name="{_SET}" EntityType="{_NAMESPACE}.{_SET}Type"/></EntityContainer>'
        "</Schema></edmx:DataServices></edmx:Edmx>"
    )

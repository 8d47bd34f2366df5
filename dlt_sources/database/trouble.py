"""What a driver complains of, as one plain sentence that names what to mend."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from dlt_sources.database.address import Product
from dlt_sources.http import (
    AuthenticationRejected,
    BadRequest,
    DeadlineExceeded,
    NotFound,
    PermissionMissing,
    SourceError,
    TransientFailure,
)
from dlt_sources.http.redaction import redact


class DriverMissing(SourceError):
    """A driver or library is not installed."""


class CertificateRejected(SourceError):
    """The server's certificate is not one that the client trusts."""


_Sort = tuple[type[SourceError], str, str]
_SORTS: tuple[_Sort, ...] = (
    (
        DriverMissing,
        r"IM00[23]|can't open lib|data source name not found|no suitable driver",
        "the driver is not installed: {package}",
    ),
    (
        CertificateRejected,
        r"certificate|PKIX|SSL error|TLS|SSLHandshake|hostname.*(verif|match)|sslrootcert",
        "the server's certificate is not trusted: name the right authority's certificate and the host as the certificate has it",
    ),
    (
        AuthenticationRejected,
        r"\b28[P0]\d{2}\b|password authentication failed|login failed|access denied for user|ORA-01017",
        "the database does not accept username and password",
    ),
    (
        TransientFailure,
        r"translate host name|name or service not known|UnknownHost|could not resolve|no such host",
        "no host of that name is known: check connection_string",
    ),
    (
        PermissionMissing,
        r"\b42501\b|permission denied|ORA-01031|SELECT permission",
        "the user may not read this: give it read rights",
    ),
    (
        BadRequest,
        r"\b42703\b|\b42S22\b|ORA-00904|unknown column|invalid column name",
        "a column of the query does not exist: check the mapping",
    ),
    (
        NotFound,
        r"\b42P01\b|\b42S02\b|\b3F000\b|ORA-00942|invalid object name",
        "a table of the query does not exist: check the mapping",
    ),
    (
        DeadlineExceeded,
        r"\b57014\b|\bHYT0[01]\b|statement timeout",
        "the query takes longer than statement_timeout: raise it, or help it",
    ),
    (BadRequest, r"\b25006\b|read-only transaction", "the query tries to write, which the hub never does: check the mapping"),
    (
        TransientFailure,
        r"\b08\w{3}\b|\b57P0\d\b|\b40\w{3}\b|\b53300\b|connection refused|timed? ?out|server closed|could not connect|broken pipe",
        "the database cannot be reached, or gave up",
    ),
)


def explain(
    connection: str, product: Product, told: str, *, package: str, secrets: Mapping[str, str] = MappingProxyType({})
) -> SourceError:
    """A driver's complaint as one of the sources' own errors; ``secrets`` are replaced by what they stand for."""
    detail = re.sub(r"\s+", " ", _unspoken(told, secrets)).strip().rstrip(".")[:300]
    for kind, pattern, sentence in _SORTS:
        if re.search(pattern, told, re.IGNORECASE):
            return kind(f"{connection}: {sentence.format(package=package)} ({product.title} says: {detail}).")
    return BadRequest(f"{connection}: {product.title} says: {detail}.")


def _unspoken(text: str, secrets: Mapping[str, str]) -> str:
    for secret, name in secrets.items():
        if secret:
            text = text.replace(secret, f"<{name}>")
    return redact(text)

"""One HTTP client for all sources: credentials, retries, limits, paging guards.

>>> client = ApiClient("uk_books", "https://api.example.com/v1", StaticToken("..."), Policy())
>>> client.send(Request("GET", "accounts"), parse)                                # doctest: +SKIP
"""

from __future__ import annotations

from dlt_sources.http.auth import Auth, NoAuth, OAuth1, OAuth2, StaticToken, basic, request_tokens
from dlt_sources.http.client import ApiClient, origin, trace
from dlt_sources.http.consent import Application, ask, redirect_address
from dlt_sources.http.errors import (
    AuthenticationRejected,
    BadRequest,
    DeadlineExceeded,
    ErrorReply,
    IncompleteRead,
    MalformedReply,
    NotFound,
    OffOrigin,
    PagingLoop,
    PermissionMissing,
    QuotaExhausted,
    ReauthorizationRequired,
    SourceError,
    TransientFailure,
)
from dlt_sources.http.limits import Pacer, RateLimit
from dlt_sources.http.paging import Page, walk
from dlt_sources.http.policy import Policy, Reply, Request, retry_after
from dlt_sources.http.tokens import TokenSet, TokenStore, load_key

__all__ = [
    "ApiClient",
    "Application",
    "Auth",
    "AuthenticationRejected",
    "BadRequest",
    "DeadlineExceeded",
    "ErrorReply",
    "IncompleteRead",
    "MalformedReply",
    "NoAuth",
    "NotFound",
    "OAuth1",
    "OAuth2",
    "OffOrigin",
    "Pacer",
    "Page",
    "PagingLoop",
    "PermissionMissing",
    "Policy",
    "QuotaExhausted",
    "RateLimit",
    "ReauthorizationRequired",
    "Reply",
    "Request",
    "SourceError",
    "StaticToken",
    "TokenSet",
    "TokenStore",
    "TransientFailure",
    "ask",
    "basic",
    "load_key",
    "origin",
    "redirect_address",
    "request_tokens",
    "retry_after",
    "trace",
    "walk",
]

"""Anaplan: the plans of one model, through the Integration API v2.

Cells come from exports that run as tasks, or from saved views by read requests. Anaplan has no feed of changes: a model whose serial
number has not moved is left alone, otherwise all is read and compared cell by cell. Deliberately absent: imports, processes and other
actions, which change the model.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from dlt_sources.anaplan import reading, records
from dlt_sources.anaplan.access import Proof, ServiceToken, certificate_proof, password_proof
from dlt_sources.anaplan.reading import Session
from dlt_sources.anaplan.records import Model
from dlt_sources.anaplan.wire import Asked
from dlt_sources.assembly import State, assemble
from dlt_sources.connection import Connection, Finding, Unavailable
from dlt_sources.http import ApiClient, Auth, NotFound, OAuth2, Policy, RateLimit, SourceError
from dlt_sources.records import Archive
from dlt_sources.records.intake import Endpoint

_ESSENTIAL = frozenset({"versions", "list_items", "cells"})


class AnaplanSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keys of an Anaplan connection: one model of a workspace, and who reads it.

    ``username`` and ``password`` (of an exception user where people log in by single sign-on); or ``certificate`` and ``private_key``, as
    PEM text or in files; or ``client_id`` and ``refresh_token`` of an OAuth client, with ``client_secret`` where it has one. The three
    addresses are those of the region. ``exports`` are the names of the exports, or of the saved views, to read; none: all whose names begin
    with "Hub ". ``columns`` gives the hub's names of dimensions and line items that the model calls otherwise.
    """

    workspace_id: str
    model_id: str
    username: str = ""
    password: str = ""
    certificate: str = ""
    certificate_file: str = ""
    private_key: str = ""
    private_key_file: str = ""
    client_id: str = ""
    client_secret: str = ""
    refresh_token: str = ""
    auth_url: str = "https://auth.anaplan.com"
    api_url: str = "https://api.anaplan.com/2/0"
    oauth_url: str = "https://us1a.app.anaplan.com"
    read: str = "exports"
    exports: str | list[str] = ""
    columns: dict[str, str] = {}
    locale: str = "en_US"
    check_rows: bool = True
    chunk_retry: int = 6
    calls_per_minute: int = 500
    poll_seconds: float = 0.5

    def __post_init__(self) -> None:
        if not self.workspace_id or not self.model_id:
            raise ValueError("workspace_id and model_id must be the ids that the model's address shows")
        ways = [
            bool(self.username and self.password),
            bool((self.certificate or self.certificate_file) and (self.private_key or self.private_key_file)),
            bool(self.client_id and self.refresh_token),
        ]
        if sum(ways) != 1:
            raise ValueError(
                "either username and password, or certificate and private_key, or client_id and refresh_token are needed"
            )
        if self.read not in {"exports", "views"}:
            raise ValueError("read must be exports or views")
        if self.chunk_retry < 0 or self.calls_per_minute <= 0 or self.poll_seconds <= 0:
            raise ValueError("chunk_retry must not be negative, calls_per_minute and poll_seconds positive")

    @property
    def wanted(self) -> tuple[str, ...]:
        """The names of exports or views; none: those made for the hub."""
        told = self.exports.split(",") if isinstance(self.exports, str) else self.exports
        return tuple(name.strip() for name in told if name.strip())

    def __repr__(self) -> str:
        return f"AnaplanSettings({self.model_id!r})"


def client(connection: Connection[AnaplanSettings]) -> ApiClient:
    """A client of the Integration API."""
    settings = connection.settings
    policy = Policy(
        retries=settings.chunk_retry,
        base_delay=0.5,
        max_delay=60.0,
        read_timeout=300.0,
        deadline=3600.0,
        throttle_pause=1.0,
        limits=(RateLimit(settings.calls_per_minute, 60.0),),
    )
    return ApiClient(connection.name, settings.api_url, _auth(connection), policy, pacer=connection.pacer(policy.limits))


def _auth(connection: Connection[AnaplanSettings]) -> Auth:
    settings = connection.settings
    if settings.refresh_token:
        return OAuth2(
            connection.name,
            connection.tokens,
            token_url=f"{settings.oauth_url.rstrip('/')}/oauth/token",
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            first_refresh_token=settings.refresh_token,
            in_json=True,
            assertion=lambda: {"client_id": settings.client_id},
        )
    return ServiceToken(connection.name, connection.tokens, settings.auth_url, _proof(settings))


def _proof(settings: AnaplanSettings) -> Proof:
    if settings.username:
        return password_proof(settings.username, settings.password)
    certificate = settings.certificate or Path(settings.certificate_file).read_text(encoding="utf-8")
    key = settings.private_key or Path(settings.private_key_file).read_text(encoding="utf-8")
    return certificate_proof(certificate, key)


def source(connection: Connection[AnaplanSettings], unavailable: Unavailable | None = None) -> Any:
    """The dlt source: one resource per listing; without versions, lists or cells there is no plan."""
    settings = connection.settings
    archive = Archive(connection.archive, "anaplan", connection.name)
    seen: dict[str, Model] = {}

    def read(endpoint: Endpoint, state: State) -> Iterator[Any]:
        with client(connection) as api:
            asked = Asked(api, settings.workspace_id, settings.model_id)
            session = Session(asked, archive, connection.name, settings, seen)
            try:
                yield from reading.READERS.get(endpoint.name, reading.models)(session, endpoint, state)
            except NotFound as missing:
                raise asked.explained(missing) from missing

    return assemble("anaplan", records.ENDPOINTS, read, essential=_ESSENTIAL, unavailable=unavailable)


def check(connection: Connection[AnaplanSettings]) -> list[Finding]:
    """Tell in plain words whether the credentials are good, the model can be read, and the exports or views are there."""
    settings, findings = connection.settings, []
    with client(connection) as api:
        asked = Asked(api, settings.workspace_id, settings.model_id)
        session = Session(asked, Archive(connection.archive, "anaplan", connection.name), connection.name, settings)
        find = reading.views_of if settings.read == "views" else reading.exports_of
        subjects = (
            ("model", lambda: f"'{session.model().name}' is readable"),
            ("lists", lambda: f"readable ({len(asked.rows(f'{asked.root}/lists', 'lists', dict[str, Any]))} lists)"),
            (settings.read, lambda: _named([each.name for each in find(asked, settings, connection.name)])),
        )
        for subject, ask in subjects:
            try:
                findings.append(Finding(ok=True, subject=subject, message=ask()))
            except SourceError as trouble:
                trouble = asked.explained(trouble) if isinstance(trouble, NotFound) else trouble
                findings.append(Finding(ok=False, subject=subject, message=str(trouble)))
                break
    return findings


def _named(found: list[str]) -> str:
    if not found:
        raise SourceError(
            f"none is there whose name begins with '{reading.PREFIX}', and exports names none; make them or name yours."
        )
    return f"{len(found)} to read: {', '.join(found)}"


__all__ = ["AnaplanSettings", "check", "client", "source"]

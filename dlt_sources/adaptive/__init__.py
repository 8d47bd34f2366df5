"""Workday Adaptive Planning: the plans of one instance, through its XML API.

Adaptive has no feed of changes: every version and fiscal year is read each time and compared cell by cell. Locked versions are read too,
since an administrator may change them, and the hub must find that; who is sure of them may say ``read_locked = false``. Credentials travel
in the body of each call, which is kept nowhere. One call is made at a time. Deliberately absent: whatever writes to the instance.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from dlt_sources.adaptive import reading, records
from dlt_sources.adaptive.access import Credentials, Password, WorkdayToken, signed_assertion
from dlt_sources.adaptive.reading import Session
from dlt_sources.adaptive.wire import LOCALE, Answer, Asked
from dlt_sources.assembly import State, assemble
from dlt_sources.connection import Connection, Finding, Unavailable
from dlt_sources.http import ApiClient, NoAuth, Policy, SourceError
from dlt_sources.records import Archive
from dlt_sources.records.intake import Endpoint

_ESSENTIAL = frozenset({"versions", "accounts", "levels", "periods", "cells"})
_LONGEST_BODY = 1024 * 1024 * 1024


class AdaptiveSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keys of an Adaptive Planning connection: one instance, and who reads it.

    ``login`` and ``password`` of a user; or, where users come from Workday, ``client_id`` of an API client with the JWT bearer grant,
    ``isu_user``, ``workday_host``, ``workday_tenant`` and the client's ``private_key``, as PEM text or in a file. ``instance_code`` is needed
    where the user sees several instances. ``versions``, ``years`` and ``account_roots`` narrow what is read; ``columns`` gives the hub's names
    of dimensions and accounts that the instance calls otherwise; ``company_depth`` is how deep the levels lie that are companies.
    """

    login: str = ""
    password: str = ""
    client_id: str = ""
    isu_user: str = ""
    private_key: str = ""
    private_key_file: str = ""
    workday_host: str = ""
    workday_tenant: str = ""
    base_url: str = "https://api.adaptiveinsights.com/api"
    api_version: int = 40
    instance_code: str = ""
    locale: str = LOCALE
    versions: str | list[str] = ""
    years: str | list[str] = ""
    account_roots: str | list[str] = ""
    columns: dict[str, str] = {}
    company_depth: int = 1
    read_locked: bool = True
    check_rows: bool = True
    timeout_seconds: float = 300.0

    def __post_init__(self) -> None:
        by_workday = bool(self.client_id and self.isu_user and self.workday_host and self.workday_tenant)
        by_workday = by_workday and bool(self.private_key or self.private_key_file)
        if bool(self.login and self.password) == by_workday:
            raise ValueError(
                "either login and password, or client_id, isu_user, private_key (or private_key_file), workday_host and workday_tenant are needed"
            )
        if self.locale != LOCALE:
            raise ValueError(f"locale must be {LOCALE}: numbers and periods are read as it writes them")
        if self.api_version <= 0 or self.company_depth < 0 or self.timeout_seconds <= 0:
            raise ValueError("api_version and timeout_seconds must be positive, company_depth must not be negative")

    @property
    def wanted_versions(self) -> tuple[str, ...]:
        """Names of versions; none: all that hold plans of their own."""
        return _listed(self.versions)

    @property
    def wanted_years(self) -> tuple[str, ...]:
        """Codes of fiscal years; none: all."""
        return _listed(self.years)

    @property
    def wanted_roots(self) -> tuple[str, ...]:
        """Codes of accounts that are read with all below them; none: all."""
        return _listed(self.account_roots)

    def __repr__(self) -> str:
        return f"AdaptiveSettings({self.login or self.isu_user!r})"


def _listed(told: str | list[str]) -> tuple[str, ...]:
    return tuple(each.strip() for each in (told.split(",") if isinstance(told, str) else told) if each.strip())


def client(connection: Connection[AdaptiveSettings]) -> ApiClient:
    """A client of the XML API; what proves a call travels in its body."""
    longest = connection.settings.timeout_seconds
    policy = Policy(retries=3, read_timeout=longest, deadline=4 * longest, throttle_pause=5.0, max_body_bytes=_LONGEST_BODY)
    return ApiClient(connection.name, connection.settings.base_url, NoAuth(), policy)


def _credentials(connection: Connection[AdaptiveSettings]) -> Credentials:
    settings, name = connection.settings, connection.name
    if settings.login:
        return Password(settings.login, settings.password)
    told = settings.private_key.replace("\\n", "\n")  # as environment variables carry it
    key = told or Path(settings.private_key_file).expanduser().read_text(encoding="utf-8")
    prove = signed_assertion(name, settings.client_id, settings.isu_user, key)
    return WorkdayToken(name, connection.tokens, settings.workday_host, settings.workday_tenant, prove)


def _session(connection: Connection[AdaptiveSettings], api: ApiClient, archive: Archive, seen: dict[str, Answer]) -> Session:
    settings = connection.settings
    asked = Asked(api, _credentials(connection), settings.api_version, settings.instance_code)
    return Session(asked, archive, connection.name, settings, seen)


def source(connection: Connection[AdaptiveSettings], unavailable: Unavailable | None = None) -> Any:
    """The dlt source: one resource per listing; only dimensions may be missing."""
    archive = Archive(connection.archive, "adaptive", connection.name)
    seen: dict[str, Answer] = {}

    def read(endpoint: Endpoint, state: State) -> Iterator[Any]:
        with client(connection) as api:
            session = _session(connection, api, archive, seen)
            yield from reading.READERS.get(endpoint.name, reading.tree)(session, endpoint, state)

    return assemble("adaptive", records.ENDPOINTS, read, essential=_ESSENTIAL, unavailable=unavailable)


def check(connection: Connection[AdaptiveSettings]) -> list[Finding]:
    """Tell in plain words whether the credentials are good, and which versions, companies and accounts would be read."""
    findings = []
    with client(connection) as api:
        session = _session(connection, api, Archive(connection.archive, "adaptive", connection.name), {})
        subjects = (
            ("versions", lambda: _named(session)),
            ("levels", lambda: _companies(session)),
            ("accounts", lambda: f"readable ({sum(1 for _ in session.accounts().output.iter('account'))} accounts)"),
            ("cells", lambda: _rows(session)),
        )
        for subject, ask in subjects:
            try:
                findings.append(Finding(ok=True, subject=subject, message=ask()))
            except SourceError as trouble:
                findings.append(Finding(ok=False, subject=subject, message=str(trouble)))
                break
    return findings


def _named(session: Session) -> str:
    found = [version.name for version in reading.chosen(session)]
    if not found:
        raise SourceError("the user sees no version that holds plans; check the user's rights.")
    return f"{len(found)} to read: {', '.join(found)}"


def _companies(session: Session) -> str:
    depth = session.settings.company_depth
    levels = list(session.levels().output.iter("level"))
    found = [each.get("name", "") for each in levels if sum(1 for _ in each.iterancestors("level")) == depth - 1]
    if depth and not found:
        raise SourceError(f"no level lies {depth} deep: correct company_depth, or 0 where the plan is that of one company.")
    return f"readable ({len(levels)} levels); companies: {', '.join(found) or 'that of the connection'}"


def _rows(session: Session) -> str:
    version = reading.chosen(session)[-1]
    answer = reading.export(session, version, version.years[-1])
    rows = 0 if answer is None else reading.tidy(session, version, answer).num_rows
    return f"readable ({rows} cells of {version.name}, {version.years[-1].code})"


__all__ = ["AdaptiveSettings", "check", "client", "source"]

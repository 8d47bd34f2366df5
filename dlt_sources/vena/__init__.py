"""Vena: the plans of one model, through the public API v1.

Cells are the values of intersections, read slice by slice. Vena has no feed of changes and no mark of the last one: all is read each time
and compared cell by cell. Deliberately absent: ETL jobs, which change the model, and attributes and line item details, which only they export.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from dlt_sources.assembly import State, assemble
from dlt_sources.connection import Connection, Finding, Unavailable
from dlt_sources.http import ApiClient, NotFound, PermissionMissing, Policy, RateLimit, Reply, SourceError, basic
from dlt_sources.records import Archive
from dlt_sources.records.intake import Endpoint
from dlt_sources.vena import reading, records
from dlt_sources.vena.reading import Session
from dlt_sources.vena.records import Model
from dlt_sources.vena.wire import Asked

_ESSENTIAL = frozenset({"members", "cells"})
_LARGEST_PAGE, _LAST_MONTH = 100_000, 12


class VenaSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keys of a Vena connection: one model, and an application token.

    ``hub`` is the region in the address after the login (us1, us2, ca3, eu1); ``base_url`` stands in its place. ``filters`` are sent with
    every call: a list of tables such as ``{ field = "Entity", eq = "UK01" }``, or their JSON; with ``filter_style`` ``mql`` an expression.
    ``slice_by`` names the dimensions whose members are asked for one at a time. ``columns`` gives the hub's names of dimensions and members
    that the model calls otherwise. ``throttle_pause`` is waited, in seconds, when Vena says that calls are too many.
    """

    api_user: str
    api_key: str
    model_id: str
    hub: str = ""
    base_url: str = ""
    page_size: int = 50_000
    filters: str | list[dict[str, Any]] = ""
    filter_style: str = "json"
    slice_by: str | list[str] = "Scenario, Year"
    drop_repeated_header: bool = True
    columns: dict[str, str] = {}
    fiscal_year_end_month: int = 12
    calls_per_5_minutes: int = 290
    throttle_pause: float = 60.0

    def __post_init__(self) -> None:
        if not self.api_user or not self.api_key or not self.model_id:
            raise ValueError("api_user and api_key of an application token, and model_id, are needed")
        if bool(self.hub) == bool(self.base_url):
            raise ValueError("either hub (us1, us2, ca3, eu1) or base_url is needed")
        if not 1 <= self.page_size <= _LARGEST_PAGE:
            raise ValueError(f"page_size must be between 1 and {_LARGEST_PAGE}")
        if self.filter_style not in {"json", "mql"}:
            raise ValueError("filter_style must be json or mql")
        if self.filter_style == "mql" and not isinstance(self.filters, str):
            raise ValueError("filters must be an expression such as dimension('Entity':'UK01') where filter_style is mql")
        if any("field" not in each for each in self.conditions):
            raise ValueError('filters must be objects such as {"field": "Entity", "eq": "UK01"}')
        if not 1 <= self.fiscal_year_end_month <= _LAST_MONTH:
            raise ValueError("fiscal_year_end_month must be between 1 and 12")
        if self.calls_per_5_minutes <= 0 or self.throttle_pause < 0:
            raise ValueError("calls_per_5_minutes must be positive, throttle_pause not negative")

    @property
    def conditions(self) -> list[dict[str, Any]]:
        """Filters of every call, as JSON; none where they are an expression."""
        if not isinstance(self.filters, str):
            return self.filters
        if self.filter_style == "mql" or not self.filters:
            return []
        try:
            return msgspec.json.decode(self.filters, type=list[dict[str, Any]])
        except msgspec.DecodeError:
            raise ValueError('filters must be a list of objects such as {"field": "Entity", "eq": "UK01"}') from None

    @property
    def expression(self) -> str:
        """Filters of every call, as an expression of the model query language."""
        return self.filters if self.filter_style == "mql" and isinstance(self.filters, str) else ""

    @property
    def sliced_by(self) -> tuple[str, ...]:
        """The dimensions, as the hub calls them, whose members are asked for one at a time."""
        told = self.slice_by.split(",") if isinstance(self.slice_by, str) else self.slice_by
        return tuple(name.strip() for name in told if name.strip())

    def __repr__(self) -> str:
        return f"VenaSettings({self.model_id!r})"


def client(connection: Connection[VenaSettings]) -> ApiClient:
    """A client of the public API."""
    settings = connection.settings
    policy = Policy(
        retries=6,
        max_delay=360.0,
        read_timeout=300.0,
        deadline=1800.0,
        throttle_pause=settings.throttle_pause,
        limits=(RateLimit(settings.calls_per_5_minutes, 300.0),),
    )
    address = settings.base_url or f"https://{settings.hub}.vena.io/api/public/v1"
    auth = basic(settings.api_user, settings.api_key)
    return ApiClient(connection.name, address, auth, policy, pacer=connection.pacer(policy.limits))


def _asked(api: ApiClient, settings: VenaSettings) -> Asked:
    return Asked(api, settings.model_id, settings.page_size, settings.drop_repeated_header)


def source(connection: Connection[VenaSettings], unavailable: Unavailable | None = None) -> Any:
    """The dlt source: one resource per listing; without members or cells there is no plan."""
    settings = connection.settings
    archive = Archive(connection.archive, "vena", connection.name)
    seen: dict[str, tuple[Reply, list[msgspec.Raw]]] = {}

    def read(endpoint: Endpoint, state: State) -> Iterator[Any]:
        with client(connection) as api:
            asked = _asked(api, settings)
            session = Session(asked, archive, connection.name, settings, seen)
            try:
                yield from reading.READERS.get(endpoint.name, reading.models)(session, endpoint, state)
            except NotFound as missing:
                raise asked.explained(missing) from missing

    return assemble("vena", records.ENDPOINTS, read, essential=_ESSENTIAL, unavailable=unavailable)


def check(connection: Connection[VenaSettings]) -> list[Finding]:
    """Tell in plain words whether the token is good, the model can be read, its dimensions are known, and it has cells."""
    settings, findings = connection.settings, []
    with client(connection) as api:
        asked = _asked(api, settings)
        subjects = (
            ("model", lambda: _named(asked, settings)),
            ("dimensions", lambda: _known(asked, settings)),
            ("cells", lambda: _first(asked, settings)),
        )
        for subject, ask in subjects:
            try:
                findings.append(Finding(ok=True, subject=subject, message=ask()))
            except SourceError as trouble:
                trouble = asked.explained(trouble) if isinstance(trouble, NotFound) else trouble
                findings.append(Finding(ok=False, subject=subject, message=str(trouble)))
                break
    return findings


def _named(asked: Asked, settings: VenaSettings) -> str:
    try:
        _, rows = asked.models()
    except (NotFound, PermissionMissing):
        return "the list of models is not readable, which does no harm"
    found = {str(model.id): model.name or "" for model in (msgspec.json.decode(row, type=Model) for row in rows)}
    if settings.model_id not in found:
        told = ", ".join(f"{name} ({number})" for number, name in found.items()) or "none"
        raise SourceError(f"The token does not see the model {settings.model_id}; it sees {told}.")
    return f"'{found[settings.model_id]}' is listed"


def _known(asked: Asked, settings: VenaSettings) -> str:
    found = reading.members_of(asked.hierarchy()[1])
    reading.refuse_unknown(found, settings)
    return f"readable ({len(found)} members, to be read in {len(reading.slices(found, settings))} slices)"


def _first(asked: Asked, settings: VenaSettings) -> str:
    sheet = next(asked.pages(reading.asked_for({}, settings), 1))
    if not sheet.rows:
        raise SourceError(
            "No cell is readable, though the model is: give the token data permission for the model (Admin, Application Tokens), and check "
            "that filters name members at the bottom of their dimension."
        )
    reading.tidy(sheet, {}, settings)
    return f"readable ({', '.join(sheet.headers)})"


__all__ = ["VenaSettings", "check", "client", "source"]

"""What a firm decides: ``hub.toml``, ``secrets.toml`` and the environment, checked before anything runs.

Later wins: ``hub.toml`` (in the home, else in the working directory), ``secrets.toml`` beside it (mode 0600), the environment
(``FINANCE_HUB_CONNECTIONS__UK_BOOKS__CLIENT_SECRET``). Every error is one sentence that names the key and where to set it.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

import msgspec

from dlt_sources.catalog import SYSTEMS
from dlt_sources.http import OffOrigin, origin

_PREFIX = "FINANCE_HUB_"
_OWN = frozenset({"reporting_currency", "as_of_date", "connections", "alerts", "closing"})
_NAME = re.compile(r"^[a-z][a-z0-9_]{0,62}$")


class SettingsError(Exception):
    """A setting is missing or wrong."""


@dataclass(frozen=True)
class ConnectionSettings:
    """One connection: ``keys`` are the vendor's own, typed by the system's declaration; reference data has no entity."""

    name: str
    system: str
    entity: str
    keys: msgspec.Struct = field(repr=False)

    @property
    def entity_id(self) -> str:
        """``Meridian UK Ltd`` as ``meridian_uk_ltd``."""
        return re.sub(r"[^a-z0-9]+", "_", self.entity.lower()).strip("_")


@dataclass(frozen=True)
class Alerting:
    """Who is told, and when: Apprise addresses, for everything and by department. Addresses hold secrets, so none is ever shown.

    Warnings wait for ``digest_at`` (UTC) and go out together, where it is set; what is critical goes out at once. What nobody has
    acknowledged after ``escalate_after`` is told to ``escalate_to``.
    """

    targets: tuple[str, ...] = field(default=(), repr=False)
    departments: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    digest_at: time | None = None
    escalate_after: timedelta | None = None
    escalate_to: tuple[str, ...] = field(default=(), repr=False)

    def targets_of(self, department: str) -> tuple[str, ...]:
        """The addresses for an alert: those of its department where there are any, else those for everything."""
        return self.departments.get(department) or self.targets

    @property
    def every_target(self) -> tuple[str, ...]:
        """All addresses, each once."""
        departments = (address for each in self.departments.values() for address in each)
        return tuple(dict.fromkeys([*self.targets, *departments, *self.escalate_to]))


@dataclass(frozen=True)
class Closing:
    """Until when an entity's books are closed, and what becomes of a change before that day.

    ``changes`` is block (publishing stops until somebody decides), adjust (the closed months stay as they were, the change stands in
    the first open one) or restate (the closed months change, for a ``reason`` that is kept).
    """

    until: date
    changes: str = "block"
    reason: str = ""


@dataclass(frozen=True)
class Settings:
    """Checked settings of one home."""

    home: Path
    reporting_currency: str | None
    """None: that of the books, where all of them have the same, else USD."""
    as_of_date: date
    connections: Mapping[str, ConnectionSettings]
    alerting: Alerting = field(default_factory=Alerting)
    closings: Mapping[str, Closing] = field(default_factory=dict)
    """By entity id."""

    @property
    def warehouse(self) -> Path:
        """The file that runs write."""
        return warehouse_of(self.home)


def warehouse_of(home: Path) -> Path:
    """The warehouse of a home. Not ``hub.duckdb``: DuckDB would confuse the file's name with the schema ``hub``."""
    return home / "warehouse" / "warehouse.duckdb"


def load(home: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """Read and check the settings of a home.

    Raises :class:`SettingsError`.
    """
    environment = os.environ if environment is None else environment
    home = home.resolve()
    found = next((folder / "hub.toml" for folder in (home, Path.cwd()) if (folder / "hub.toml").is_file()), None)
    values: dict[str, Any] = {}
    if found is not None:
        values = _read_toml(found)
        _merge(values, _read_secrets(found.with_name("secrets.toml")))
    _merge(values, _from_environment(environment))
    where = str(found) if found else f"hub.toml in {home}"
    if unknown := sorted(values.keys() - _OWN):
        raise SettingsError(f"{where}: '{unknown[0]}' is not a setting; known are {', '.join(sorted(_OWN))}.")
    connections = values.get("connections", {})
    if not isinstance(connections, dict):
        raise SettingsError(f"{where}: 'connections' holds one table per connection, such as [connections.uk_books].")
    return Settings(
        home=home,
        reporting_currency=_currency(values.get("reporting_currency"), where),
        as_of_date=_as_of(values.get("as_of_date"), where),
        connections={name: _connection(name, keys, where) for name, keys in connections.items()},
        alerting=_alerting(values.get("alerts", {}), where),
        closings=_closings(values.get("closing", {}), where),
    )


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as trouble:
        raise SettingsError(f"{path} is not valid TOML: {trouble}.") from trouble


def _read_secrets(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    if path.stat().st_mode & 0o077:
        raise SettingsError(f"{path} can be read by other users: run chmod 600 on it.")
    return _read_toml(path)


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in environment.items():
        path = name.removeprefix(_PREFIX).lower().split("__")
        if name.startswith(_PREFIX) and path[0] in _OWN:
            place = values
            for part in path[:-1]:
                place = place.setdefault(part, {})
            place[path[-1]] = value
    return values


def _merge(values: MutableMapping[str, Any], more: Mapping[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, Mapping) and isinstance(values.get(key), MutableMapping):
            _merge(values[key], value)
        else:
            values[key] = value


def _alerting(values: object, where: str) -> Alerting:
    known = {"targets", "departments", "digest_at", "escalate_after_hours", "escalate_to"}
    if not isinstance(values, dict) or values.keys() - known:
        raise SettingsError(
            f"{where}: 'alerts' holds 'targets', a list of Apprise addresses, 'departments', a table of such lists, 'digest_at', a time such "
            "as \"07:00\", 'escalate_after_hours' and 'escalate_to', a list of addresses."
        )
    departments = values.get("departments", {})
    if not isinstance(departments, dict):
        raise SettingsError(f"{where}: 'alerts.departments' is a table: department = [\"address\"].")
    hours, digest_at = values.get("escalate_after_hours"), values.get("digest_at")
    if hours is not None and (not isinstance(hours, int | float) or hours <= 0):
        raise SettingsError(f"{where}: 'alerts.escalate_after_hours' is a number of hours above 0.")
    escalate_after = None if hours is None else timedelta(hours=hours)
    try:
        at = digest_at if digest_at is None or isinstance(digest_at, time) else time.fromisoformat(str(digest_at))
    except ValueError:
        raise SettingsError(f"{where}: 'alerts.digest_at' is a time of the day in UTC, such as \"07:00\".") from None
    escalate_to = _addresses(values.get("escalate_to", []), where, "alerts.escalate_to")
    if (escalate_after is None) != (not escalate_to):
        raise SettingsError(f"{where}: 'alerts.escalate_after_hours' and 'alerts.escalate_to' go together.")
    return Alerting(
        _addresses(values.get("targets", []), where, "alerts.targets"),
        {name: _addresses(each, where, f"alerts.departments.{name}") for name, each in departments.items()},
        at,
        escalate_after,
        escalate_to,
    )


def _closings(values: object, where: str) -> dict[str, Closing]:
    if not isinstance(values, dict) or not all(isinstance(each, dict) for each in values.values()):
        raise SettingsError(
            f"{where}: 'closing' holds one table per entity, such as [closing.example_uk_ltd] with until = 2026-03-31."
        )
    found = {}
    for entity_id, keys in values.items():
        here = f"closing.{entity_id}"
        if unknown := sorted(keys.keys() - {"until", "changes", "reason"}):
            raise SettingsError(f"{where}: '{here}.{unknown[0]}' is not a setting; known are until, changes, reason.")
        try:
            until = keys["until"] if isinstance(keys["until"], date) else date.fromisoformat(str(keys["until"]))
        except (KeyError, ValueError):
            raise SettingsError(f"{where}: '{here}.until' must be the last closed day, such as 2026-03-31.") from None
        changes, reason = str(keys.get("changes", "block")), str(keys.get("reason", ""))
        if changes not in {"block", "adjust", "restate"}:
            raise SettingsError(f"{where}: '{here}.changes' must be block, adjust or restate, not {changes!r}.")
        if changes == "restate" and not reason.strip():
            raise SettingsError(f"{where}: '{here}.reason' must say why closed months are restated: it is kept with them.")
        found[entity_id] = Closing(until, changes, reason)
    return found


def _addresses(value: object, where: str, key: str) -> tuple[str, ...]:
    """A list of addresses, or one text with blanks between (the environment has no lists)."""
    found = value.split() if isinstance(value, str) else value
    if not isinstance(found, list) or not all(isinstance(each, str) and "://" in each for each in found):
        raise SettingsError(f"{where}: '{key}' must be a list of Apprise addresses such as \"mailto://user:password@example.com\".")
    return tuple(found)


def _currency(value: object, where: str) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not re.fullmatch(r"[A-Z]{3}", value):
        raise SettingsError(f"{where}: 'reporting_currency' must be a three-letter code such as USD, not {value!r}.")
    return value


def _as_of(value: object, where: str) -> date:
    if value is None:
        return date.today()  # noqa: DTZ011 - the firm's own day
    try:
        return value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError:
        raise SettingsError(f"{where}: 'as_of_date' must be a date such as 2026-06-30, not {value!r}.") from None


def _connection(name: str, keys: object, where: str) -> ConnectionSettings:
    here = f"connections.{name}"
    if not _NAME.match(name):
        raise SettingsError(f"{where}: the connection name '{name}' must be lower case letters, digits and underscores.")
    if not isinstance(keys, dict):
        raise SettingsError(f"{where}: '{here}' must be a table.")
    values = dict(keys)
    system, entity = values.pop("system", None), values.pop("entity", None)
    if system not in SYSTEMS:
        raise SettingsError(f"{where}: '{here}.system' must be one of {', '.join(SYSTEMS)}, not {system!r}.")
    if entity is None and SYSTEMS[system].kind == "reference":
        entity = ""
    elif not isinstance(entity, str) or not entity.strip():
        raise SettingsError(f"{where}: '{here}.entity' must be the name of the company whose books these are.")
    try:
        typed = msgspec.convert(values, type=SYSTEMS[system].settings, strict=False)
    except msgspec.ValidationError as trouble:
        raise SettingsError(
            f"{where}: '{here}': {trouble}. Set it there, in secrets.toml, or as {_PREFIX}CONNECTIONS__{name.upper()}__<KEY>."
        ) from None
    for key in ("base_url", "token_url"):
        address = getattr(typed, key, None)
        if address is not None:
            try:
                origin(address)
            except OffOrigin as trouble:
                raise SettingsError(f"{where}: '{here}.{key}': {trouble}") from None
    return ConnectionSettings(name, str(system), entity, typed)

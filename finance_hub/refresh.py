"""One whole run: extract, load, build, check, publish. Readers keep the former snapshot until everything is green."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

from dlt_sources.http import SourceError
from finance_hub import ingestion, models, publish, warehouse
from finance_hub.ingestion import Loaded
from finance_hub.models import Built
from finance_hub.settings import Settings, SettingsError

Tell = Callable[[str], None]


@dataclass
class Outcome:
    """What a run did. ``problems`` is empty exactly when a snapshot was published."""

    loaded: list[Loaded] = field(default_factory=list)
    built: Built | None = None
    snapshot: Path | None = None
    problems: list[str] = field(default_factory=list)


def refresh(settings: Settings, only: Collection[str] = (), tell: Tell = lambda _line: None) -> Outcome:
    """Run everything, or only the named connections' extraction before the rest; ``tell`` hears of each step.

    A source that fails does not keep the others from loading, but keeps the run from publishing.
    """
    if unknown := sorted(set(only) - settings.connections.keys()):
        known = ", ".join(settings.connections) or "none"
        raise SettingsError(f"There is no connection '{unknown[0]}'; known are: {known}.")
    outcome = Outcome()
    warehouse.prepare(settings)
    for name in only or settings.connections:
        connection = settings.connections[name]
        tell(f"Reading {name} ({connection.system})")
        try:
            outcome.loaded.append(ingestion.load(settings, ingestion.extract(settings, connection)))
        except Exception as trouble:  # noqa: BLE001 - whatever a source meets, the others go on and the run says so
            message = _cause(trouble)
            ingestion.note_failure(settings, connection, message)
            outcome.problems.append(message)
    tell("Building and checking the models")
    outcome.built = models.build(settings)
    outcome.problems += outcome.built.failed
    if not outcome.problems:
        tell("Publishing")
        outcome.snapshot = publish.publish(settings)
    return outcome


def _cause(trouble: BaseException) -> str:
    """The plain sentence of a source's own error, which dlt wraps in several of its own."""
    seen: BaseException | None = trouble
    while seen is not None:
        if isinstance(seen, SourceError):
            return str(seen)
        seen = seen.__cause__ or seen.__context__
    return f"{type(trouble).__name__}: {trouble}"

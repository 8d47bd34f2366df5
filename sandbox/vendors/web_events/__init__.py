"""Web analytics: the events of each entity's site, exported to folders of files that a web server lists as JSON."""

from __future__ import annotations

from pathlib import Path

from sandbox.vendors.file_server import FileServer
from sandbox.vendors.web_events.store import EventStore
from sandbox.vendors.wire import Vendor, VirtualClock

NAME = "web_events"
ACCESS_TOKEN = "sandbox-web-events-token"


def vendor(company: Path, clock: VirtualClock, *, limits: bool = True) -> Vendor:  # noqa: ARG001 - a file server has no limits
    """A file server with a folder for each entity's site, as of the clock's horizon."""
    store = EventStore(company)
    store.move(clock.horizon)
    connections = {
        f"{NAME}_{site}": {"system": NAME, "entity": name, "access_token": ACCESS_TOKEN, "base_url": f"{{url}}/{NAME}/{site}"}
        for site, name in store.sites.items()
    }
    return Vendor(NAME, FileServer(store, ACCESS_TOKEN).app(), store.move, FileServer.error, connections)


def identifiers(company: Path) -> dict[str, dict[str, str]]:
    """Kind of record -> id in the simulated company -> id in the export, for those who score what was found against the truth."""
    return EventStore(company).identifiers()


def write_export(company: Path, site: str, folder: Path, clock: VirtualClock) -> list[Path]:
    """Write the files of one entity's site into a folder, as of the clock's horizon; returns them in order."""
    store = EventStore(company)
    store.move(clock.horizon)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for file in store.files(site):
        path = folder / file.name
        path.write_bytes(store.content(site, file.name) or b"")
        written.append(path)
    return written


__all__ = ["NAME", "identifiers", "vendor", "write_export"]

"""Which objects belong together.

A search does not tell it, so the ties of what changed are read along; and since a tie may come or go while both its objects stay as
they are, all of them are compared from time to time with what was loaded, by a fingerprint of each object's.

The ties of an object are loaded as a whole and in one load with the object itself, for readers of the raw tables: what is older than
its object is void.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from dlt_sources.http import ApiClient
from dlt_sources.hubspot import pages, records
from dlt_sources.records import Archive, to_arrow
from dlt_sources.records.intake import Endpoint, Intake, load_hints

_DIGEST = 6  # bytes: a change goes unnoticed once in 10^14
_NOBODY = ""  # the other end of a tie that stands for the removal of all


@dataclass(frozen=True)
class Ties:
    """The ties from the objects of one type. ``prints`` tells those that are loaded: object id -> fingerprint, 0 without any."""

    kind: str
    api: ApiClient
    archive: Archive
    connection_id: str
    prints: MutableMapping[str, int]

    def strays(self) -> list[str]:
        """Objects whose ties are no longer those that are loaded."""
        told = dict.fromkeys(self.prints, 0)
        for target in self._targets:
            for _, _, rows in pages.ties(self.api, self.kind, target, list(self.prints)):
                _add(told, target, rows)
        return [key for key, fingerprint in told.items() if fingerprint != self.prints[key]]

    def load(self, ids: Iterable[str]) -> Iterator[Any]:
        """Yield the ties of objects, as dlt items."""
        told = dict.fromkeys(ids, 0)
        for target in self._targets:
            endpoint = records.associations(self.kind, target)
            intake = Intake(endpoint, connection_id=self.connection_id, archive=self.archive, known=None)
            lonely = {key for key in told if self.prints.get(key) != 0}
            for reply, raw, rows in pages.ties(self.api, self.kind, target, list(told)):
                yield from intake.take(reply, raw)
                _add(told, target, rows)
                lonely.difference_update(row.from_.id for row in rows)
            yield from intake.finish()
            yield from self._removed(endpoint, sorted(lonely))
        if self._targets:
            self.prints.update(told)

    def drop(self, ids: Iterable[str]) -> Iterator[Any]:
        """Yield the removal of all ties of objects that are gone."""
        gone = sorted(key for key in ids if self.prints.pop(key, 0))
        for target in self._targets:
            yield from self._removed(records.associations(self.kind, target), gone)

    @property
    def _targets(self) -> Sequence[str]:
        return records.TIES.get(self.kind, ())

    def _removed(self, endpoint: Endpoint, ids: Sequence[str]) -> Iterator[Any]:
        """Rows that take the loaded ties of objects away and are not kept themselves."""
        if not ids:
            return
        import dlt

        (table,) = endpoint.tables
        nobody = records.AssociatedObject(to_object_id=_NOBODY, association_types=[records.AssociationType(type_id=0)])
        documents = [records.Associations(from_=records.Reference(id=key), to=[nobody]) for key in ids]
        arrow = to_arrow(documents, [table], connection_id=self.connection_id, page_id=self.archive.run_id).tables[table.name]
        hints = load_hints(table)
        key = ", ".join(hints["merge_key"])
        hints["write_disposition"] |= {
            "destination_scope": f"({key}) in (select {key} from {{staging_table}})",
            "source_filter": f"to_id <> '{_NOBODY}'",
        }
        yield dlt.mark.with_hints(arrow, dlt.mark.make_hints(table_name=table.name, **hints), create_table_variant=True)


def _add(told: MutableMapping[str, int], target: str, rows: Iterable[pages.Tied]) -> None:
    """Add ties to the fingerprints of their objects; a sum, since neither the order of ties nor that of pages has a meaning."""
    for row in rows:
        told[row.from_.id] = (told.get(row.from_.id, 0) + sum(_fingerprint(target, other) for other in row.to)) % 256**_DIGEST


def _fingerprint(target: str, raw: msgspec.Raw) -> int:
    try:
        other = msgspec.json.decode(raw, type=records.AssociatedObject)
        kinds = sorted((kind.type_id, kind.category or "", kind.label or "") for kind in other.association_types)
        text = f"{target}|{other.to_object_id}|{kinds}".encode()
    except msgspec.DecodeError:
        text = target.encode() + bytes(raw)  # the intake sets it aside
    return int.from_bytes(hashlib.blake2b(text, digest_size=_DIGEST).digest())

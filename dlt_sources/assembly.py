"""What every source is made of besides its vendor's own ways: resources for its listings, and a check of the connection.

dlt is imported where a source is built, not with this module: whoever only needs declarations (settings, the command line, the
documentation) starts a second sooner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence
from typing import Any

from dlt_sources.connection import Finding, Unavailable
from dlt_sources.http import NotFound, PermissionMissing, SourceError
from dlt_sources.records.intake import Endpoint

State = MutableMapping[str, Any]
"""What a resource remembers between runs; committed together with its rows."""
Read = Callable[[Endpoint, State], Iterator[Any]]
"""Yields what is new of one listing, as dlt items."""


def assemble(
    system: str, endpoints: Sequence[Endpoint], read: Read, *, essential: Iterable[str] = (), unavailable: Unavailable | None = None
) -> Any:
    """The dlt source of a system: one resource per listing.

    A listing that the credentials may not read, or that does not exist there, is named in ``unavailable`` and the run goes on
    without it, unless it is ``essential``.
    """
    import dlt

    needed = frozenset(essential)
    missing = unavailable if unavailable is not None else Unavailable()

    def resource(endpoint: Endpoint) -> Any:
        @dlt.resource(name=endpoint.name, selected=True)
        def rows() -> Iterator[Any]:
            try:
                yield from read(endpoint, dlt.current.resource_state())
            except (PermissionMissing, NotFound) as refusal:
                if endpoint.name in needed:
                    raise
                for table in endpoint.tables:
                    missing.reasons[table.name] = str(refusal)

        return rows

    @dlt.source(name=system, max_table_nesting=0)
    def source() -> Any:
        return [resource(endpoint) for endpoint in endpoints]

    return source()


def probe(listings: Iterable[tuple[str, Callable[[], int]]]) -> list[Finding]:
    """Try each listing, named as people know it; what is called returns the rows of its first page.

    Stops at a trouble that the others would have too, such as refused credentials.
    """
    findings = []
    for subject, first_page in listings:
        try:
            rows = first_page()
        except SourceError as trouble:
            findings.append(Finding(ok=False, subject=subject, message=str(trouble)))
            if not isinstance(trouble, PermissionMissing | NotFound):
                break
        else:
            findings.append(Finding(ok=True, subject=subject, message=f"readable ({rows} rows on the first page)"))
    return findings

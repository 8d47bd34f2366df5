"""Reads an ad platform: lists whole, and spend from some weeks before the newest day on, since platforms restate it.

What comes again as it was is left out by its fingerprint; a day that is no longer told is taken out. The cursor of an account is the
newest day that it has told, not a clock's: so it is right whatever the time zone, and after a pause of any length.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, Protocol

import msgspec

from dlt_sources.ad_platforms import files
from dlt_sources.ad_platforms.records import AdAccount, Platform
from dlt_sources.assembly import State, assemble, probe
from dlt_sources.connection import Connection, Finding, Unavailable
from dlt_sources.http import IncompleteRead, Reply
from dlt_sources.records import Archive
from dlt_sources.records.intake import Endpoint, Intake

_BATCH_ROWS = 20_000

Pages = Iterator[tuple[Reply, list[msgspec.Raw]]]


class AdSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keys that all platforms have. ``accounts``: ids with commas between, or a list; empty: all that the credentials reach.

    ``path`` is a CSV file, or a folder of them, that stands in place of the platform.
    """

    accounts: str | int | list[str | int] = ""
    restate_days: int = 90
    first_day: str = "2018-01-01"
    days_ahead: int = 1
    path: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.restate_days <= 1000:
            raise ValueError("restate_days must be between 0 and 1000; platforms restate 30 to 90 days")
        if not 0 <= self.days_ahead <= 1000:
            raise ValueError("days_ahead must be between 0 and 1000")
        try:
            date.fromisoformat(self.first_day)
        except ValueError:
            raise ValueError(f"first_day must be a day such as 2018-01-01, not '{self.first_day}'") from None

    @property
    def account_ids(self) -> tuple[str, ...]:
        """The ids, as digits: hyphens and the platforms' prefixes are taken off."""
        given = self.accounts if isinstance(self.accounts, list) else re.split(r"[,\s]+", str(self.accounts))
        return tuple(dict.fromkeys(re.sub(r"^act_|^urn:li:sponsoredAccount:|-", "", str(one)) for one in given if str(one).strip()))

    @property
    def last_day(self) -> date:
        """The last day that is asked for: an account's day may be ahead of UTC's."""
        return datetime.now(UTC).date() + timedelta(days=self.days_ahead)


class Session(Protocol):
    """What a platform's source gives, while its client is open. Rows are documents as the platform's endpoints declare them."""

    def accounts(self) -> Pages:
        """The accounts of the settings, or all that can be reached."""

    def listing(self, endpoint: Endpoint, account: AdAccount) -> Pages:
        """Campaigns, ad groups or ads of an account."""

    def spend(self, account: AdAccount, first: date, last: date) -> Pages:
        """Days of an account, both included."""


Open = Callable[[Connection[Any]], AbstractContextManager[Session]]


def source(platform: Platform, connect: Open, connection: Connection[Any], unavailable: Unavailable | None = None) -> Any:
    """The dlt source of a platform, or of the files that stand in its place.

    Accounts and spend are essential; lists of names that the credentials may not read are named in ``unavailable``.
    """
    archive = Archive(connection.archive, platform.name, connection.name)
    settings: AdSettings = connection.settings
    if settings.path:
        return files.source(platform.name, connection, archive, unavailable)

    def read(endpoint: Endpoint, state: State) -> Iterator[Any]:
        known: dict[str, str] = state.setdefault("known", {})
        with connect(connection) as session:
            if endpoint is platform.spend:
                yield from _Restating(platform, session, connection, archive, state, known).read()
                return
            intake = Intake(endpoint, connection_id=connection.name, archive=archive, known=known)
            for pages in _lists(platform, session, endpoint):
                for reply, rows in pages:
                    yield from intake.take(reply, rows)
            yield from intake.finish()

    essential = (platform.accounts.name, platform.spend.name)
    return assemble(platform.name, platform.endpoints, read, essential=essential, unavailable=unavailable)


def check(platform: Platform, connect: Open, connection: Connection[Any]) -> list[Finding]:
    """Tell in plain words whether the credentials are good and which accounts they reach, or whether the files can be read."""
    settings: AdSettings = connection.settings
    if settings.path:
        return files.check(connection)
    with connect(connection) as session:
        found: list[AdAccount] = []

        def accounts() -> int:
            found.extend(_accounts(platform, session))
            return len(found)

        findings = probe([("accounts", accounts)])
        if not found:
            return findings
        last = settings.last_day
        tries = [
            *(
                (f"{endpoint.name} of {found[0].account_name}", partial(_first, session.listing(endpoint, found[0])))
                for endpoint in platform.endpoints[1:-1]
            ),
            *(
                (f"spend of {account.account_name}", partial(_first, session.spend(account, last - timedelta(days=7), last)))
                for account in found
            ),
        ]
        return [*findings, *probe(tries)]


def _first(pages: Pages) -> int:
    return len(next(pages, (None, []))[1])


def _accounts(platform: Platform, session: Session) -> Iterator[AdAccount]:
    """The accounts, as records."""
    for _, rows in session.accounts():
        for row in rows:
            for found, *_ in platform.accounts.tables[0].rows(msgspec.json.decode(row, type=platform.accounts.document)):
                if isinstance(found, AdAccount):
                    yield found


def _lists(platform: Platform, session: Session, endpoint: Endpoint) -> Iterator[Pages]:
    if endpoint is platform.accounts:
        yield session.accounts()
        return
    for account in list(_accounts(platform, session)):
        yield _labelled_pages(session.listing(endpoint, account), account)


def _labelled_pages(pages: Pages, account: AdAccount) -> Pages:
    """Documents that say whose they are."""
    head = msgspec.json.encode({"_account": account.account_id, "_currency": account.currency or ""})[:-1]
    for reply, rows in pages:
        yield reply, [msgspec.Raw(head + b"," + bytes(row).lstrip()[1:]) for row in rows]


@dataclass
class _Restating:
    """Reads the spend of all accounts in one extraction."""

    platform: Platform
    session: Session
    connection: Connection[Any]
    archive: Archive
    state: State
    known: dict[str, str]

    def read(self) -> Iterator[Any]:
        """Yield what is new or restated, and orders to take out what is no longer told; brings the state up to date."""
        settings: AdSettings = self.connection.settings
        newest: dict[str, str] = self.state.setdefault("newest_days", {})
        noted: list[str] = []
        identity = self.platform.spend.identity

        def note(records: Sequence[Any], _raw: Sequence[msgspec.Raw]) -> Sequence[int]:
            noted.extend(identity(record) for record in records)
            return range(len(records))

        intake = Intake(
            self.platform.spend,
            connection_id=self.connection.name,
            archive=self.archive,
            known=self.known,
            batch_rows=_BATCH_ROWS,
            choose=note,
        )
        for account in list(_accounts(self.platform, self.session)):
            key = account.account_id
            last = newest.get(key)
            first = (
                date.fromisoformat(last) - timedelta(days=settings.restate_days) if last else date.fromisoformat(settings.first_day)
            )
            former = {each for each in self.known if each.startswith(f"{key}|") and each.rpartition("|")[2] >= first.isoformat()}
            noted.clear()
            documents = 0
            for reply, rows in _labelled_pages(self.session.spend(account, first, settings.last_day), account):
                documents += len(rows)
                yield from intake.take(reply, rows)
            if former and not documents:
                raise IncompleteRead(
                    f"Connection '{self.connection.name}': account {key} ({account.account_name}) tells nothing of the days from {first} on, "
                    f"where {len(former)} rows are known; nothing was changed. Check what the credentials may read."
                )
            if documents == len(noted):  # of a document that cannot be read nobody knows which it is
                gone = sorted(former.difference(noted))
                yield from intake.gone([tuple(each.split("|")) for each in gone])
                for each in gone:
                    del self.known[each]
            days = [each.rpartition("|")[2][:10] for each in noted]
            if days:
                newest[key] = max([*days, last or ""])
        yield from intake.finish()
        self._forget(newest, settings.restate_days)

    def _forget(self, newest: Mapping[str, str], restate_days: int) -> None:
        """Keep the fingerprints of the days alone that will be read again."""
        floors = {key: (date.fromisoformat(day) - timedelta(days=restate_days)).isoformat() for key, day in newest.items()}
        self.state["known"] = {
            each: print_ for each, print_ in self.known.items() if each.rpartition("|")[2] >= floors.get(each.partition("|")[0], "")
        }


def slices(first: date, last: date, days: int) -> Iterator[tuple[date, date]]:
    """A span as spans of at most so many days."""
    while first <= last:
        end = min(first + timedelta(days=days - 1), last)
        yield first, end
        first = end + timedelta(days=1)

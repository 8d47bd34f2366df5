"""What has been told, and what is to be told: SQLite, so that a finding and its messages are written together or not at all.

A finding that is bad opens one incident under its key, with one message for each target; while it stays open nothing is added. When
the finding is good again the incident resolves, with a message each. A later breach is a new incident. Whoever observes may be
killed and observe again: the keys are unique.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from finance_hub.alerts.findings import Finding, home_of_outbox
from finance_hub.settings import Alerting

_TABLES = """
create table if not exists incident (
    incident_id integer primary key, alert_key text not null, severity text not null, department text not null, title text not null,
    message text not null, opened_at text not null, resolved_at text);
create unique index if not exists one_open_incident on incident (alert_key) where resolved_at is null;
create table if not exists observed (alert_key text primary key, observed_at text not null);
create table if not exists message (
    message_key text not null, target text not null, incident_id integer not null references incident, event text not null,
    state text not null default 'waiting', attempts integer not null default 0, due_at text not null, sent_at text, trouble text,
    primary key (message_key, target));
"""
_BACKOFF = timedelta(seconds=30)
_LONGEST = timedelta(hours=1)
_ATTEMPTS = 20


@dataclass(frozen=True)
class Incident:
    """Something that is or was wrong."""

    alert_key: str
    severity: str
    department: str
    title: str
    message: str
    opened_at: str
    resolved_at: str | None
    undelivered: int


@dataclass(frozen=True)
class Message:
    """One message to one target; ``target`` is a digest of the address, since addresses hold secrets."""

    key: str
    target: str
    event: str
    title: str
    message: str
    severity: str


def target_id(address: str) -> str:
    """What stands for a target's address in the outbox."""
    return hashlib.sha256(address.encode()).hexdigest()[:16]


class Outbox:
    """The outbox of a home."""

    def __init__(self, home: Path) -> None:
        self._path = home_of_outbox(home) / "outbox.sqlite"
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._open() as database:
            for statement in _TABLES.split(";"):
                database.execute(statement)

    def observe(
        self, findings: Sequence[Finding], alerting: Alerting, *, complete: str = "", undecided: Collection[str] = ()
    ) -> int:
        """Open and resolve incidents by what was found; returns how many were opened.

        ``complete`` is the prefix of keys of which ``findings`` tells all: an open incident under it that was not found, and is not
        ``undecided``, has resolved too. A finding older than the last one of its key is passed over.
        """
        opened = 0
        with self._open() as database:
            latest = dict(database.execute("select alert_key, observed_at from observed"))
            open_now = {key for (key,) in database.execute("select alert_key from incident where resolved_at is null")}
            fresh = [each for each in findings if latest.get(each.key, "") <= _iso(each.observed_at)]
            for finding in fresh:
                if finding.is_bad and finding.key not in open_now:
                    opened += 1
                    self._open_incident(database, finding, alerting)
                elif not finding.is_bad and finding.key in open_now:
                    self._resolve(database, finding.key, alerting)
                database.execute("insert or replace into observed values (?, ?)", [finding.key, _iso(finding.observed_at)])
            if complete:
                told = {finding.key for finding in findings} | set(undecided)
                for key in sorted(open_now - told):
                    if key.startswith(complete):
                        self._resolve(database, key, alerting)
        return opened

    def incidents(self, *, resolved: bool = False) -> list[Incident]:
        """The open incidents, the worst first; with ``resolved`` those of the past too."""
        with self._open() as database:
            rows = database.execute(
                f"""
                select alert_key, severity, department, title, message, opened_at, resolved_at,
                    (select count(*) from message where message.incident_id = incident.incident_id and state <> 'sent')
                from incident {"" if resolved else "where resolved_at is null"}
                order by resolved_at is not null, severity <> 'critical', opened_at, incident_id
                """
            ).fetchall()
        return [Incident(*row) for row in rows]

    def recover(self) -> None:
        """Take back what a killed sender had in hand. The caller is the only sender.

        Such a message may have arrived: it goes out again under the same key, by which a receiver knows it.
        """
        with self._open() as database:
            database.execute("update message set state = 'waiting' where state = 'sending'")

    def claim(self, targets: Collection[str], now: datetime) -> Message | None:
        """The next message that is due for one of the targets, marked as being sent."""
        marks = ", ".join("?" * len(targets))
        with self._open() as database:
            row = database.execute(
                f"""
                select message_key, target, event, title, message, severity from message join incident using (incident_id)
                where state = 'waiting' and due_at <= ? and target in ({marks}) order by message.rowid limit 1
                """,
                [_iso(now), *targets],
            ).fetchone()
            if row is None:
                return None
            database.execute("update message set state = 'sending' where message_key = ? and target = ?", row[:2])
        return Message(*row)

    def sent(self, message: Message, now: datetime) -> None:
        """Note that a message was delivered."""
        with self._open() as database:
            database.execute(
                "update message set state = 'sent', attempts = attempts + 1, sent_at = ?, trouble = null where message_key = ? and target = ?",
                [_iso(now), message.key, message.target],
            )

    def not_sent(self, message: Message, now: datetime, trouble: str) -> None:
        """Note that a message could not be delivered; it is due again later, with growing pauses, and given up in the end."""
        with self._open() as database:
            attempts = (
                1
                + database.execute(
                    "select attempts from message where message_key = ? and target = ?", [message.key, message.target]
                ).fetchone()[0]
            )
            pause = min(_BACKOFF * 2 ** (attempts - 1), _LONGEST)
            database.execute(
                "update message set state = ?, attempts = ?, due_at = ?, trouble = ? where message_key = ? and target = ?",
                [
                    "given up" if attempts >= _ATTEMPTS else "waiting",
                    attempts,
                    _iso(now + pause),
                    trouble,
                    message.key,
                    message.target,
                ],
            )

    def _open_incident(self, database: sqlite3.Connection, finding: Finding, alerting: Alerting) -> None:
        cursor = database.execute(
            "insert into incident (alert_key, severity, department, title, message, opened_at) values (?, ?, ?, ?, ?, ?)",
            [finding.key, finding.severity, finding.department, finding.title, finding.message, _iso(finding.observed_at)],
        )
        self._tell(database, int(cursor.lastrowid or 0), "opened", finding.department, alerting)

    def _resolve(self, database: sqlite3.Connection, key: str, alerting: Alerting) -> None:
        incident_id, department = database.execute(
            "select incident_id, department from incident where alert_key = ? and resolved_at is null", [key]
        ).fetchone()
        database.execute("update incident set resolved_at = ? where incident_id = ?", [_iso(datetime.now(UTC)), incident_id])
        self._tell(database, incident_id, "resolved", department, alerting)

    def _tell(self, database: sqlite3.Connection, incident_id: int, event: str, department: str, alerting: Alerting) -> None:
        now = _iso(datetime.now(UTC))
        for address in alerting.targets_of(department):
            database.execute(
                "insert into message (message_key, target, incident_id, event, due_at) values (?, ?, ?, ?, ?)",
                [f"{incident_id}-{event}", target_id(address), incident_id, event, now],
            )

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """One transaction, durable when it ends."""
        database = sqlite3.connect(self._path, timeout=30, isolation_level=None)
        try:
            database.execute("pragma synchronous = full")
            database.execute("begin immediate")
            yield database
            database.execute("commit")
        except BaseException:
            if database.in_transaction:
                database.execute("rollback")
            raise
        finally:
            database.close()


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

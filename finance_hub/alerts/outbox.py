"""What has been told, and what is to be told: SQLite, so that a finding and its messages are written together or not at all.

A finding that is bad opens one incident under its key, with one message for each target; while it stays open nothing is added. When
the finding is good again the incident resolves, with a message each. A later breach is a new incident. Whoever observes may be
killed and observe again: the keys are unique.

Somebody may acknowledge an incident, which stops its escalation, or have its key kept quiet for a while: what is still wrong when the
quiet ends is told then, once. Warnings may wait for a digest: the messages to one target that share a bundle go out as one.
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
    message text not null, opened_at text not null, resolved_at text, acknowledged_at text, acknowledged_by text, escalated_at text);
create unique index if not exists one_open_incident on incident (alert_key) where resolved_at is null;
create table if not exists observed (alert_key text primary key, observed_at text not null);
create table if not exists quiet (alert_key text primary key, quiet_until text not null, quiet_by text not null);
create table if not exists message (
    message_key text not null, target text not null, incident_id integer not null references incident, event text not null,
    state text not null default 'waiting', attempts integer not null default 0, due_at text not null, sent_at text, trouble text,
    bundle text, primary key (message_key, target));
"""
_ADDED = {"incident": ("acknowledged_at", "acknowledged_by", "escalated_at"), "message": ("bundle",)}
"""Columns that outboxes of older versions lack."""
_BACKOFF = timedelta(seconds=30)
_LONGEST = timedelta(hours=1)
_ATTEMPTS = 20


@dataclass(frozen=True)
class Incident:
    """Something that is or was wrong; moments are in UTC, ISO 8601."""

    number: int
    alert_key: str
    severity: str
    department: str
    title: str
    message: str
    opened_at: str
    resolved_at: str | None
    acknowledged_by: str | None
    quiet_until: str | None
    undelivered: int


class NotOpenError(Exception):
    """No open incident has the number."""


@dataclass(frozen=True)
class Message:
    """One message to one target; ``target`` is a digest of the address, since addresses hold secrets.

    ``event`` is opened, resolved, escalated or reminded. Messages of one ``bundle`` to one target go out together.
    """

    key: str
    target: str
    event: str
    title: str
    message: str
    severity: str
    bundle: str | None


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
            for table, columns in _ADDED.items():
                there = {row[1] for row in database.execute(f"pragma table_info({table})")}
                for column in columns:
                    if column not in there:
                        database.execute(f"alter table {table} add column {column} text")

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
                select incident_id, alert_key, severity, department, title, message, opened_at, resolved_at, acknowledged_by, quiet_until,
                    (select count(*) from message where message.incident_id = incident.incident_id and state <> 'sent')
                from incident left join quiet using (alert_key) {"" if resolved else "where resolved_at is null"}
                order by resolved_at is not null, severity <> 'critical', opened_at, incident_id
                """
            ).fetchall()
        return [Incident(*row) for row in rows]

    def acknowledge(self, number: int, by: str, now: datetime) -> str:
        """Note that somebody takes care of an open incident; returns its title. Raises :class:`NotOpenError`."""
        with self._open() as database:
            _, title = self._open_one(database, number)
            database.execute(
                "update incident set acknowledged_at = ?, acknowledged_by = ? where incident_id = ?", [_iso(now), by, number]
            )
        return title

    def keep_quiet(self, number: int, until: datetime, by: str) -> str:
        """Tell nothing of what an open incident is about until a moment; returns its title. Raises :class:`NotOpenError`."""
        with self._open() as database:
            alert_key, title = self._open_one(database, number)
            database.execute("insert or replace into quiet values (?, ?, ?)", [alert_key, _iso(until), by])
        return title

    def follow_up(self, alerting: Alerting, now: datetime) -> int:
        """Tell again what time makes due: incidents nobody acknowledged, and those whose quiet has ended; returns how many."""
        told = 0
        with self._open() as database:
            ended = database.execute(
                "select incident_id, severity, department from incident join quiet using (alert_key) where resolved_at is null and quiet_until <= ?",
                [_iso(now)],
            ).fetchall()
            database.execute("delete from quiet where quiet_until <= ?", [_iso(now)])
            for number, severity, department in ended:
                told += 1
                self._tell(database, number, "reminded", severity, alerting, alerting.targets_of(department), now)
            if alerting.escalate_after is not None:
                late = database.execute(
                    """
                    select incident_id, severity from incident left join quiet using (alert_key)
                    where resolved_at is null and acknowledged_at is null and escalated_at is null and quiet_until is null and opened_at <= ?
                    """,
                    [_iso(now - alerting.escalate_after)],
                ).fetchall()
                for number, _severity in late:
                    told += 1
                    database.execute("update incident set escalated_at = ? where incident_id = ?", [_iso(now), number])
                    self._tell(database, number, "escalated", "critical", alerting, alerting.escalate_to, now)
        return told

    def recover(self) -> None:
        """Take back what a killed sender had in hand. The caller is the only sender.

        Such a message may have arrived: it goes out again under the same key, by which a receiver knows it.
        """
        with self._open() as database:
            database.execute("update message set state = 'waiting' where state = 'sending'")

    def claim(self, targets: Collection[str], now: datetime) -> list[Message]:
        """The next message that is due for one of the targets, with those of its bundle to the same, marked as being sent."""
        marks = ", ".join("?" * len(targets))
        columns = "message_key, target, event, title, message, severity, bundle from message join incident using (incident_id)"
        with self._open() as database:
            row = database.execute(
                f"select {columns} where state = 'waiting' and due_at <= ? and target in ({marks}) order by message.rowid limit 1",
                [_iso(now), *targets],
            ).fetchone()
            if row is None:
                return []
            rows = [row]
            if row[-1] is not None:
                rows = database.execute(
                    f"select {columns} where state = 'waiting' and target = ? and bundle = ? order by message.rowid",
                    [row[1], row[-1]],
                ).fetchall()
            database.executemany(
                "update message set state = 'sending' where message_key = ? and target = ?", [each[:2] for each in rows]
            )
        return [Message(*each) for each in rows]

    def sent(self, messages: Sequence[Message], now: datetime) -> None:
        """Note that messages were delivered."""
        with self._open() as database:
            database.executemany(
                "update message set state = 'sent', attempts = attempts + 1, sent_at = ?, trouble = null where message_key = ? and target = ?",
                [[_iso(now), each.key, each.target] for each in messages],
            )

    def not_sent(self, messages: Sequence[Message], now: datetime, trouble: str) -> None:
        """Note that messages could not be delivered; they are due again later, with growing pauses, and given up in the end."""
        with self._open() as database:
            for each in messages:
                where = [each.key, each.target]
                before = database.execute("select attempts from message where message_key = ? and target = ?", where).fetchone()[0]
                pause, state = min(_BACKOFF * 2**before, _LONGEST), "given up" if before + 1 >= _ATTEMPTS else "waiting"
                database.execute(
                    "update message set state = ?, attempts = ?, due_at = ?, trouble = ? where message_key = ? and target = ?",
                    [state, before + 1, _iso(now + pause), trouble, *where],
                )

    @staticmethod
    def _open_one(database: sqlite3.Connection, number: int) -> tuple[str, str]:
        row = database.execute(
            "select alert_key, title from incident where incident_id = ? and resolved_at is null", [number]
        ).fetchone()
        if row is None:
            raise NotOpenError(f"No open alert has the number {number}: `finance-hub alerts list` shows those that are open.")
        return str(row[0]), str(row[1])

    def _open_incident(self, database: sqlite3.Connection, finding: Finding, alerting: Alerting) -> None:
        cursor = database.execute(
            "insert into incident (alert_key, severity, department, title, message, opened_at) values (?, ?, ?, ?, ?, ?)",
            [finding.key, finding.severity, finding.department, finding.title, finding.message, _iso(finding.observed_at)],
        )
        number = int(cursor.lastrowid or 0)
        self._tell_unless_quiet(database, number, "opened", finding.key, finding.severity, finding.department, alerting)

    def _resolve(self, database: sqlite3.Connection, key: str, alerting: Alerting) -> None:
        number, severity, department = database.execute(
            "select incident_id, severity, department from incident where alert_key = ? and resolved_at is null", [key]
        ).fetchone()
        database.execute("update incident set resolved_at = ? where incident_id = ?", [_iso(datetime.now(UTC)), number])
        self._tell_unless_quiet(database, number, "resolved", key, severity, department, alerting)

    def _tell_unless_quiet(
        self, database: sqlite3.Connection, number: int, event: str, key: str, severity: str, department: str, alerting: Alerting
    ) -> None:
        now = datetime.now(UTC)
        if not database.execute("select 1 from quiet where alert_key = ? and quiet_until > ?", [key, _iso(now)]).fetchone():
            self._tell(database, number, event, severity, alerting, alerting.targets_of(department), now)

    def _tell(
        self,
        database: sqlite3.Connection,
        number: int,
        event: str,
        severity: str,
        alerting: Alerting,
        targets: Sequence[str],
        now: datetime,
    ) -> None:
        due, bundle = now, None
        if alerting.digest_at is not None and severity != "critical":
            due = datetime.combine(now.date(), alerting.digest_at, UTC)
            due += timedelta(days=due <= now)
            bundle = f"digest-{due:%Y-%m-%dT%H:%M}"
        # An incident is reminded of whenever a quiet ends: each time is a message of its own.
        key = f"{number}-{event}" if event != "reminded" else f"{number}-{event}-{now:%Y%m%d%H%M%S}"
        for address in dict.fromkeys(targets):
            database.execute(
                "insert into message (message_key, target, incident_id, event, due_at, bundle) values (?, ?, ?, ?, ?, ?)",
                [key, target_id(address), number, event, _iso(due), bundle],
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

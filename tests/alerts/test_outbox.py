from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import duckdb
import pytest

from finance_hub.alerts import Finding, NotOpenError, Outbox
from finance_hub.alerts.notice import notice_rules
from finance_hub.alerts.outbox import target_id
from finance_hub.settings import Alerting, SettingsError, load

NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)
BAD = Finding("rule|cac_over_target|entity|uk", True, NOON, "CAC over target", "CAC over target: 30 %", "critical", "marketing")
EVERYONE = Alerting(("json://127.0.0.1:1/all",), {"marketing": ("json://127.0.0.1:1/marketing", "json://127.0.0.1:1/cmo")})


def later(finding: Finding, *, is_bad: bool, minutes: int = 1) -> Finding:
    return replace(finding, is_bad=is_bad, observed_at=finding.observed_at + timedelta(minutes=minutes))


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path)


def test_what_stays_bad_is_told_once_and_what_recovers_resolves(outbox: Outbox) -> None:
    assert outbox.observe([BAD], EVERYONE) == 1
    assert outbox.observe([BAD], EVERYONE) == 0, "the same observation again, as after a kill"
    assert outbox.observe([later(BAD, is_bad=True)], EVERYONE) == 0
    (incident,) = outbox.incidents()
    assert (incident.title, incident.severity, incident.undelivered) == ("CAC over target", "critical", 2)

    outbox.observe([later(BAD, is_bad=False, minutes=2)], EVERYONE)
    assert outbox.incidents() == []
    (over,) = outbox.incidents(resolved=True)
    assert over.undelivered == 4, "opened and resolved, to the two of marketing"


@pytest.mark.parametrize("status", ["told_already", "recovering", "immature", "cannot_evaluate"])
def test_a_rule_of_the_snapshot_that_does_not_judge_neither_opens_nor_ends(status: str, tmp_path: Path) -> None:
    def say(of_open: str, of_other: str) -> int:
        with duckdb.connect(str(snapshot)) as database:
            database.execute("""
                create schema if not exists marts;
                create or replace table marts.alert (alert_key varchar, status varchar, severity varchar, department varchar,
                    subject_name varchar, message varchar, evidence varchar, evidence_query varchar)
            """)
            rows = [("budget_outlook|account|open", of_open), ("budget_outlook|account|other", of_other)]
            database.executemany(
                "insert into marts.alert by name select ? as alert_key, ? as status, 'warning' as severity, 'Budget in danger' as message",
                rows,
            )
        return notice_rules(load(tmp_path))

    (tmp_path / "hub.toml").write_text("")
    snapshot = tmp_path / "serve" / "current"
    snapshot.parent.mkdir()
    assert say("breach", "ok") == 1
    assert say(status, status) == 0
    assert [incident.alert_key for incident in Outbox(tmp_path).incidents()] == ["rule|budget_outlook|account|open"]
    say("ok", "breach")
    assert [incident.alert_key for incident in Outbox(tmp_path).incidents()] == ["rule|budget_outlook|account|other"]


def test_a_later_breach_is_a_new_incident(outbox: Outbox) -> None:
    outbox.observe([BAD], EVERYONE)
    outbox.observe([later(BAD, is_bad=False)], EVERYONE)
    assert outbox.observe([later(BAD, is_bad=True, minutes=2)], EVERYONE) == 1
    assert len(outbox.incidents(resolved=True)) == 2


def test_an_observation_that_comes_late_changes_nothing(outbox: Outbox) -> None:
    outbox.observe([later(BAD, is_bad=False, minutes=5)], EVERYONE)
    assert outbox.observe([BAD], EVERYONE) == 0
    assert outbox.incidents() == []


def test_a_rule_that_cannot_judge_keeps_its_incident_open_and_one_that_is_gone_resolves_it(outbox: Outbox) -> None:
    outbox.observe([BAD], EVERYONE, complete="rule|")
    outbox.observe([], EVERYONE, complete="rule|", undecided=[BAD.key])
    assert len(outbox.incidents()) == 1
    outbox.observe([], EVERYONE, complete="check|")
    assert len(outbox.incidents()) == 1, "only what was looked for can be missed"
    outbox.observe([], EVERYONE, complete="rule|")
    assert outbox.incidents() == []


def test_alerts_go_to_their_department_or_else_to_everyone() -> None:
    assert EVERYONE.targets_of("marketing") == ("json://127.0.0.1:1/marketing", "json://127.0.0.1:1/cmo")
    assert EVERYONE.targets_of("sales") == EVERYONE.targets_of("") == ("json://127.0.0.1:1/all",)


def test_targets_are_checked_and_never_shown(tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_text('[alerts]\ntargets = ["mailto://me:hush-1@example.com"]\n')
    assert "hush-1" not in repr(load(tmp_path, {}))
    assert load(tmp_path, {"FINANCE_HUB_ALERTS__TARGETS": "json://a json://b"}).alerting.targets == ("json://a", "json://b")
    (tmp_path / "hub.toml").write_text("[alerts]\ntargets = [1]\n")
    with pytest.raises(SettingsError, match=r"alerts\.targets"):
        load(tmp_path, {})


def due(outbox: Outbox, alerting: Alerting, at: datetime) -> list[list[str]]:
    """The keys of the messages that go out at a moment, by what goes out as one; all are delivered."""
    told = []
    while messages := outbox.claim([target_id(address) for address in alerting.every_target], at):
        outbox.sent(messages, at)
        told.append([message.key for message in messages])
    return told


def test_what_nobody_acknowledges_is_told_to_others_once(outbox: Outbox) -> None:
    alerting = replace(EVERYONE, escalate_after=timedelta(hours=24), escalate_to=("json://127.0.0.1:1/boss",))
    other = replace(BAD, key="rule|other", title="Another")
    outbox.observe([BAD, other], alerting)
    numbers = {incident.title: incident.number for incident in outbox.incidents()}
    assert outbox.acknowledge(numbers["Another"], "ada", NOON) == "Another"
    assert outbox.follow_up(alerting, NOON + timedelta(hours=23)) == 0
    assert outbox.follow_up(alerting, NOON + timedelta(hours=24)) == 1
    assert outbox.follow_up(alerting, NOON + timedelta(hours=99)) == 0, "once"
    boss = [target_id("json://127.0.0.1:1/boss")]
    assert [message.key for message in outbox.claim(boss, datetime.max.replace(tzinfo=UTC))] == [f"{numbers[BAD.title]}-escalated"]
    assert [incident.acknowledged_by for incident in outbox.incidents() if incident.title == "Another"] == ["ada"]


def test_what_is_kept_quiet_is_told_when_the_quiet_ends_if_it_is_still_so(outbox: Outbox) -> None:
    outbox.observe([BAD], EVERYONE)
    now = datetime.now(UTC)
    due(outbox, EVERYONE, now + timedelta(minutes=1))
    (incident,) = outbox.incidents()
    outbox.keep_quiet(incident.number, now + timedelta(days=1), "ada")

    outbox.observe([later(BAD, is_bad=False)], EVERYONE)
    outbox.observe([later(BAD, is_bad=True, minutes=2)], EVERYONE)
    assert outbox.follow_up(EVERYONE, now + timedelta(hours=23)) == 0
    assert due(outbox, EVERYONE, now + timedelta(hours=23)) == [], "recovered and broken again, in silence"

    assert outbox.follow_up(EVERYONE, now + timedelta(hours=25)) == 1
    told = due(outbox, EVERYONE, now + timedelta(hours=25))
    assert len(told) == 2, "to the two of marketing"
    assert {key.split("-")[1] for keys in told for key in keys} == {"reminded"}
    assert outbox.follow_up(EVERYONE, now + timedelta(hours=26)) == 0
    assert outbox.incidents()[0].quiet_until is None


def test_what_has_recovered_in_the_quiet_is_not_told(outbox: Outbox) -> None:
    outbox.observe([BAD], EVERYONE)
    now = datetime.now(UTC)
    outbox.keep_quiet(outbox.incidents()[0].number, now + timedelta(days=1), "ada")
    outbox.observe([later(BAD, is_bad=False)], EVERYONE)
    assert outbox.follow_up(EVERYONE, now + timedelta(days=2)) == 0


def test_warnings_wait_for_the_digest_and_go_out_as_one(outbox: Outbox) -> None:
    now = datetime.now(UTC)
    alerting = Alerting(("json://127.0.0.1:1/all",), digest_at=(now + timedelta(hours=1)).time().replace(second=0, microsecond=0))
    warnings = [replace(BAD, key=f"rule|{n}", severity="warning", department="") for n in range(3)]
    outbox.observe([*warnings, replace(BAD, department="")], alerting)
    assert [len(keys) for keys in due(outbox, alerting, now + timedelta(minutes=1))] == [1], "the critical one"
    assert [len(keys) for keys in due(outbox, alerting, now + timedelta(hours=2))] == [3]
    assert due(outbox, alerting, now + timedelta(days=9)) == []


def test_a_digest_that_could_not_be_delivered_goes_out_later_whole(outbox: Outbox) -> None:
    alerting = Alerting(("json://127.0.0.1:1/all",), digest_at=time(7))
    outbox.observe([replace(BAD, key=f"rule|{n}", severity="warning") for n in range(2)], alerting)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    messages = outbox.claim([target_id("json://127.0.0.1:1/all")], tomorrow)
    outbox.not_sent(messages, tomorrow, "closed")
    assert [len(keys) for keys in due(outbox, alerting, tomorrow + timedelta(hours=2))] == [2]


def test_only_what_is_open_can_be_acknowledged_or_kept_quiet(outbox: Outbox) -> None:
    outbox.observe([BAD], EVERYONE)
    (incident,) = outbox.incidents()
    outbox.observe([later(BAD, is_bad=False)], EVERYONE)
    with pytest.raises(NotOpenError, match="alerts list"):
        outbox.acknowledge(incident.number, "ada", NOON)
    with pytest.raises(NotOpenError, match="No open alert has the number 99"):
        outbox.keep_quiet(99, NOON, "ada")


def test_an_outbox_of_an_older_version_takes_the_new_columns(tmp_path: Path) -> None:
    folder = tmp_path / "alerts"
    folder.mkdir()
    with closing(sqlite3.connect(folder / "outbox.sqlite")) as database:
        database.executescript("""
            create table incident (
                incident_id integer primary key, alert_key text not null, severity text not null, department text not null,
                title text not null, message text not null, opened_at text not null, resolved_at text);
            create table message (
                message_key text not null, target text not null, incident_id integer not null references incident, event text not null,
                state text not null default 'waiting', attempts integer not null default 0, due_at text not null, sent_at text,
                trouble text, primary key (message_key, target));
            insert into incident values (1, 'rule|a', 'critical', '', 'Old', 'Old', '2026-06-29T00:00:00.000000Z', null);
        """)
    outbox = Outbox(tmp_path)
    assert outbox.acknowledge(1, "ada", NOON) == "Old"
    assert [incident.acknowledged_by for incident in outbox.incidents()] == ["ada"]


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("escalate_after_hours = 24", "go together"),
        ('escalate_to = ["json://a"]', "go together"),
        ('escalate_after_hours = "soon"\nescalate_to = ["json://a"]', "a number of hours above 0"),
        ('digest_at = "noon"', "a time of the day in UTC"),
        ('digest = "07:00"', "digest_at"),
    ],
)
def test_wrong_settings_of_alerts_are_told(tmp_path: Path, setting: str, told: str) -> None:
    (tmp_path / "hub.toml").write_text(f"[alerts]\n{setting}\n")
    with pytest.raises(SettingsError, match=told):
        load(tmp_path, {})

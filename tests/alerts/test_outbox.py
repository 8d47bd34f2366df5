from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from finance_hub.alerts import Finding, Outbox
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

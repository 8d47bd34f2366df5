"""The hub's source against the emulator: whole, incremental, by exports and by views, and when tokens, tasks or answers go wrong."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from dlt_sources.anaplan import AnaplanSettings, check
from dlt_sources.anaplan.access import ServiceToken, password_proof
from dlt_sources.connection import Connection
from dlt_sources.http import TokenSet, TokenStore
from finance_hub import ingestion, settings
from sandbox.vendors import anaplan
from sandbox.vendors.anaplan.access import PASSWORD, USERNAME
from sandbox.vendors.anaplan.modules import MODULES
from sandbox.vendors.anaplan.tenant import ARCHIVED_ID, HIDDEN_ID, MODEL_ID, WORKSPACE_ID
from sandbox.vendors.faults import KINDS
from tests.sandbox.anaplan import NAME, AnaplanHub, called, certificate, token, write_firm
from tests.sandbox.hub import Controls, let_pass
from tests.sandbox.serving import between, serving

LOUD = {"error_200", "forbidden", "redirect", "unauthorized"}
PLAN = MODULES[1]
HUB = AnaplanHub
EMULATOR: Any = SimpleNamespace(vendor=lambda company, clock, *, limits: anaplan.vendor(company, clock, limits=limits, chunk=1500))
"""The emulator with short chunks."""


def paths(url: str) -> list[str]:
    """The paths of the model that were asked for since the last time."""
    return [str(call["path"]).partition(MODEL_ID)[2] for call in Controls(url).log()]


def test_a_full_load_has_every_cell_of_the_model(whole: AnaplanHub) -> None:
    (sales,) = whole.query("""
        select version, entity, department, period, value, amount::varchar from anaplan.cells
        where account = '4000 Sales' and period = 'Mar 26' and version = 'Upside 2026' and entity = '日本 KK' and department = 'General'
    """)
    assert sales == ("Upside 2026", "日本 KK", "General", "Mar 26", "3518.25", "3518.250000000000")
    assert whole.query(
        "select value, amount from anaplan.cells where line_item = 'Locked' and version like 'Budget%' and entity like 'M%'"
    ) == [("true", None)]
    assert whole.query(
        "select count(*) from anaplan.cells where product = 'Core' and line_item = 'Price' and amount = 39.0039"
    ) == [(34,)]
    assert whole.query(
        "select name, is_actual, edit_from_date::varchar, edit_to_date::varchar from anaplan.versions order by 1"
    ) == [
        ("Actuals", True, "1900-01-01", "2399-12-31"),
        ("Budget 2026", False, "2026-01-01", "2026-06-01"),
        ("Upside 2026", False, "2026-01-01", "2026-06-01"),
    ]
    assert whole.query("select name, properties from anaplan.list_items where dimension = 'seller'") == [
        ("Zoë Weiß", '{"Email":"zoe@firm.example"}')
    ]
    assert whole.query("select count(*) from anaplan.models") == [(3,)]
    assert whole.query("select undeclared_fields from anaplan.extraction where undeclared_fields <> ''") == []
    assert whole.query("select count(*) from anaplan.quarantine") == [(0,)]
    assert whole.query("""
        select sum(documents_received - documents_unchanged - documents_quarantined - rows_loaded) from anaplan.extraction
    """) == [(0,)]


def test_views_give_the_same_as_exports(still: str, whole: AnaplanHub, tmp_path: Path) -> None:
    paths(still)
    hub = AnaplanHub(tmp_path, still, 'read = "views"')
    hub.load()
    assert hub.raw() == whole.raw()
    asked = paths(still)
    assert not [path for path in asked if "/exports" in path]
    assert len([path for path in asked if "/pages/" in path]) > len(MODULES), "some views have several pages"
    with called(still) as http:
        request = next(path for path in asked if "/pages/" in path).partition("/pages/")[0]
        assert http.get(f"/workspaces/{WORKSPACE_ID}/models/{MODEL_ID}{request}").status_code == 404, "read requests are given back"


def test_a_model_that_was_not_saved_is_left_alone(served: str, whole: AnaplanHub, tmp_path: Path) -> None:
    hub = AnaplanHub.copied(whole, tmp_path, served)
    loads = hub.query("select count(*) from anaplan._dlt_loads")
    paths(served)
    assert hub.load() == {}
    assert set(paths(served)) <= {"", "/status"}, "no version, list or export is asked for"
    assert hub.query("select count(*) from anaplan._dlt_loads") == loads


@pytest.mark.heavy
def test_after_a_while_only_changes_are_written_and_the_tables_are_those_of_a_full_load(
    served: str, whole: AnaplanHub, tmp_path: Path
) -> None:
    hub = AnaplanHub.copied(whole, tmp_path / "hub", served)
    let_pass(served, 9.8)
    second = hub.load()
    assert second == {"models": 1, "cells": 4 + 3 * 2}, "line, its totals of account and year; what June really was, for both"
    edited = "select value from anaplan.cells where version = 'Budget 2026' and period = 'Jun 26' and department = 'Sales' and account like '6100%' and entity like 'M%'"
    assert hub.query(edited) == [("14340",)]
    let_pass(served, 10)
    third = hub.load()
    assert third["versions"] == 2, "the new one, and the one that is no longer current"
    assert 0 < third["cells"] < whole.query("select count(*) from anaplan.cells")[0][0]
    assert hub.load() == {}
    full = AnaplanHub(tmp_path / "full", served)
    full.load()
    assert hub.raw() == full.raw()


def test_what_vanishes_from_the_model_vanishes_from_the_tables(whole: AnaplanHub, tmp_path: Path) -> None:
    fewer = write_firm(tmp_path / "fewer.duckdb", months=4)
    with serving(EMULATOR, fewer) as (url, _):
        let_pass(url, 9)
        hub = AnaplanHub.copied(whole, tmp_path / "hub", url)
        assert hub.query("select count(*) > 0 from anaplan.cells where listing = 'Hub Plan Lines' and period = 'May 26'") == [
            (True,)
        ]
        hub.load()
        full = AnaplanHub(tmp_path / "full", url)
        full.load()
    assert hub.raw() == full.raw()
    assert hub.query("select count(*) from anaplan.cells where listing = 'Hub Plan Lines' and period = 'May 26'") == [(0,)]


def test_exports_can_be_named_and_what_is_no_longer_read_is_taken_out(still: str, whole: AnaplanHub, tmp_path: Path) -> None:
    hub = AnaplanHub.copied(whole, tmp_path, still, 'exports = "Hub Quotas, Hub Headcount"')
    hub.load()
    assert hub.query("select distinct listing from anaplan.cells order by 1") == [("Hub Headcount",), ("Hub Quotas",)]


def test_names_of_the_model_can_be_told(still: str, tmp_path: Path) -> None:
    def otherwise(_path: str, body: bytes) -> bytes:
        return (
            body.replace(b'"Departments"', b'"Kostenstellen"')
            .replace(b",Departments,", b",Kostenstellen,")
            .replace(b'"Headcount"', b'"FTE"')
            .replace(b",Headcount", b",FTE")
        )

    with between(still, otherwise) as url:
        keys = ('exports = "Hub Headcount"', 'columns = { Kostenstellen = "Departments", FTE = "Headcount" }')
        hub = AnaplanHub(tmp_path / "hub", url, *keys)
        hub.load()
        assert hub.query("select distinct department, line_item from anaplan.cells") == [("Sales", "Headcount")]
        assert hub.query("select distinct dimension from anaplan.list_items where in_list_name = 'Kostenstellen'") == [
            ("department",)
        ]
        unknown = AnaplanHub(tmp_path / "unknown", url, keys[0])
        with pytest.raises(Exception, match="'Kostenstellen', which the hub does not know"):
            unknown.load()


def test_a_token_that_dies_in_the_middle_of_a_file_costs_one_chunk_and_no_task(
    unscripted: str, whole: AnaplanHub, tmp_path: Path
) -> None:
    Controls(unscripted, "anaplan").fault(path=f"*/files/{PLAN.export_id}/chunks/3", kind="unauthorized")
    paths(unscripted)
    hub = AnaplanHub(tmp_path, unscripted)
    hub.load()
    asked = paths(unscripted)
    chunks = [path.rpartition("/")[2] for path in asked if f"/files/{PLAN.export_id}/chunks/" in path]
    assert chunks[:5] == ["0", "1", "2", "3", "3"]
    assert chunks[5:] == [str(at) for at in range(4, len(set(chunks)))]
    assert asked.count(f"/exports/{PLAN.export_id}/tasks") == 1
    assert hub.raw() == whole.raw()


@pytest.mark.parametrize(
    "kind", [kind if kind == "unauthorized" else pytest.param(kind, marks=pytest.mark.heavy) for kind in sorted(KINDS)]
)
@pytest.mark.parametrize("path", [f"*/files/{PLAN.export_id}/chunks/1", "*/exports", "*/tasks/*"])
def test_a_fault_gives_the_right_rows_or_a_loud_failure(
    kind: str, path: str, unscripted: str, whole: AnaplanHub, tmp_path: Path
) -> None:
    Controls(unscripted, "anaplan").fault(path=path, kind=kind, times=999 if kind in LOUD else 1, seconds=0.01)
    hub = AnaplanHub(tmp_path, unscripted, "chunk_retry = 2")
    if kind not in LOUD:
        hub.load()
        assert hub.raw() == whole.raw()
        return
    with pytest.raises(Exception, match="anaplan") as failure:
        hub.load()
    assert PASSWORD not in ingestion.cause(failure.value)
    assert hub.query("select count(*) from anaplan.cells") == [(0,)]


def test_a_task_that_completes_without_success_stops_the_run(still: str, tmp_path: Path) -> None:
    hub = AnaplanHub(tmp_path, still, 'exports = "Hub Quotas, Open Positions"')
    with pytest.raises(Exception, match="completed without success: The export has no rows"):
        hub.load()
    assert hub.query("select count(*) from anaplan.cells") == [(0,)], "nothing of the others either"


@pytest.mark.heavy
def test_a_file_with_other_rows_than_announced_is_not_taken(still: str, tmp_path: Path) -> None:
    def fewer(path: str, body: bytes) -> bytes:
        return re.sub(rb'"rowCount":\d+', b'"rowCount":7777', body) if path.endswith(f"/exports/{PLAN.export_id}") else body

    with between(still, fewer) as url:
        hub = AnaplanHub(tmp_path / "hub", url)
        with pytest.raises(Exception, match="7,777 rows were announced"):
            hub.load()
        careless = AnaplanHub(tmp_path / "careless", url, "check_rows = false")
        assert careless.load()["cells"] > 300


@pytest.mark.heavy
def test_values_that_do_not_fit_are_set_aside_with_their_reason(still: str, whole: AnaplanHub, tmp_path: Path) -> None:
    def spoil(path: str, body: bytes) -> bytes:
        return body.replace(b",35100", b',"35,100"') if "/chunks/" in path else body

    with between(still, spoil) as url:
        hub = AnaplanHub(tmp_path, url)
        hub.load()
    ((reason, payload),) = hub.query("select reason, payload from anaplan.quarantine")
    assert "'35,100' is not a number" in reason
    assert "Zoë Weiß" in payload
    cells = "select count(*) from anaplan.cells"
    assert hub.query(cells)[0][0] == whole.query(cells)[0][0] - 1


def test_a_closed_model_is_opened_and_waited_for(firm: Path, whole: AnaplanHub, tmp_path: Path) -> None:
    with serving(anaplan, firm, limits=True) as (url, _), called(url) as http:
        http.post(f"/models/{MODEL_ID}/close")
        hub = AnaplanHub(tmp_path, url)
        hub.load()
        asked = [call["status"] for call in Controls(url).log() if "/models/" in str(call["path"])]
        assert 503 not in asked, "it was asked for nothing before it was open"
    assert hub.raw() == whole.raw()


def connection(url: str, folder: Path, **keys: object) -> Connection[AnaplanSettings]:
    """A connection with a user's name and password, unless other keys are given."""
    who = {} if {"certificate", "client_id"} & keys.keys() else {"username": USERNAME, "password": PASSWORD}
    told: dict[str, Any] = {"workspace_id": WORKSPACE_ID, "model_id": MODEL_ID, **who, **keys}
    addresses = {"auth_url": f"{url}/anaplan", "api_url": f"{url}/anaplan/2/0", "oauth_url": f"{url}/anaplan"}
    return Connection(NAME, AnaplanSettings(**(addresses | told)), folder, TokenStore(folder / "tokens", bytes(32)))


def test_certificates_and_oauth_clients_log_in_too(served: str, tmp_path: Path) -> None:
    pem, key = certificate()
    text = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    assert all(finding.ok for finding in check(connection(served, tmp_path / "a", certificate=pem, private_key=text)))
    client = {"client_id": "sandbox-client", "refresh_token": "sandbox-refresh-0"}
    assert all(finding.ok for finding in check(connection(served, tmp_path / "b", **client)))
    assert all(finding.ok for finding in check(connection(served, tmp_path / "b", **client))), "the rotated token is kept"


def test_a_token_that_grows_old_is_refreshed_and_one_that_was_refused_is_replaced(served: str, tmp_path: Path) -> None:
    store, value, now = TokenStore(tmp_path, bytes(32)), token(served), datetime.now(UTC)
    store.save(NAME, TokenSet(access_token=value, issued_at=now - timedelta(minutes=30), expires_at=now + timedelta(minutes=5)))
    auth = ServiceToken(NAME, store, f"{served}/anaplan", password_proof(USERNAME, PASSWORD))
    Controls(served).log()
    assert auth.headers("GET", served) == {"Authorization": f"AnaplanAuthToken {value}"}
    assert [call["path"] for call in Controls(served).log()] == ["/anaplan/token/refresh"]
    stored = store.current(NAME)
    assert stored is not None
    assert stored.expires_at is not None
    assert stored.expires_at > now + timedelta(minutes=34)
    assert auth.rejected()
    assert auth.headers("GET", served) != {"Authorization": f"AnaplanAuthToken {value}"}
    assert [call["path"] for call in Controls(served).log()] == ["/anaplan/token/authenticate"]


def test_a_check_says_what_is_readable_and_what_is_wrong(still: str, tmp_path: Path) -> None:
    good = check(connection(still, tmp_path / "good"))
    assert [(finding.ok, finding.subject) for finding in good] == [(True, "model"), (True, "lists"), (True, "exports")]
    assert "Hub Plan Lines" in good[2].message
    wrong = {
        "exception user": {"password": "not-this-one"},
        "user has no access": {"model_id": HIDDEN_ID},
        "is archived": {"model_id": ARCHIVED_ID},
        "has no 'Actuals'": {"exports": "Actuals"},
        "check auth_url": {"auth_url": "http://127.0.0.1:9"},
    }
    for number, (message, keys) in enumerate(wrong.items()):
        found = check(connection(still, tmp_path / str(number), **keys))
        assert not found[-1].ok
        assert message in found[-1].message
        assert "not-this-one" not in found[-1].message


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"password": ""}, "either username and password"),
        ({"model_id": ""}, "workspace_id and model_id"),
        ({"read": "files"}, "read must be exports or views"),
        ({"poll_seconds": 0}, "positive"),
    ],
)
def test_a_wrong_setting_is_one_sentence(keys: dict[str, object], message: str, tmp_path: Path) -> None:
    told = {
        "system": "anaplan",
        "entity": "Firm",
        "workspace_id": "w",
        "model_id": "m",
        "username": "u",
        "password": "hush-hush",
    } | keys
    lines = "\n".join(f'{key} = "{value}"' if isinstance(value, str) else f"{key} = {value}" for key, value in told.items())
    (tmp_path / "hub.toml").write_text(f"[connections.a]\n{lines}\n")
    with pytest.raises(settings.SettingsError, match=message) as refused:
        settings.load(tmp_path)
    assert "hush-hush" not in str(refused.value)


def test_secrets_stay_out_of_everything_that_a_run_writes(whole: AnaplanHub) -> None:
    for path in whole.home.rglob("*"):
        if path.is_file() and path.name != "hub.toml":
            assert PASSWORD.encode() not in path.read_bytes(), path.name
    assert PASSWORD not in repr(whole.settings.connections[NAME])

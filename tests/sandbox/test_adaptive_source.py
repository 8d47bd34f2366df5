"""The hub's source against the emulator: whole, incremental, in old versions of the API, and when answers go wrong."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree

from dlt_sources.adaptive import AdaptiveSettings, calendar, check
from dlt_sources.connection import Connection
from dlt_sources.http import TokenStore
from finance_hub import ingestion, settings
from sandbox.vendors import adaptive
from sandbox.vendors.adaptive.access import INSTANCE, ISU, LOGIN, PASSWORD
from sandbox.vendors.faults import KINDS
from tests.sandbox.adaptive import NAME, AdaptiveHub, write_firm
from tests.sandbox.hub import Controls, let_pass
from tests.sandbox.serving import between, serving

LOUD = {"error_200", "forbidden", "redirect", "unauthorized"}
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
HUB = AdaptiveHub
EMULATOR: Any = SimpleNamespace(
    vendor=lambda company, clock, *, limits: adaptive.vendor(company, clock, limits=limits, public_key=KEY.public_key())
)
"""The emulator with a registered API client."""
CUBE = 5
"""How many trees are read before the first export."""


def same(_path: str, body: bytes) -> bytes:
    """An answer as it was."""
    return body


def asked(sent: list[bytes]) -> list[tuple[str, str]]:
    """The methods that were called, each with the version that it was for."""
    calls = [etree.fromstring(body) for body in sent]
    return [(call.get("method"), call.find("version").get("name") if call.find("version") is not None else "") for call in calls]


def test_a_full_load_has_every_cell_of_the_instance(whole: AdaptiveHub) -> None:
    (sales,) = whole.query("""
        select account_code, line_item, product, value, amount::varchar from adaptive.cells join adaptive.versions on versions.id = version_id
        join adaptive.levels on levels.id = level_id where versions.name = 'Upside 2026' and levels.code = 'CA-GENERAL' and period = '03/2026' and account_code = '4000'
    """)
    assert sales == ("4000", "Amount", None, "3518.25", "3518.250000000000")
    assert whole.query(
        "select count(*) from adaptive.cells where line_item = 'Price' and product = 'Core' and amount = 39.0039"
    ) == [(34,)]
    assert whole.query(
        "select name, is_locked, first_period, last_period, first_year, parent_id from adaptive.versions order by 1"
    ) == [
        ("Actuals", False, "01/2026", "12/2026", "2026", None),
        ("Budget 2026", True, "01/2026", "12/2026", "2026", None),
        ("Targets", False, "01/2026", "12/2026", "2026", None),
        ("Upside 2026", False, "01/2026", "12/2026", "2026", "2"),
    ]
    assert whole.query("select attributes from adaptive.dimension_values where name = 'Zoë Weiß'") == [
        ('{"Email":"zoe@firm.example"}',)
    ]
    assert whole.query("select code, depth, parent_id, company_level_id from adaptive.levels where code like 'CA%' order by 1") == [
        ("CA", 1, None, "200"),
        ("CA-GENERAL", 2, "200", "200"),
        ("CA-SALES", 2, "200", "200"),
    ]
    assert whole.query("select name from adaptive.accounts where code = '6100'") == [('Wages, "gross"\nand bonus',)]
    assert whole.query("select undeclared_fields from adaptive.extraction where undeclared_fields <> ''") == []
    assert whole.query("select count(*) from adaptive.quarantine") == [(0,)]
    assert whole.query("""
        select sum(documents_received - documents_unchanged - documents_quarantined - rows_loaded) from adaptive.extraction
    """) == [(0,)]


def test_each_tree_is_asked_for_once_and_each_version_by_year_and_of_actuals_drivers_alone(still: str, tmp_path: Path) -> None:
    sent: list[bytes] = []
    with between(still, same, sent) as url:
        AdaptiveHub(tmp_path, url).load()
    found = asked(sent)
    trees = ["exportAccounts", "exportDimensions", "exportLevels", "exportTime", "exportVersions"]
    assert sorted(method for method, _ in found if method != "exportData") == trees
    assert [version for method, version in found if method == "exportData"] == ["Actuals", "Budget 2026", "Upside 2026", "Targets"]
    actuals, budget = [etree.fromstring(body) for body in sent if b"exportData" in body][:2]
    assert [each.get("code") for each in actuals.iter("account")] == ["Assumptions"]
    assert [each.get("code") for each in budget.iter("account")] == ["Revenue", "Expenses", "Assumptions"]
    for body in sent:
        call = etree.fromstring(body)
        assert dict(call.find("credentials").attrib) == {
            "login": LOGIN,
            "password": PASSWORD,
            "locale": "en_US",
            "instanceCode": INSTANCE,
        }
        assert call.get("stream") == ("true" if call.get("method") == "exportData" else None)


def test_a_second_run_finds_nothing_new(served: str, whole: AdaptiveHub, tmp_path: Path) -> None:
    hub = AdaptiveHub.copied(whole, tmp_path, served)
    loads = hub.query("select count(*) from adaptive._dlt_loads")
    assert hub.load() == {}
    assert hub.query("select count(*) from adaptive._dlt_loads") == loads


@pytest.mark.heavy
def test_after_a_while_only_changes_are_written_and_the_tables_are_those_of_a_full_load(
    served: str, whole: AdaptiveHub, tmp_path: Path
) -> None:
    hub = AdaptiveHub.copied(whole, tmp_path / "hub", served)
    let_pass(served, 9.8)
    assert hub.load() == {"versions": 1, "cells": 1 + 3 * 2}, "the line of the locked budget; what June really was, for both firms"
    edited = "select value from adaptive.cells where version_id = '2' and period = '06/2026' and account_code = '6100' and level_id = '102'"
    assert hub.query(edited) == [("14340.0",)]
    let_pass(served, 10)
    assert hub.load()["versions"] == 1, "the new forecast"
    assert hub.load() == {}
    full = AdaptiveHub(tmp_path / "full", served)
    full.load()
    assert hub.raw() == full.raw()


@pytest.mark.heavy
def test_what_vanishes_from_the_instance_vanishes_from_the_tables(whole: AdaptiveHub, tmp_path: Path) -> None:
    fewer = write_firm(tmp_path / "fewer.duckdb", months=4)
    with serving(EMULATOR, fewer) as (url, _):
        hub = AdaptiveHub.copied(whole, tmp_path / "hub", url)
        may = "select count(*) from adaptive.cells where line_item = 'Amount' and period = '05/2026'"
        assert hub.query(may) == [(16,)]
        hub.load()
        full = AdaptiveHub(tmp_path / "full", url)
        full.load()
        assert hub.query(may) == [(0,)]
        assert hub.raw() == full.raw()


def test_levels_that_are_no_longer_listed_are_taken_out_with_their_cells(still: str, whole: AdaptiveHub, tmp_path: Path) -> None:
    def closed(_path: str, body: bytes) -> bytes:
        body = re.sub(rb'<level id="202".*?/>', b"", body)
        sent = len(re.findall(rb"CA-SALES,", body))
        body = re.sub(rb'("Wages, ""gross""\nand bonus"|[\w ]+),\w+,Sales CA,.*\n', b"", body)
        return re.sub(rb'rowCountSent="(\d+)"', lambda found: f'rowCountSent="{int(found[1]) - sent}"'.encode(), body)

    with between(still, closed) as url:
        hub = AdaptiveHub.copied(whole, tmp_path, url)
        hub.load()
    assert hub.query("select count(*) from adaptive.levels where code = 'CA-SALES'") == [(0,)]
    assert hub.query("select count(*) from adaptive.cells where level_id = '202'") == [(0,)]
    assert hub.query("select count(*) > 100 from adaptive.cells") == [(True,)]


@pytest.mark.heavy
def test_locked_versions_are_left_alone_only_where_that_is_said(served: str, whole: AdaptiveHub, tmp_path: Path) -> None:
    sent: list[bytes] = []
    with between(served, same, sent) as url:
        hub = AdaptiveHub.copied(whole, tmp_path, url, "read_locked = false")
        assert hub.load() == {}
        assert ("exportData", "Budget 2026") not in asked(sent)
        let_pass(served, 9.8)
        sent.clear()
        assert hub.load() == {"versions": 1, "cells": 3 * 2}, "what June really was; the change of the locked budget is not seen"
        assert ("exportData", "Budget 2026") not in asked(sent)
        careful = AdaptiveHub.copied(hub, tmp_path / "careful", url)
        assert careful.load()["cells"] >= 1
    full = AdaptiveHub(tmp_path / "full", served)
    full.load()
    assert careful.raw() == full.raw()


def test_a_locked_version_that_is_read_in_another_way_is_read_again(still: str, whole: AdaptiveHub, tmp_path: Path) -> None:
    sent: list[bytes] = []
    with between(still, same, sent) as url:
        hub = AdaptiveHub.copied(whole, tmp_path, url, "read_locked = false", 'account_roots = "Revenue"')
        hub.load()
    assert ("exportData", "Budget 2026") in asked(sent)
    assert hub.query("select distinct account_code from adaptive.cells") == [("4000",)]


def test_versions_years_and_roots_can_be_named(still: str, whole: AdaptiveHub, tmp_path: Path) -> None:
    hub = AdaptiveHub.copied(
        whole, tmp_path, still, 'versions = "Upside 2026"', 'years = ["2026", "2027"]', 'account_roots = ["4000", "PRICE"]'
    )
    hub.load()
    assert hub.query("select distinct version_id, account_code from adaptive.cells order by 2") == [("4", "4000"), ("4", "PRICE")]
    for keys, message in (('versions = "Budget 1999"', "no version 'Budget 1999'"), ('account_roots = "9"', "code '9'")):
        wrong = AdaptiveHub(tmp_path / message[-5:-1], still, keys)
        with pytest.raises(Exception, match=message):
            wrong.load()


def test_nothing_that_is_left_of_the_known_cells_stops_the_run(still: str, whole: AdaptiveHub, tmp_path: Path) -> None:
    hub = AdaptiveHub.copied(whole, tmp_path, still, 'years = "1999"')
    with pytest.raises(Exception, match="none of the 204 known cells is left"):
        hub.load()
    assert hub.query("select count(*) from adaptive.cells") == [(204,)]


def test_names_of_the_instance_can_be_told(still: str, tmp_path: Path) -> None:
    told = AdaptiveHub(tmp_path / "told", still, 'columns = { Product = "Channel", Channel = "Products", VOLUME = "Headcount" }')
    told.load()
    assert told.query("select distinct line_item, channel, product from adaptive.cells where account_code = 'VOLUME'") == [
        ("Headcount", "Core", None)
    ]
    assert told.query('select distinct dimension_name, "column" from adaptive.dimension_values order by 1') == [
        ("Channel", None),
        ("Product", "channel"),
        ("Seller", "seller"),
    ]
    paid = "select channel, amount from adaptive.cells where account_code = 'CAC_TARGET' and level_id = '200'"
    assert told.query(paid) == [(None, 900000)], "a dimension that the hub does not know is summed over"


@pytest.mark.parametrize("version", [12, 25])
def test_any_version_of_the_api_gives_the_same(version: int, still: str, whole: AdaptiveHub, tmp_path: Path) -> None:
    hub = AdaptiveHub(tmp_path, still, f"api_version = {version}")
    hub.load()
    assert hub.raw() == whole.raw()


@pytest.mark.parametrize(
    "kind",
    [kind if kind in {"unauthorized", "truncate"} else pytest.param(kind, marks=pytest.mark.heavy) for kind in sorted(KINDS)],
)
@pytest.mark.parametrize("after", [0, CUBE + 1])
def test_a_fault_gives_the_right_rows_or_a_loud_failure(
    kind: str, after: int, unscripted: str, whole: AdaptiveHub, tmp_path: Path
) -> None:
    Controls(unscripted, "adaptive").fault(path="*/v40", kind=kind, after=after, times=999 if kind in LOUD else 1, seconds=0.01)
    hub = AdaptiveHub(tmp_path, unscripted)
    if kind not in LOUD:
        hub.load()
        assert hub.raw() == whole.raw()
        return
    with pytest.raises(Exception, match="adaptive") as failure:
        hub.load()
    assert PASSWORD not in ingestion.cause(failure.value)
    assert hub.query("select count(*) from adaptive.cells") == [(0,)]


def test_a_failure_within_a_good_status_tells_the_vendors_key_and_text(unscripted: str, tmp_path: Path) -> None:
    Controls(unscripted, "adaptive").fault(path="*/v40", kind="error_200", after=CUBE, times=1)
    hub = AdaptiveHub(tmp_path, unscripted)
    with pytest.raises(Exception, match=r"exportData Actuals, 2026 failed: An unexpected error occurred. \[error-internal\]"):
        hub.load()
    assert hub.query("select count(*) from adaptive.cells") == [(0,)], "nothing of the others either"


@pytest.mark.heavy
def test_an_export_with_other_rows_than_it_tells_is_not_taken(still: str, tmp_path: Path) -> None:
    def more(_path: str, body: bytes) -> bytes:
        return re.sub(rb'rowCountSent="\d+"', b'rowCountSent="7777"', body)

    def silent(_path: str, body: bytes) -> bytes:
        return re.sub(rb'<status rowCountSent="\d+"/>', b"", body)

    for change, message in ((more, "told of 7,777 rows, and 6 arrived"), (silent, "did not tell how many rows it has")):
        with between(still, change) as url:
            hub = AdaptiveHub(tmp_path / change.__name__, url)
            with pytest.raises(Exception, match=message):
                hub.load()
            careless = AdaptiveHub(tmp_path / f"careless_{change.__name__}", url, "check_rows = false")
            assert careless.load()["cells"] == 204


def test_a_tree_that_came_empty_takes_nothing_out(still: str, whole: AdaptiveHub, tmp_path: Path) -> None:
    def empty(_path: str, body: bytes) -> bytes:
        return re.sub(rb"<levels seqNo.*</levels>", b"<levels/>", body, flags=re.DOTALL)

    with between(still, empty) as url:
        hub = AdaptiveHub.copied(whole, tmp_path, url)
        with pytest.raises(Exception, match="no levels came"):
            hub.load()
    assert hub.raw() == whole.raw()


def test_entities_and_pages_that_are_no_answer_are_refused(still: str, tmp_path: Path) -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE response [<!ENTITY a "aaaa">]><response success="true"><output>&a;</output></response>'
    for number, body in enumerate((bomb, b"<html><body>Maintenance</body></html>", b'{"success": true}')):
        with between(still, lambda _path, _body, body=body: body) as url:
            found = check(connection(url, tmp_path / str(number)))
        assert not found[0].ok
        assert "did not answer as the XML API does" in found[0].message


def test_values_that_do_not_fit_are_set_aside_with_their_reason(still: str, whole: AdaptiveHub, tmp_path: Path) -> None:
    def spoil(_path: str, body: bytes) -> bytes:
        return body.replace(b",35100.0,", b',"35,100.0",')

    with between(still, spoil) as url:
        hub = AdaptiveHub(tmp_path, url)
        hub.load()
    ((reason, payload),) = hub.query("select reason, payload from adaptive.quarantine")
    assert "'35,100.0' is not a number" in reason
    assert "Zoë Weiß" in payload
    assert hub.query("select count(*) from adaptive.cells") == [(203,)]


def test_warnings_are_logged_and_do_not_stop_the_run(still: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    warning = b'<response success="true"><messages><message key="warning-old" type="WARNING">This is old.</message></messages>'

    def warn(_path: str, body: bytes) -> bytes:
        return body.replace(b'<response success="true">', warning)

    with between(still, warn) as url, caplog.at_level(logging.WARNING, "dlt_sources.adaptive.wire"):
        found = check(connection(url, tmp_path))
    assert all(finding.ok for finding in found)
    assert "adaptive_us: exportVersions: This is old. [warning-old]" in caplog.text


def connection(url: str, folder: Path, **keys: object) -> Connection[AdaptiveSettings]:
    """A connection with a user's login and password, unless other keys are given."""
    who = {} if "client_id" in keys else {"login": LOGIN, "password": PASSWORD}
    told: dict[str, Any] = {"base_url": f"{url}/adaptive/api", "instance_code": INSTANCE, **who, **keys}
    return Connection(NAME, AdaptiveSettings(**told), folder, TokenStore(folder / "tokens", bytes(32)))


def workday(url: str, folder: Path, **keys: object) -> Connection[AdaptiveSettings]:
    """A connection of a registered API client."""
    pem = KEY.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    told = {"client_id": "sandbox-client", "isu_user": ISU, "private_key": pem.replace("\n", "\\n"), "workday_tenant": "meridian"}
    return connection(url, folder, **(told | {"workday_host": f"{url}/adaptive"} | keys))


def test_a_workday_client_reads_with_a_token_and_gets_a_new_one_when_it_was_refused(served: str, tmp_path: Path) -> None:
    assert all(finding.ok for finding in check(workday(served, tmp_path)))
    log = [call["path"] for call in Controls(served).log()]
    assert [path.rpartition("/")[2] for path in log[:2]] == ["token", "adaptivePublicAPIAccessToken"]
    assert all(finding.ok for finding in check(workday(served, tmp_path)))
    assert {call["path"] for call in Controls(served).log()} == {"/adaptive/api/v40"}, "the token is kept"
    Controls(served, "adaptive").fault(path="*/v40", kind="unauthorized")
    assert all(finding.ok for finding in check(workday(served, tmp_path)))
    log = [call["path"] for call in Controls(served).log()]
    assert [path.rpartition("/")[2] for path in log[:3]] == ["v40", "adaptivePublicAPIAccessToken", "v40"]


def test_a_check_says_what_is_readable_and_what_is_wrong(still: str, tmp_path: Path) -> None:
    good = check(connection(still, tmp_path / "good"))
    assert [(finding.ok, finding.subject) for finding in good] == [
        (True, name) for name in ("versions", "levels", "accounts", "cells")
    ]
    assert "Budget 2026" in good[0].message
    assert "Firm, Inc." in good[1].message
    wrong: dict[str, dict[str, object]] = {
        "does not accept the credentials": {"password": "not-this-one"},
        "instance_code": {"instance_code": "OTHER"},
        "error-invalid-api-version": {"api_version": 99},
        "has no version 'Plan B'": {"versions": "Plan B"},
        "no level lies 7 deep": {"company_depth": 7},
        "no whole answer": {"base_url": "http://127.0.0.1:9"},
    }
    for number, (message, keys) in enumerate(wrong.items()):
        found = check(connection(still, tmp_path / str(number), **keys))
        assert not found[-1].ok
        assert message in found[-1].message
        assert "not-this-one" not in found[-1].message
    unknown = check(workday(still, tmp_path / "unknown", isu_user="nobody"))
    assert "refused the credentials" in unknown[0].message
    keyless = check(workday(still, tmp_path / "keyless", private_key="no key at all"))
    assert "no RSA private key" in keyless[0].message


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"password": ""}, "either login and password"),
        (
            {"client_id": "c", "isu_user": "u", "workday_host": "h", "workday_tenant": "t", "private_key": "k"},
            "either login and password",
        ),
        ({"locale": "de_DE"}, "locale must be en_US"),
        ({"api_version": 0}, "must be positive"),
        ({"company_depth": -1}, "must not be negative"),
    ],
)
def test_a_wrong_setting_is_one_sentence(keys: dict[str, object], message: str, tmp_path: Path) -> None:
    told = {"system": "adaptive", "entity": "Firm", "login": "u", "password": "hush-hush"} | keys
    lines = "\n".join(f'{key} = "{value}"' if isinstance(value, str) else f"{key} = {value}" for key, value in told.items())
    (tmp_path / "hub.toml").write_text(f"[connections.a]\n{lines}\n")
    with pytest.raises(settings.SettingsError, match=message) as refused:
        settings.load(tmp_path)
    assert "hush-hush" not in str(refused.value)


def test_secrets_stay_out_of_everything_that_a_run_writes(whole: AdaptiveHub) -> None:
    for path in whole.home.rglob("*"):
        if path.is_file() and path.name != "hub.toml":
            assert PASSWORD.encode() not in path.read_bytes(), path.name
    assert PASSWORD not in repr(whole.settings.connections[NAME])
    manifests = "".join(path.read_text() for path in whole.home.rglob("*.manifest.jsonl"))
    assert "/api/v40 exportData Budget 2026, 2026" in manifests, "a page tells which call it answers"


def test_a_version_spans_whole_fiscal_years_and_inherits_those_of_the_one_around_it() -> None:
    time = etree.fromstring("""
        <output><time><period code="2025"><period code="Q1-2025"><period code="07/2024"/></period><period code="12/2024"/></period>
        <period code="2026"><period code="07/2025"/><period code="06/2026"/></period><period code="2027"><period code="07/2026"/></period></time></output>
    """)
    years = calendar.years(time)
    assert [(year.code, year.first, year.last) for year in years] == [
        ("2025", "07/2024", "12/2024"),
        ("2026", "07/2025", "06/2026"),
        ("2027", "07/2026", "07/2026"),
    ]
    budget = etree.fromstring('<version leftScroll="2025" startPlan="06/2026" endPlan="2027"><version name="What if"/></version>')
    assert calendar.span_of(budget[0]) == calendar.span_of(budget) == ("06/2026", "2027")
    assert [year.code for year in calendar.within(years, "06/2026", "2027")] == ["2026", "2027"]
    assert [year.code for year in calendar.within(years, "Q1-2025", "12/2024")] == ["2025"]
    assert len(calendar.within(years, "", "2099")) == 3

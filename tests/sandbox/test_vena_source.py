"""The hub's source against the emulator: whole, incremental, by slices and filters, and when pages or answers go wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from dlt_sources.connection import Connection
from dlt_sources.http import TokenStore
from dlt_sources.vena import VenaSettings, check
from finance_hub import ingestion, settings
from sandbox.vendors import vena
from sandbox.vendors.faults import KINDS
from sandbox.vendors.vena.app import API_KEY, API_USER, HIDDEN_ID, MODEL_ID
from sandbox.vendors.vena.replies import API
from tests.sandbox.hub import Controls, let_pass
from tests.sandbox.serving import between, serving
from tests.sandbox.vena import NAME, VenaHub, write_firm

HUB, EMULATOR = VenaHub, vena
LOUD = {"error_200", "forbidden", "redirect", "unauthorized"}
BUDGET = '*"eq":"Budget"*'


def asked(url: str) -> list[dict[str, str]]:
    """The parameters of the calls for intersections since the last time."""
    queries = [str(call["query"]) for call in Controls(url).log() if str(call["path"]).endswith("/intersections")]
    return [{name: values[0] for name, values in parse_qs(query).items()} for query in queries]


def test_a_full_load_has_every_cell_of_the_model(whole: VenaHub) -> None:
    (sales,) = whole.query("""
        select year, period, fiscal_year, period_month::varchar, product, value, amount::varchar, cell_id from vena.cells
        where account = '4000' and scenario = 'Budget' and department = 'D20' and currency = 'Local' and period = '5'
    """)
    assert sales[:7] == ("2027", "5", 2027, "2026-08-01", None, "5598.25", "5598.250000000000")
    assert sales[7] == "4000 | UK01 | Budget | 2027 | 5 | D20 | No Product | No Channel | No Seller | Local | Value |"
    status = "select value, amount, period_month, fiscal_year from vena.cells where account = 'Created On' and scenario = 'Budget'"
    assert whole.query(status) == [("20260312", None, None, 2027)]
    assert whole.query("select count(*) from vena.cells where product = 'M-CORE' and account = 'Price' and amount = 39.0039") == [
        (8,)
    ]
    assert whole.query("select alias, parent, coordinate from vena.members where name = 'M-CORE' order by all") == [
        ("Core", "All Products", "product"),
        ("Core", "Seats", "product"),
    ]
    assert whole.query("select id, name from vena.models order by all") == [
        (MODEL_ID, "UK Planning"),
        (HIDDEN_ID, "Board Scenarios"),
    ]
    assert whole.query("select undeclared_fields from vena.extraction where undeclared_fields <> ''") == []
    assert whole.query("select count(*) from vena.quarantine") == [(0,)]
    assert whole.query("""
        select sum(documents_received - documents_unchanged - documents_quarantined - rows_loaded) from vena.extraction
    """) == [(0,)]


def test_it_is_read_by_scenario_and_year_and_by_pages(still: str, whole: VenaHub, tmp_path: Path) -> None:
    asked(still)
    hub = VenaHub(tmp_path / "small", still, "page_size = 7")
    hub.load()
    assert hub.raw() == whole.raw()
    calls = asked(still)
    assert {call["pageSize"] for call in calls} == {"7"}
    slices = {tuple(condition["eq"] for condition in json.loads(call["filters"])) for call in calls}
    assert {year for _, year in slices} == {"2027"}
    assert {scenario for scenario, _ in slices} == {"Budget", "Upside", "Forecasts", "Actuals", "Targets"}, (
        "a parent without members is at the bottom"
    )
    assert sum("afterKey" in call for call in calls) > 15, "some slices have many pages"


@pytest.mark.parametrize(
    "keys",
    [
        ('slice_by = ""',),
        ('slice_by = "Account"', "page_size = 50"),
        ('filter_style = "mql"', "page_size = 50"),
        ('filters = \'[{"field": "Entity", "in": ["UK01", "No Entity"]}]\'',),
    ],
)
def test_however_it_is_asked_the_cells_are_the_same(still: str, whole: VenaHub, tmp_path: Path, keys: tuple[str, ...]) -> None:
    hub = VenaHub(tmp_path, still, *keys)
    hub.load()
    assert hub.raw() == whole.raw()


def test_filters_go_with_every_call_and_what_is_no_longer_read_is_taken_out(still: str, whole: VenaHub, tmp_path: Path) -> None:
    hub = VenaHub.copied(
        whole, tmp_path / "hub", still, 'filters = [{ field = "Currency", eq = "Local" }, { field = "Scenario", eq = "Budget" }]'
    )
    asked(still)
    hub.load()
    assert hub.query("select distinct scenario, currency from vena.cells") == [("Budget", "Local")]
    assert len(asked(still)) == 1, "a dimension that the filters name is not sliced"
    told = VenaHub(
        tmp_path / "told",
        still,
        'filter_style = "mql"',
        "filters = \"dimension('Currency':'Local') dimension('Scenario':'Budget')\"",
    )
    told.load()
    assert told.raw("cells") == hub.raw("cells")


def test_nothing_is_written_while_nothing_changes(served: str, whole: VenaHub, tmp_path: Path) -> None:
    hub = VenaHub.copied(whole, tmp_path, served)
    loads = hub.query("select count(*) from vena._dlt_loads")
    assert hub.load() == {}
    assert len(asked(served)) == 5, "every slice is read all the same"
    assert hub.query("select count(*) from vena._dlt_loads") == loads


def test_after_a_while_only_changes_are_written_and_the_tables_are_those_of_a_full_load(
    served: str, whole: VenaHub, tmp_path: Path
) -> None:
    hub = VenaHub.copied(whole, tmp_path / "hub", served)
    let_pass(served, 9.8)
    assert hub.load() == {"cells": 2 + 3}, "the line in both currencies, and what June really was"
    edited = "select value from vena.cells where scenario = 'Budget' and period = '3' and department = 'D20' and account = '6100' order by 1"
    assert hub.query(edited) == [("14340",), ("21510",)]
    let_pass(served, 4)
    third = hub.load()
    assert third["members"] == 1
    assert 0 < third["cells"] < whole.query("select count(*) from vena.cells")[0][0]
    assert hub.load() == {}
    full = VenaHub(tmp_path / "full", served)
    full.load()
    assert hub.raw() == full.raw()


def test_cells_that_were_cleared_vanish_from_the_tables(whole: VenaHub, tmp_path: Path) -> None:
    fewer = write_firm(tmp_path / "fewer.duckdb", months=4)
    with serving(vena, fewer) as (url, _):
        hub = VenaHub.copied(whole, tmp_path / "hub", url)
        assert hub.query("select count(*) > 0 from vena.cells where period = '5'") == [(True,)]
        hub.load()
        full = VenaHub(tmp_path / "full", url)
        full.load()
    assert hub.raw() == full.raw()
    assert hub.query("select count(*) from vena.cells where period = '5'") == [(0,)]


def test_names_of_the_model_can_be_told(still: str, tmp_path: Path) -> None:
    renamed = {
        b'"Department"': b'"Cost Centre"',
        b'"Headcount"': b'"FTE"',
        b'"Local"': b'"LC"',
        b'"No Department"': b'"No Cost Centre"',
    }

    def otherwise(_path: str, body: bytes) -> bytes:
        for ours, theirs in renamed.items():
            body = body.replace(ours, theirs)
        return body

    keys = ('filter_style = "json"', 'columns = { "Cost Centre" = "Department", FTE = "Headcount", LC = "Local" }')
    with between(still, otherwise) as url:
        hub = VenaHub(tmp_path / "hub", url, *keys)
        hub.load()
        assert hub.query(
            "select distinct department, account, currency from vena.cells where period = '2' and account like 'H%'"
        ) == [("D20", "Headcount", "Local")]
        assert hub.query("select count(*) from vena.cells where department is null and account = 'Quota'") == [(1,)]
        assert hub.query("select distinct coordinate from vena.members where dimension = 'Cost Centre'") == [("department",)]
        unknown = VenaHub(tmp_path / "unknown", url)
        with pytest.raises(Exception, match="'Cost Centre', which the hub does not know"):
            unknown.load()
        twice = VenaHub(tmp_path / "twice", url, 'columns = { "Cost Centre" = "Product" }')
        with pytest.raises(Exception, match="cannot both be product"):
            twice.load()


def test_members_of_what_adds_up_are_details(still: str, whole: VenaHub, tmp_path: Path) -> None:
    hub = VenaHub(tmp_path, still, 'columns = { Department = "Detail", Channel = "Detail" }')
    hub.load()
    ours = "select account, detail, value from vena.cells where scenario = 'Upside' and currency = 'Local' order by all"
    theirs = """
        select account, coalesce(department, 'No Department') || ' | ' || coalesce(channel, 'No Channel'), value from vena.cells
        where scenario = 'Upside' and currency = 'Local' order by all
    """
    assert hub.query(ours) == whole.query(theirs)


def test_the_months_of_the_model_must_be_those_of_its_fiscal_year(still: str, tmp_path: Path) -> None:
    def december(path: str, body: bytes) -> bytes:
        return body.replace(b'"fiscal_year_end_month":"3"', b'"fiscal_year_end_month":"12"') if "_sandbox" in path else body

    with between(still, december) as url:
        hub = VenaHub(tmp_path, url)
        with pytest.raises(Exception, match="period '1' of the model is 'April', but 2000-01-01 by fiscal_year_end_month = 12"):
            hub.load()


def test_a_page_that_fails_is_asked_for_again_alone(unscripted: str, whole: VenaHub, tmp_path: Path) -> None:
    Controls(unscripted, "vena").fault(path="*/intersections", kind="truncate", query="*afterKey*", after=2)
    asked(unscripted)
    hub = VenaHub(tmp_path, unscripted, "page_size = 20")
    hub.load()
    calls = [json.dumps(call) for call in asked(unscripted)]
    assert len(calls) - len(set(calls)) == 1
    assert hub.raw() == whole.raw()


@pytest.mark.parametrize("retry_after", [0, "date", None])
def test_a_throttle_is_waited_out(retry_after: object, unscripted: str, whole: VenaHub, tmp_path: Path) -> None:
    Controls(unscripted, "vena").fault(path="*/intersections", kind="throttle", retry_after=retry_after, times=2)
    hub = VenaHub(tmp_path, unscripted)
    hub.load()
    assert hub.raw() == whole.raw()


@pytest.mark.parametrize(
    "kind", [kind if kind == "unauthorized" else pytest.param(kind, marks=pytest.mark.heavy) for kind in sorted(KINDS)]
)
@pytest.mark.parametrize("path", ["*/intersections", "*/hierarchy"])
def test_a_fault_gives_the_right_rows_or_a_loud_failure(
    kind: str, path: str, unscripted: str, whole: VenaHub, tmp_path: Path
) -> None:
    Controls(unscripted, "vena").fault(path=path, kind=kind, after=0, times=999 if kind in LOUD else 1, seconds=0.01)
    hub = VenaHub(tmp_path, unscripted)
    if kind not in LOUD:
        hub.load()
        assert hub.raw() == whole.raw()
        return
    with pytest.raises(Exception, match="vena") as failure:
        hub.load()
    assert API_KEY not in ingestion.cause(failure.value)
    assert hub.query("select count(*) from vena.cells") == [(0,)]


def test_an_error_in_the_last_slice_leaves_the_tables_as_they_were(unscripted: str, whole: VenaHub, tmp_path: Path) -> None:
    hub = VenaHub.copied(whole, tmp_path, unscripted)
    Controls(unscripted, "vena").fault(path="*/intersections", kind="forbidden", after=3, times=999)
    with pytest.raises(Exception, match="403"):
        hub.load()
    assert hub.raw() == whole.raw()


def _pages(body: bytes, change: Any) -> bytes:
    told = json.loads(body)
    change(told)
    return json.dumps(told).encode()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda told: told["data"].pop(), "announced"),
        (lambda told: told["data"].pop(0), "does not repeat its headers in the first row: set drop_repeated_header to false"),
        (lambda told: told["metadata"]["headers"].reverse(), "does not repeat its headers"),
        (lambda told: told["data"][2].pop(), "not as long as its headers"),
        (lambda told: [row.__setitem__(3, "Else") for row in told["data"][1:]], "cells of another Scenario"),
        (
            lambda told: [row.__setitem__(0, "Amount") for row in (told["data"][0], told["metadata"]["headers"])],
            "no column 'Value'",
        ),
        (lambda told: told["metadata"].update(nextPage="https://us1.vena.io/api/public/v1/models"), "outside"),
        (lambda told: told.update(data={}), "did not answer with intersections"),
    ],
)
def test_a_page_that_is_not_what_it_tells_stops_the_run(change: Any, message: str, still: str, tmp_path: Path) -> None:
    def spoil(path: str, body: bytes) -> bytes:
        return _pages(body, change) if "/intersections" in path and "Upside" in path else body

    with between(still, spoil) as url:
        hub = VenaHub(tmp_path, url)
        with pytest.raises(Exception, match=re.escape(message)):
            hub.load()
    assert hub.query("select count(*) from vena.cells") == [(0,)]


def test_pages_that_lead_back_or_change_their_columns_stop_the_run(still: str, tmp_path: Path) -> None:
    def back(path: str, body: bytes) -> bytes:
        return body.replace(b"&afterKey=", b"&was=") if "/intersections" in path else body

    def columns(path: str, body: bytes) -> bytes:
        return body.replace(b'"Channel"', b'"Kanal"') if "afterKey" in path else body

    for spoil, message in ((back, "repeat|lead|points back"), (columns, "other columns than the pages before")):
        with between(still, spoil) as url:
            hub = VenaHub(tmp_path / spoil.__name__, url, "page_size = 20", 'columns = { Kanal = "Channel" }')
            with pytest.raises(Exception, match=message):
                hub.load()
            assert hub.query("select count(*) from vena.cells") == [(0,)]


def test_a_page_without_repeated_headers_can_be_told(still: str, whole: VenaHub, tmp_path: Path) -> None:
    def plain(path: str, body: bytes) -> bytes:
        return _pages(body, lambda told: told["data"].pop(0)) if "/intersections" in path else body

    with between(still, plain) as url:
        hub = VenaHub(tmp_path / "told", url, "drop_repeated_header = false")
        hub.load()
        assert hub.raw() == whole.raw()
    repeating = VenaHub(tmp_path / "repeating", still, "drop_repeated_header = false")
    with pytest.raises(Exception, match="set drop_repeated_header to true"):
        repeating.load()


def test_a_hierarchy_that_is_cut_stops_the_run(still: str, tmp_path: Path) -> None:
    def cut(path: str, body: bytes) -> bytes:
        return _pages(body, lambda told: told["data"].pop()) if path.endswith("/hierarchy") else body

    with between(still, cut) as url:
        hub = VenaHub(tmp_path, url)
        with pytest.raises(Exception, match=r"announced \d+ members, but \d+ arrived"):
            hub.load()


def test_values_that_are_no_numbers_and_periods_that_are_no_months_are_set_aside(
    still: str, whole: VenaHub, tmp_path: Path
) -> None:
    def spoil(path: str, body: bytes) -> bytes:
        return body.replace(b'["35100","Quota"', b'["35,100","Quota"').replace(b'"Upside","2027","6"', b'"Upside","2027","BOP"')

    with between(still, spoil) as url:
        hub = VenaHub(tmp_path, url)
        hub.load()
    reasons = sorted(hub.query("select reason, payload from vena.quarantine"))
    assert "'35,100' is not a number" in reasons[0][0]
    assert "zoe@firm.example" in reasons[0][1]
    assert all("'2027 BOP'" in reason for reason, _ in reasons[1:])
    cells = "select count(*) from vena.cells"
    assert hub.query(cells)[0][0] == whole.query(cells)[0][0] - len(reasons) == whole.query(cells)[0][0] - 1 - 8


def test_a_token_that_sees_no_cell_stops_the_run_and_takes_nothing_out(still: str, whole: VenaHub, tmp_path: Path) -> None:
    def empty(path: str, body: bytes) -> bytes:
        def change(told: Any) -> None:
            del told["data"][1:]
            told["metadata"]["recordsReturned"] = 0

        return _pages(body, change) if "/intersections" in path else body

    with between(still, empty) as url:
        hub = VenaHub.copied(whole, tmp_path / "known", url)
        with pytest.raises(Exception, match=r"none of the .* known ones is left"):
            hub.load()
        assert hub.raw() == whole.raw()
        with pytest.raises(Exception, match=r"the model has no cell\. Check the filters and the token's data permission"):
            VenaHub(tmp_path / "new", url).load()
        (*_, finding) = hub.check(NAME)
        assert not finding.ok
        assert "give the token data permission" in finding.message


def test_a_list_of_models_that_is_missing_or_in_an_envelope_does_no_harm(unscripted: str, whole: VenaHub, tmp_path: Path) -> None:
    def enveloped(path: str, body: bytes) -> bytes:
        return b'{"data":' + body + b',"metadata":{"recordsReturned":2}}' if path.endswith("/models") else body

    with between(unscripted, enveloped) as url:
        hub = VenaHub(tmp_path / "enveloped", url)
        hub.load()
        assert hub.raw() == whole.raw()
    Controls(unscripted, "vena").fault(path="*/models", kind="forbidden", times=999)
    without = VenaHub(tmp_path / "without", unscripted)
    without.load()
    assert without.raw("members", "cells") == whole.raw("members", "cells")
    assert without.query("select count(*) from vena.models") == [(0,)]
    assert all(finding.ok for finding in without.check(NAME))


def connection(url: str, folder: Path, **keys: object) -> Connection[VenaSettings]:
    """A connection to the emulator, unless other keys are given."""
    told: dict[str, Any] = {"api_user": API_USER, "api_key": API_KEY, "model_id": MODEL_ID, "fiscal_year_end_month": 3}
    told |= {"base_url": f"{url}/vena{API}", **keys}
    return Connection(NAME, VenaSettings(**told), folder, TokenStore(folder / "tokens", bytes(32)))


def test_a_check_says_what_is_readable_and_what_is_wrong(still: str, tmp_path: Path) -> None:
    good = check(connection(still, tmp_path / "good"))
    assert [(finding.ok, finding.subject) for finding in good] == [(True, "model"), (True, "dimensions"), (True, "cells")]
    assert "'UK Planning' is listed" in good[0].message
    assert "5 slices" in good[1].message
    wrong: dict[str, dict[str, object]] = {
        "does not accept the credentials": {"api_key": "not-this-one"},
        "does not see the model 17; it sees UK Planning": {"model_id": "17"},
        "requires permission read model": {"model_id": HIDDEN_ID},
        "fiscal_year_end_month = 12": {"fiscal_year_end_month": 12},
        "no member to match the value 'XX'": {"filters": '[{"field": "Entity", "eq": "XX"}]'},
        "give the token data permission": {"filters": '[{"field": "Entity", "eq": "Group"}]'},
    }
    for number, (message, keys) in enumerate(wrong.items()):
        found = check(connection(still, tmp_path / str(number), **keys))
        assert not found[-1].ok
        assert message in found[-1].message
        assert "not-this-one" not in found[-1].message


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"api_key": ""}, "api_user and api_key of an application token"),
        ({"model_id": ""}, "model_id"),
        ({"base_url": "https://us1.vena.io"}, "either hub"),
        ({"page_size": 100001}, "page_size must be between 1 and 100000"),
        ({"filter_style": "sql"}, "filter_style must be json or mql"),
        ({"filters": "Year = 2026"}, "filters must be a list of objects"),
        ({"fiscal_year_end_month": 13}, "fiscal_year_end_month must be between 1 and 12"),
        ({"calls_per_5_minutes": 0}, "calls_per_5_minutes must be positive"),
    ],
)
def test_a_wrong_setting_is_one_sentence(keys: dict[str, object], message: str, tmp_path: Path) -> None:
    told = {"system": "vena", "entity": "Firm", "hub": "us1", "api_user": "u", "api_key": "hush-hush", "model_id": "m"} | keys
    lines = "\n".join(f'{key} = "{value}"' if isinstance(value, str) else f"{key} = {value}" for key, value in told.items())
    (tmp_path / "hub.toml").write_text(f"[connections.v]\n{lines}\n")
    with pytest.raises(settings.SettingsError, match=message) as refused:
        settings.load(tmp_path)
    assert "hush-hush" not in str(refused.value)


def test_secrets_stay_out_of_everything_that_a_run_writes(whole: VenaHub) -> None:
    for path in whole.home.rglob("*"):
        if path.is_file() and path.name != "hub.toml":
            assert API_KEY.encode() not in path.read_bytes(), path.name
    assert API_KEY not in repr(whole.settings.connections[NAME])

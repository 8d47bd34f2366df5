"""The emulator against the reference: tokens, models, the hierarchy, intersections by filters and pages, jobs, and the older login."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from sandbox.vendors import vena
from sandbox.vendors.vena.app import API_KEY, API_USER, HEADERS, HIDDEN_ID, MODEL_ID, PASSWORD, USERNAME
from sandbox.vendors.vena.jobs import TEMPLATE_ID
from sandbox.vendors.vena.replies import API
from sandbox.vendors.wire import VirtualClock
from tests.sandbox.serving import serving
from tests.sandbox.vena import ROOT, called, write_firm

Row = dict[str, Any]
CELLS, TEMPLATE = f"{ROOT}/intersections", f"/etl/templates/{TEMPLATE_ID}"
SLOW: Any = SimpleNamespace(vendor=lambda company, clock, *, limits: vena.vendor(company, clock, limits=limits, work=60.0))
"""The emulator whose jobs run for a minute."""


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_firm(tmp_path_factory.mktemp("firm") / "firm.duckdb")


@pytest.fixture(scope="module")
def served(firm: Path) -> Iterator[tuple[str, VirtualClock]]:
    with serving(SLOW, firm) as running:
        yield running


@pytest.fixture
def http(served: tuple[str, VirtualClock]) -> Iterator[httpx.Client]:
    with called(served[0]) as client:
        yield client


def told(answer: httpx.Response, status: int, message: str) -> None:
    """An error, with its text."""
    assert answer.status_code == status
    assert answer.json()["status"] == status
    assert message in answer.json()["message"]


def cells(http: httpx.Client, *conditions: Row, **params: str) -> list[Row]:
    """Intersections that pass filters, by the names of their columns."""
    body = http.get(CELLS, params={"filters": json.dumps(conditions), **params}).json()
    assert body["data"][0] == body["metadata"]["headers"]
    return [dict(zip(body["data"][0], row, strict=True)) for row in body["data"][1:]]


def test_a_call_needs_the_user_and_the_key_of_the_token(http: httpx.Client, served: tuple[str, VirtualClock]) -> None:
    assert http.get("/models").json()[0] == {"id": MODEL_ID, "name": "UK Planning"}
    for auth in ((API_USER, "wrong"), ("wrong", API_KEY), (USERNAME, PASSWORD), None):
        told(httpx.get(f"{served[0]}/vena{API}/models", auth=auth), 401, "Unauthorized")
    told(httpx.get(f"{served[0]}/vena{API}/models", headers={"Authorization": "Bearer x"}), 401, "Unauthorized")


def test_the_older_login_gives_a_token_and_the_place_of_the_hub(served: tuple[str, VirtualClock]) -> None:
    root = f"{served[0]}/vena"
    answer = httpx.post(f"{root}/login", auth=(USERNAME, PASSWORD)).json()
    assert answer == {"apiUser": API_USER, "apiKey": API_KEY, "location": root}
    told(httpx.post(f"{root}/login", auth=(USERNAME, "wrong")), 401, "Unauthorized")
    token = (answer["apiUser"], answer["apiKey"])
    for path in ("/api/etl", f"/api/models/{MODEL_ID}/etl"):
        assert isinstance(httpx.get(f"{answer['location']}{path}", auth=token).json(), list)


def test_every_page_repeats_the_headers_and_names_the_next_with_its_own_address(
    http: httpx.Client, served: tuple[str, VirtualClock]
) -> None:
    whole = http.get(CELLS).json()
    assert whole["metadata"]["headers"] == list(HEADERS)
    assert "nextPage" not in whole["metadata"]
    rows = whole["data"][1:]
    assert whole["metadata"]["recordsReturned"] == len(rows) > 120
    assert all(isinstance(value, str) for row in rows for value in row)
    seen, page = [], http.get(CELLS, params={"pageSize": "50"})
    while True:
        body = page.json()
        assert body["data"][0] == list(HEADERS)
        assert body["metadata"]["recordsReturned"] == len(body["data"]) - 1 <= 50
        seen += body["data"][1:]
        following = body["metadata"].get("nextPage")
        if following is None:
            break
        assert following.startswith(f"{served[0]}/vena{API}{CELLS}?pageSize=50&afterKey=")
        page = http.get(following)
    assert seen == rows
    assert http.get(CELLS, params={"pageSize": str(len(rows))}).json()["metadata"].keys() == {"headers", "recordsReturned"}
    assert http.get(CELLS, params={"pageSize": "0"}).json() == {
        "metadata": {"headers": list(HEADERS), "recordsReturned": 0},
        "data": [list(HEADERS)],
    }
    for size in ("-1", "100001", "many"):
        told(http.get(CELLS, params={"pageSize": size}), 400, f"pageSize '{size}' is invalid")
    assert http.get(CELLS, params={"pageSize": "100000"}).status_code == 200
    told(http.get(CELLS, params={"afterKey": "§"}), 400, "afterKey")


def test_intersections_are_csv_or_plain_text_by_the_accept_header_and_nothing_else(http: httpx.Client) -> None:
    rows = http.get(CELLS, headers={"Accept": "application/json"}).json()["data"]
    for kind in ("text/csv", "text/plain"):
        answer = http.get(CELLS, headers={"Accept": kind})
        assert answer.headers["content-type"].partition(";")[0] == kind
        assert list(csv.reader(io.StringIO(answer.text))) == rows
        short = http.get(CELLS, params={"pageSize": "20"}, headers={"Accept": kind})
        assert len(short.text.splitlines()) == 21
        assert "afterKey=" in short.links["next"]["url"]
    assert http.get(CELLS, headers={"Accept": "text/html, */*;q=0.8"}).json()["data"] == rows
    for path, kind in ((CELLS, "application/xml"), (f"{ROOT}/hierarchy", "text/csv"), ("/models", "text/csv")):
        told(http.get(path, headers={"Accept": kind}), 406, "Accept")


def test_the_hierarchy_has_every_member_with_its_parents_and_signs(http: httpx.Client) -> None:
    body = http.get(f"{ROOT}/hierarchy").json()
    rows = body["data"]
    assert body["metadata"] == {"recordsReturned": len(rows)}
    assert {frozenset(row) for row in rows} == {frozenset({"dimension", "name", "alias", "parent", "operator"})}
    assert {row["operator"] for row in rows} == {"+", "-", "~"}
    by_name = {(row["dimension"], row["name"]): row for row in rows}
    assert set(HEADERS[1:]) == {row["dimension"] for row in rows}
    assert by_name["Account", "Net Income"]["parent"] == ""
    assert by_name["Account", "Expenses"] == {
        "dimension": "Account",
        "name": "Expenses",
        "alias": "Expenses",
        "parent": "Net Income",
        "operator": "-",
    }
    assert by_name["Account", "6100"]["alias"] == 'Wages, "gross"'
    assert by_name["Period", "1"]["alias"] == "April"
    assert by_name["Period", "12"]["alias"] == "March"
    assert [row["parent"] for row in rows if row["name"] == "M-CORE"] == ["All Products", "Seats"]
    bottom = {name for dimension, name in by_name if dimension == "Account"} - {row["parent"] for row in rows}
    assert {row["Account"] for row in cells(http)} <= bottom


def test_values_stand_at_the_bottom_in_the_fiscal_year_and_in_two_currencies(http: httpx.Client) -> None:
    here: list[Row] = [{"field": "Account", "eq": "4000"}, {"field": "Scenario", "eq": "Budget"}]
    april: list[Row] = [*here, {"field": "Period", "eq": "1"}, {"field": "Department", "eq": "D20"}]
    assert [(row["Value"], row["Currency"], row["Year"], row["Entity"]) for row in cells(http, *april)] == [
        ("1598.25", "Local", "2027", "UK01"),
        ("2397.38", "USD", "2027", "UK01"),
    ]
    status = cells(
        http, {"field": "Account", "mx": {"bottomLevel": {"name": "Plan Status"}}}, {"field": "Scenario", "eq": "Budget"}
    )
    assert [(row["Account"], row["Value"], row["Period"], row["Department"]) for row in status] == [
        ("Created On", "20260312", "No Period", "No Department"),
        ("Locked", "1", "No Period", "No Department"),
    ]
    assert [
        row["Account"] for row in cells(http, {"field": "Account", "eq": "Locked"}, {"field": "Scenario", "eq": "Upside"})
    ] == []
    (roi,) = cells(http, {"field": "Account", "eq": "ROI Target"})
    assert (roi["Entity"], roi["Value"], roi["Scenario"]) == ("No Entity", "200", "Targets")


def test_filters_are_of_members_at_the_bottom_one_of_a_dimension(http: httpx.Client) -> None:
    both = cells(http, {"field": "Account", "in": ["4000", "6100"]})
    revenue = cells(http, {"field": "Account", "mx": {"bottomLevel": {"name": "Revenue"}}})
    assert {row["Account"] for row in both} == {"4000", "6100"}
    assert {row["Account"] for row in revenue} == {"4000"}
    assert cells(http, {"field": "Account", "eq": "Revenue"}) == [], "a parent has no values of its own"
    paged = cells(http, {"field": "Account", "eq": "4000"}, pageSize="7")
    assert len(paged) == 7
    following = http.get(CELLS, params={"filters": '[{"field":"Account","eq":"4000"}]', "pageSize": "7"}).json()["metadata"][
        "nextPage"
    ]
    assert {row[1] for row in http.get(following).json()["data"][1:]} == {"4000"}, "the next page keeps the filters"
    assert len(http.get(CELLS, params={"FILTERS": '[{"field":"Account","eq":"4000"}]'}).json()["data"]) > len(revenue) + 1
    wrong = {
        '[{"field":Year,"eq":"2027"}]': "Unable to parse provided filters as JSON because",
        '[{"field":"Region","eq":"x"}]': "The 'Region' dimension in the filters parameter is invalid",
        '[{"field":"Year","eq":"1999"}]': "The 'eq' filter for the field 'Year' is invalid. There's no member to match the value '1999'",
        '[{"field":"Year","like":"20"}]': "The filter for the field 'Year' is invalid",
        '[{"field":"Year","eq":"2027"},{"field":"Year","in":["2027"]}]': "Each dimension can only appear once in a query",
    }
    for filters, message in wrong.items():
        told(http.get(CELLS, params={"filters": filters}), 400, message)


def test_filters_can_be_expressions_of_the_query_language(http: httpx.Client) -> None:
    expression = "dimension('Account':'Revenue') dimension('Scenario':'Budget')"
    found = http.get(CELLS, params={"filter": expression}).json()["data"]
    assert found[1:] == [
        list(row.values()) for row in cells(http, {"field": "Account", "eq": "4000"}, {"field": "Scenario", "eq": "Budget"})
    ]
    told(http.get(CELLS, params={"filter": "account = 4000"}), 400, "Unable to parse provided filter")
    told(http.get(CELLS, params={"filter": "dimension('Year':'1999')"}), 400, "no member to match the value '1999'")


def test_models_that_are_hidden_or_not_there_are_told_apart(http: httpx.Client) -> None:
    for kind in ("intersections", "hierarchy"):
        told(http.get(f"/models/{HIDDEN_ID}/{kind}"), 403, 'Access requires permission read model "Board Scenarios"')
        told(http.get(f"/models/1/{kind}"), 404, "Model 1 not found")
    told(http.get("/dimensions"), 404, "Not Found")
    told(http.post(CELLS), 405, "Method Not Allowed")


def test_a_job_runs_from_data_and_its_status_is_a_bare_string(http: httpx.Client, served: tuple[str, VirtualClock]) -> None:
    clock = served[1]
    row = ["12.5", "4000", "UK01", "Budget", "2027", "1", "D20", "No Product", "No Channel", "No Seller", "Local", "Value"]
    good, bad = (
        http.post(f"{TEMPLATE}/startWithData", json={"input": {"data": [data]}}).json()["id"] for data in (row, ["x", *row[1:]])
    )
    assert http.get(f"/etl/jobs/{good}/status").text == '"RUNNING"'
    clock.advance(61)
    assert http.get(f"/etl/jobs/{good}/status").json() == "COMPLETED"
    assert http.get(f"/etl/jobs/{bad}/status").json() == "ERROR"
    job = http.get(f"/etl/jobs/{bad}").json()
    assert set(job) == {
        *("id", "name", "modelId", "modelName", "createdDate", "updatedDate", "userName", "status", "error", "warnings"),
    }
    assert (job["modelId"], job["status"], job["error"]) == (MODEL_ID, "ERROR", "Row 1: 'x' is not a number")
    assert datetime.fromisoformat(job["createdDate"]).tzinfo is not None
    told(http.post(f"{TEMPLATE}/startWithData", json={"input": {"data": [row[:-1]]}}), 422, "row 1 has 11 columns")
    told(http.post(f"{TEMPLATE}/startWithData", json={"input": {"data": []}}), 422, "has no rows")
    told(http.post(f"{TEMPLATE}/startWithData", json={"rows": []}), 422, "input.data must be an array of rows")
    told(http.post("/etl/templates/1/startWithData", json={"input": {"data": [row]}}), 404, "ETL template 1 not found")
    told(http.get("/etl/jobs/1/status"), 404, "ETL job 1 not found")


def test_a_job_runs_from_a_file_whose_part_the_metadata_name(http: httpx.Client, served: tuple[str, VirtualClock]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([HEADERS, ["1", *("Ä, b" for _ in HEADERS[1:])]])
    metadata = json.dumps({"input": {"partName": "file", "fileFormat": "CSV", "fileEncoding": "UTF-8", "fileName": "up.csv"}})
    parts: Any = {
        "file": ("up.csv", text.getvalue().encode(), "text/csv"),
        "metadata": ("metadata.json", metadata, "application/json"),
    }
    job = http.post(f"{TEMPLATE}/startWithFile", files=parts).json()["id"]
    served[1].advance(61)
    assert http.get(f"/etl/jobs/{job}/status").json() == "COMPLETED"
    told(http.post(f"{TEMPLATE}/startWithFile", files={"metadata": parts["metadata"]}), 422, "metadata must name the part")


def test_a_job_can_be_edited_before_it_is_submitted_and_cancelled(http: httpx.Client, served: tuple[str, VirtualClock]) -> None:
    job = f"/etl/jobs/{http.post(f'{TEMPLATE}/jobs').json()['id']}"
    assert http.get(f"{job}/status").json() == "EDITING"
    assert http.post(f"{job}/submit").json()["status"] == "RUNNING"
    told(http.post(f"{job}/submit"), 422, "cannot be submitted")
    assert http.post(f"{job}/cancel").json()["status"] == "CANCELLED"
    served[1].advance(61)
    assert http.get(f"{job}/status").json() == "CANCELLED"
    done = f"/etl/jobs/{http.post(f'{TEMPLATE}/jobs').json()['id']}"
    http.post(f"{done}/submit")
    served[1].advance(61)
    told(http.post(f"{done}/cancel"), 422, "the job is COMPLETED and cannot be cancelled")


def test_three_hundred_calls_in_five_minutes_are_the_most(firm: Path) -> None:
    with serving(vena, firm, limits=True) as (url, clock), called(url) as http:
        answers = [http.get("/models") for _ in range(301)]
        assert [answer.status_code for answer in answers] == [200] * 300 + [429]
        told(answers[-1], 429, "Too Many Requests")
        assert "retry-after" not in answers[-1].headers
        clock.advance(301)
        assert http.get("/models").status_code == 200


def test_time_changes_values_and_brings_scenarios(firm: Path) -> None:
    edited: list[Row] = [
        {"field": "Account", "eq": "6100"},
        {"field": "Scenario", "eq": "Budget"},
        {"field": "Period", "eq": "3"},
        {"field": "Department", "eq": "D20"},
        {"field": "Currency", "eq": "Local"},
    ]
    june: list[Row] = [
        {"field": "Account", "eq": "Headcount"},
        {"field": "Scenario", "eq": "Actuals"},
        {"field": "Period", "eq": "3"},
    ]
    forecast = {"field": "Scenario", "eq": "Reforecast Q1"}
    with serving(vena, firm) as (url, _), called(url) as http:
        assert [row["Value"] for row in cells(http, *edited)] == ["3098"]
        assert cells(http, *june) == []
        told(http.get(CELLS, params={"filters": json.dumps([forecast])}), 400, "no member to match the value 'Reforecast Q1'")
        httpx.post(f"{url}/_sandbox/advance", json={"days": 9.8}).raise_for_status()
        assert [row["Value"] for row in cells(http, *edited)] == ["14340"]
        assert [row["Value"] for row in cells(http, *june)] == ["3"]
        httpx.post(f"{url}/_sandbox/advance", json={"days": 4}).raise_for_status()
        assert len(cells(http, forecast)) > 40
        locked = {"field": "Account", "eq": "Locked"}
        assert cells(http, forecast, locked) == []
        httpx.post(f"{url}/_sandbox/advance", json={"days": 5}).raise_for_status()
        assert len(cells(http, forecast, locked)) == 1

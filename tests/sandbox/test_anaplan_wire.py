"""The emulator against the reference: tokens, envelopes, metadata, tasks and their files, views, and what a model without access says."""

from __future__ import annotations

import base64
import csv
import io
import secrets
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from sandbox.vendors import anaplan
from sandbox.vendors.anaplan.access import PASSWORD, USERNAME
from sandbox.vendors.anaplan.modules import EMPTY_EXPORT_ID, MODULES
from sandbox.vendors.anaplan.tenant import ARCHIVED_ID, HIDDEN_ID, MODEL_ID, WORKSPACE_ID
from sandbox.vendors.wire import VirtualClock
from tests.sandbox.anaplan import ROOT, called, certificate, token, write_firm
from tests.sandbox.serving import serving

Row = dict[str, Any]
STATUS, PLAN = MODULES[0], MODULES[1]
SMALL: Any = SimpleNamespace(
    vendor=lambda company, clock, *, limits: anaplan.vendor(company, clock, limits=limits, chunk=300, most_cells=90)
)
"""The emulator with short chunks and few cells."""
SLOW: Any = SimpleNamespace(
    vendor=lambda company, clock, *, limits: anaplan.vendor(company, clock, limits=limits, chunk=2000, step=60.0)
)
"""The emulator whose tasks take a minute for each step."""


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_firm(tmp_path_factory.mktemp("firm") / "firm.duckdb")


@pytest.fixture(scope="module")
def served(firm: Path) -> Iterator[tuple[str, VirtualClock]]:
    with serving(SMALL, firm) as running:
        yield running


@pytest.fixture
def auth(served: tuple[str, VirtualClock]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{served[0]}/anaplan", timeout=30) as client:
        yield client


@pytest.fixture
def http(served: tuple[str, VirtualClock]) -> Iterator[httpx.Client]:
    with called(served[0]) as client:
        yield client


def run(http: httpx.Client, export: int, kind: str = "exports") -> Row:
    """A task from its order to its end."""
    tasks = f"{ROOT}/{kind}/{export}/tasks"
    answer = http.post(tasks, json={"localeName": "en_US"})
    assert answer.status_code == 200
    assert set(answer.json()["task"]) == {"taskId"}
    while True:
        task: Row = http.get(f"{tasks}/{answer.json()['task']['taskId']}").json()["task"]
        if task["taskState"] == "COMPLETE":
            return task
        assert task["taskState"] in {"NOT_STARTED", "IN_PROGRESS"}
        time.sleep(0.01)


def told(answer: httpx.Response, status: int, message: str = "Not Found") -> None:
    """An error of the API, as the vendor shapes it."""
    assert answer.status_code == status
    body = answer.json()
    assert body["status"] == {"code": status, "message": message}
    assert body["path"].startswith("/2/0/")
    assert datetime.fromisoformat(body["timestamp"]).tzinfo is not None


def test_a_login_is_created_and_a_refresh_prolongs_the_same_value(auth: httpx.Client, served: tuple[str, VirtualClock]) -> None:
    clock = served[1]
    login = auth.post("/token/authenticate", auth=(USERNAME, PASSWORD))
    assert login.status_code == 201
    body = login.json()
    assert (body["status"], body["statusMessage"]) == ("SUCCESS", "Login successful")
    assert body["meta"] == {"validationUrl": f"{served[0]}/anaplan/token/validate"}
    assert set(body["tokenInfo"]) == {"expiresAt", "tokenId", "tokenValue", "refreshTokenId"}
    assert abs(body["tokenInfo"]["expiresAt"] / 1000 - clock.now().timestamp() - 35 * 60) < 5
    header = {"Authorization": f"AnaplanAuthToken {body['tokenInfo']['tokenValue']}"}
    clock.advance(20 * 60)
    renewed = auth.post("/token/refresh", headers=header)
    assert (renewed.status_code, renewed.json()["statusMessage"]) == (200, "Token refreshed")
    assert renewed.json()["tokenInfo"]["tokenValue"] == body["tokenInfo"]["tokenValue"]
    assert renewed.json()["tokenInfo"]["expiresAt"] - body["tokenInfo"]["expiresAt"] >= 20 * 60 * 1000
    clock.advance(34 * 60)
    known = auth.get(body["meta"]["validationUrl"], headers=header).json()
    assert set(known["userInfo"]) == {"userGuid", "userId", "customerGuid"}
    assert known["userInfo"]["userId"] == USERNAME
    clock.advance(2 * 60)
    assert auth.get("/token/validate", headers=header).status_code == 401
    told(auth.get("/2/0/workspaces", headers=header), 401, "Token is not valid")


def test_a_logout_ends_the_token(auth: httpx.Client, served: tuple[str, VirtualClock]) -> None:
    header = {"Authorization": f"AnaplanAuthToken {token(served[0])}"}
    assert auth.get("/2/0/workspaces", headers=header).status_code == 200
    assert auth.get(
        "/2/0/workspaces", headers={"Authorization": header["Authorization"].replace("AnaplanAuthToken", "Bearer")}
    ).is_success
    gone = auth.post("/token/logout", headers=header)
    assert (gone.status_code, gone.content) == (204, b"")
    assert auth.post("/token/refresh", headers=header).status_code == 401
    assert auth.get("/2/0/workspaces", headers=header).status_code == 401


def test_bad_credentials_and_bad_headers_are_told_apart(auth: httpx.Client) -> None:
    wrong = auth.post("/token/authenticate", auth=(USERNAME, "wrong"))
    assert (wrong.status_code, wrong.json()["status"]) == (401, "FAILURE_BAD_CREDENTIAL")
    assert wrong.json()["statusMessage"]
    for headers in ({}, {"Authorization": "Digest x"}):
        bad = auth.post("/token/authenticate", headers=headers)
        assert (bad.status_code, bad.json()["status"]) == (400, "FAILURE_BAD_HEADER")
    assert auth.get("/token/validate").status_code == 400


def test_a_certificate_proves_itself_by_signed_random_bytes(auth: httpx.Client) -> None:
    pem, key = certificate()
    header = {"Authorization": f"CACertificate {base64.b64encode(pem.encode()).decode()}"}

    def body(data: bytes, how: hashes.HashAlgorithm) -> dict[str, str]:
        signed = key.sign(data, padding.PKCS1v15(), how)
        return {"encodedData": base64.b64encode(data).decode(), "encodedSignedData": base64.b64encode(signed).decode()}

    assert auth.post("/token/authenticate", headers=header, json=body(secrets.token_bytes(100), hashes.SHA512())).status_code == 201
    for wrong in (
        body(secrets.token_bytes(100), hashes.SHA256()),
        body(secrets.token_bytes(99), hashes.SHA512()),
        {"certificateChain": "x"},
    ):
        assert auth.post("/token/authenticate", headers=header, json=wrong).status_code == 401


def test_oauth_clients_send_json_and_refresh_tokens_rotate(auth: httpx.Client) -> None:
    client = {"client_id": "sandbox-client"}
    first = {**client, "grant_type": "refresh_token", "refresh_token": "sandbox-refresh-0"}
    answer = auth.post("/oauth/token", json=first).json()
    assert {"access_token", "refresh_token", "expires_in", "token_type"} <= set(answer)
    assert auth.get("/2/0/workspaces", headers={"Authorization": f"Bearer {answer['access_token']}"}).status_code == 200
    again = auth.post("/oauth/token", json=first)
    assert (again.status_code, again.json()["error"]) == (403, "invalid_grant")
    assert auth.post("/oauth/token", json={**first, "refresh_token": answer["refresh_token"]}).status_code == 200
    device = auth.post("/oauth/device/code", json={**client, "scope": "openid profile email offline_access"}).json()
    grant = {**client, "grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": device["device_code"]}
    assert auth.post("/oauth/token", json=grant).status_code == 200
    params = {**client, "response_type": "code", "redirect_uri": "http://127.0.0.1/back", "state": "s"}
    code = httpx.URL(auth.get("/auth/authorize", params=params).headers["location"]).params["code"]
    assert auth.post("/oauth/token", json={**client, "grant_type": "authorization_code", "code": code}).status_code == 200


def test_rows_of_the_tenant_are_complete(http: httpx.Client, served: tuple[str, VirtualClock]) -> None:
    body = http.get("/workspaces", params={"tenantDetails": "true"}).json()
    assert body["meta"] == {
        "schema": f"{served[0]}/anaplan/2/0/objects/workspace",
        "paging": {"currentPageSize": 1, "totalSize": 1, "offset": 0},
    }
    assert body["status"] == {"code": 200, "message": "Success"}
    (workspace,) = body["workspaces"]
    assert set(workspace) == {"id", "name", "active", "sizeAllowance", "currentSize"}
    assert len(workspace["id"]) == 32
    assert workspace["id"] == workspace["id"].lower()
    listed = http.get(f"/workspaces/{WORKSPACE_ID}/models", params={"modelDetails": "true"}).json()["models"]
    assert listed == http.get("/models", params={"modelDetails": "true"}).json()["models"]
    assert {row["activeState"] for row in listed} == {"PRODUCTION", "UNLOCKED", "ARCHIVED"}
    for row in listed:
        assert set(row) >= {
            *("id", "name", "activeState", "currentWorkspaceId", "currentWorkspaceName", "modelUrl", "categoryValues"),
            *("isoCreationDate", "lastModified", "lastModifiedByUserGuid", "lastSavedSerialNumber", "memoryUsage"),
        }
        assert row["id"] == row["id"].upper()
    assert http.get(f"/models/{MODEL_ID}").json()["model"]["name"] == "Group Plan"


def test_listings_go_on_by_the_address_that_they_give(http: httpx.Client) -> None:
    whole = http.get(f"{ROOT}/exports").json()["exports"]
    page = http.get(f"{ROOT}/exports", params={"limit": "4"}).json()
    found = list(page["exports"])
    assert page["meta"]["paging"] == {
        "currentPageSize": 4,
        "totalSize": 10,
        "offset": 0,
        "next": f"{str(http.base_url).rstrip('/')}{ROOT}/exports?limit=4&offset=4",
    }
    while "next" in page["meta"]["paging"]:
        page = http.get(page["meta"]["paging"]["next"]).json()
        found += page["exports"]
    assert found == whole
    assert "previous" in page["meta"]["paging"]
    assert next(row["name"] for row in http.get("/models", params={"sort": "-name"}).json()["models"]) == "Group Plan 2019-2022"
    assert [row["name"] for row in http.get("/models", params={"s": "comp%_lann"}).json()["models"]] == ["Compensation Planning"]


def test_a_model_without_access_is_as_one_that_is_not_there(http: httpx.Client) -> None:
    for model in (HIDDEN_ID, "F" * 32):
        answer = http.get(f"/models/{model}")
        told(answer, 404)
        assert answer.json()["path"] == f"/2/0/models/{model}"
    told(http.get(f"/workspaces/{'0' * 32}/models/{MODEL_ID}/exports"), 404)
    told(http.get(f"{ROOT}/nonsense"), 404)
    told(http.get(f"/workspaces/{WORKSPACE_ID}/models/{ARCHIVED_ID}/exports"), 422, "The model is archived")


def test_what_the_model_is_made_of(http: httpx.Client) -> None:
    modules = http.get(f"{ROOT}/modules").json()["modules"]
    assert len(modules) == len(MODULES)
    items = http.get(f"/models/{MODEL_ID}/modules/{STATUS.id}/lineItems", params={"includeAll": "true"}).json()["items"]
    assert [(row["name"], row["format"]) for row in items][3] == ("Locked", "BOOLEAN")
    amount = http.get(f"{ROOT}/modules/{PLAN.id}/lineItems", params={"includeAll": "true"}).json()["items"][0]
    assert (
        amount["formatMetadata"].items()
        >= {"dataType": "NUMBER", "decimalPlaces": -1, "negativeNumberNotation": "MINUS_SIGN"}.items()
    )
    assert {row["name"] for row in http.get(f"{ROOT}/lineItems").json()["items"]} >= {"Amount", "Headcount", "Quota"}
    lists = {row["name"]: row["id"] for row in http.get(f"{ROOT}/lists").json()["lists"]}
    accounts = http.get(f"{ROOT}/lists/{lists['Accounts']}/items", params={"includeAll": "true"}).json()["listItems"]
    leaf = next(row for row in accounts if row["code"] == "6100")
    assert leaf["name"] == '6100 Wages, "gross"'
    assert leaf["parentId"] == next(row["id"] for row in accounts if row["name"] == leaf["parent"])
    entities = http.get(f"{ROOT}/lists/{lists['Entities']}/items", params={"includeAll": "true"}).json()["listItems"]
    assert [(row["name"], row["properties"]["Currency"]) for row in entities] == [
        ("Müller & Söhne GmbH", "EUR"),
        ("日本 KK", "JPY"),
    ]
    assert http.get(f"{ROOT}/lists/{lists['Sellers']}").json()["metadata"]["itemCount"] == 1
    versions = http.get(f"{ROOT}/versions").json()["versionMetadata"]
    budget = next(row for row in versions if row["name"] == "Budget 2026")
    assert set(budget) == {"id", "name", "isCurrent", "isActual", "switchover", "editFrom", "editTo", "formula", "notes"}
    assert (budget["id"][:3], budget["editFrom"], budget["isCurrent"]) == (
        "107",
        {"periodText": "Jan 26", "date": "2026-01-01"},
        True,
    )
    assert [row["name"] for row in versions if row["isActual"]] == ["Actuals"]
    period = http.get(f"{ROOT}/currentPeriod").json()["currentPeriod"]
    assert period["lastDay"] == "2026-06-30"
    assert http.get(f"{ROOT}/modelCalendar/fiscalYear").json()["modelCalendar"]["fiscalYear"]["year"] == "FY26"
    assert http.get(f"{ROOT}/modelCalendar").json()["modelCalendar"]["calendarType"] == "Calendar Months/Quarters/Years"
    months = http.get(f"{ROOT}/dimensions/20000000003/items").json()["items"]
    assert [row["name"] for row in months][:2] == ["Jan 26", "Feb 26"]
    view = http.get(f"/models/{MODEL_ID}/views/{PLAN.view_id}").json()
    assert [[each["name"] for each in view[axis]] for axis in ("pages", "rows", "columns")] == [
        ["Versions"],
        ["Entities", "Accounts", "Departments", "Time"],
        ["Line Items"],
    ]
    assert "pages" not in http.get(f"/models/{MODEL_ID}/views/{MODULES[8].id}").json(), "an axis without dimensions is left out"


def test_an_export_leaves_a_file_whose_chunks_mind_neither_rows_nor_characters(http: httpx.Client) -> None:
    files = f"{ROOT}/files/{PLAN.export_id}"
    (before,) = (row for row in http.get(f"{ROOT}/files").json()["files"] if row["id"] == str(PLAN.export_id))
    assert before["chunkCount"] == 0
    told(http.get(f"{files}/chunks"), 404)
    told(http.get(f"{files}/chunks/0"), 404)
    metadata = http.get(f"{ROOT}/exports/{PLAN.export_id}").json()["exportMetadata"]
    assert metadata["headerNames"] == ["Versions", "Entities", "Accounts", "Departments", "Time", "Amount"]
    assert metadata["dataTypes"] == [*["ENTITY"] * 5, "NUMBER"]
    assert (metadata["columnCount"], metadata["separator"], metadata["delimiter"]) == (6, ",", '"')
    task = run(http, PLAN.export_id)
    assert set(task) == {"taskId", "taskState", "creationTime", "progress", "currentStep", "result"}
    assert (task["progress"], task["result"]["successful"], task["result"]["objectId"]) == (1.0, True, str(PLAN.export_id))
    (after,) = (row for row in http.get(f"{ROOT}/files").json()["files"] if row["id"] == str(PLAN.export_id))
    assert set(after) >= {
        *("id", "name", "chunkCount", "delimiter", "separator", "encoding", "format"),
        *("headerRow", "firstDataRow", "language", "country"),
    }
    chunks = http.get(f"{files}/chunks").json()["chunks"]
    assert chunks[:2] == [{"id": "0", "name": "Chunk 0"}, {"id": "1", "name": "Chunk 1"}]
    assert len(chunks) == after["chunkCount"] > 10
    answers = [http.get(f"{files}/chunks/{chunk['id']}") for chunk in chunks]
    assert {answer.headers["content-type"] for answer in answers} == {"application/octet-stream"}
    parts = [answer.content for answer in answers]
    assert any(not part.endswith(b"\n") for part in parts[:-1]), "a row is split"
    assert any(part[0] & 0xC0 == 0x80 for part in parts), "a character is split"
    whole = b"".join(parts)
    assert whole == http.get(files).content
    rows = list(csv.reader(io.StringIO(whole.decode())))
    assert len(rows) - 1 == metadata["rowCount"]
    assert ["Budget 2026", "日本 KK", '6100 Wages, "gross"', "Sales", "Jan 26", "1011"] in rows
    assert any(row[2].startswith("Erlöse") for row in rows)
    told(http.get(f"{files}/chunks/{len(parts)}"), 404)


def test_a_task_may_be_complete_without_success(http: httpx.Client) -> None:
    task = run(http, EMPTY_EXPORT_ID)
    assert task["result"]["successful"] is False
    (detail,) = task["result"]["details"]
    assert detail == {"localMessageText": "The export has no rows", "occurrences": 1, "type": "exportError", "values": []}
    told(http.get(f"{ROOT}/files/{EMPTY_EXPORT_ID}/chunks"), 404)
    assert http.post(f"{ROOT}/exports/{PLAN.export_id}/tasks", json={}).status_code == 400
    told(http.post(f"{ROOT}/exports/1/tasks", json={"localeName": "en_US"}), 404)


def test_other_actions_are_tasks_too(http: httpx.Client) -> None:
    for kind in ("processes", "imports", "actions"):
        (row,) = http.get(f"{ROOT}/{kind}").json()[kind]
        task = run(http, int(row["id"]), kind)
        assert task["result"]["successful"] is True
        assert bool(task["result"]["nestedResults"]) is (kind == "processes")
        assert task["taskId"] in {each["taskId"] for each in http.get(f"{ROOT}/{kind}/{row['id']}/tasks").json()["tasks"]}


def test_views_are_read_at_once_as_csv_or_json_up_to_a_number_of_cells(http: httpx.Client) -> None:
    path = f"/models/{MODEL_ID}/views/{STATUS.view_id}/data"
    lines = list(csv.reader(io.StringIO(http.get(path, headers={"Accept": "text/csv"}).text)))
    assert lines[:2] == [["Budget 2026"], ["", "Scenario", "Fiscal Year", "Created On", "Locked"]]
    assert lines[2] == ["Müller & Söhne GmbH", "Budget", "2026", "2025-12-12", "true"]
    assert http.get(path, headers={"Accept": "text/csv;escaped=true"}).text.startswith('"Budget 2026"\n"",')
    grid = http.get(path, params={"format": "v1"}, headers={"Accept": "application/json"}).json()
    assert grid["pages"] == ["Budget 2026"]
    assert grid["columnCoordinates"] == [["Scenario"], ["Fiscal Year"], ["Created On"], ["Locked"]]
    assert grid["rows"][1] == {"rowCoordinates": ["日本 KK"], "cells": ["Budget", "2026", "2025-12-12", "true"]}
    upside = next(row["id"] for row in http.get(f"{ROOT}/versions").json()["versionMetadata"] if row["name"] == "Upside 2026")
    chosen = http.get(path, params={"pages": f"20000000020:{upside}"}, headers={"Accept": "text/csv"})
    assert chosen.text.startswith("Upside 2026\n")
    told(http.get(f"/models/{MODEL_ID}/views/{PLAN.id}/data"), 400, "The view contains more than 90 cells")


def test_read_requests_give_pages_while_they_run_and_are_reclaimed(firm: Path) -> None:
    with serving(SLOW, firm) as (url, clock), called(url) as http:
        reads = f"{ROOT}/views/{PLAN.view_id}/readRequests"
        request = http.post(reads, json={"exportType": "TABULAR_MULTI_COLUMN"}).json()["viewReadRequest"]
        assert set(request) == {"requestId", "viewId", "requestState", "url", "availablePages", "successful"}
        assert (request["requestState"], request["availablePages"], request["successful"]) == ("NOT_STARTED", 0, False)
        told(http.get(f"{reads}/{request['requestId']}/pages/0"), 404)
        clock.advance(61)
        running = http.get(request["url"]).json()["viewReadRequest"]
        assert (running["requestState"], running["successful"]) == ("IN_PROGRESS", False)
        early = http.get(f"{reads}/{request['requestId']}/pages/{running['availablePages'] - 1}")
        assert early.status_code == 200
        told(http.get(f"{reads}/{request['requestId']}/pages/{running['availablePages']}"), 404)
        clock.advance(60)
        done = http.get(request["url"]).json()["viewReadRequest"]
        assert (done["requestState"], done["successful"]) == ("COMPLETE", True)
        pages = [http.get(f"{reads}/{request['requestId']}/pages/{page}") for page in range(done["availablePages"])]
        assert len(pages) > running["availablePages"] > 1
        assert pages[running["availablePages"] - 1].content == early.content
        assert {page.headers["content-type"].partition(";")[0] for page in pages} == {"text/csv"}
        assert {page.text.partition("\n")[0] for page in pages} == {"Versions,Entities,Accounts,Departments,Time,Amount"}
        assert http.delete(f"{reads}/{request['requestId']}").json()["viewReadRequest"]["requestState"] == "CANCELLED"
        told(http.get(request["url"]), 404)
        idle = http.post(reads, json={"exportType": "GRID_ALL_PAGES"}).json()["viewReadRequest"]
        clock.advance(31 * 60)
        with called(url) as later:
            told(later.get(idle["url"]), 404)
            assert later.post(reads, json={"exportType": "AUDIT_LOG"}).status_code == 400


def test_tasks_take_their_time_and_exports_wait_for_imports(firm: Path) -> None:
    with serving(SLOW, firm) as (url, clock), called(url) as http:
        (process,) = http.get(f"{ROOT}/processes").json()["processes"]
        changing, tasks = f"{ROOT}/processes/{process['id']}/tasks", f"{ROOT}/exports/{PLAN.export_id}/tasks"
        first = http.post(changing, json={"localeName": "en_US"}).json()["task"]["taskId"]
        second = http.post(tasks, json={"localeName": "en_US"}).json()["task"]["taskId"]
        seen = []
        for _ in range(5):
            seen.append(
                tuple(http.get(f"{path}/{task}").json()["task"]["taskState"] for path, task in ((changing, first), (tasks, second)))
            )
            clock.advance(61)
        assert seen == [
            ("NOT_STARTED", "NOT_STARTED"),
            ("IN_PROGRESS", "NOT_STARTED"),
            ("COMPLETE", "IN_PROGRESS"),
            ("COMPLETE", "COMPLETE"),
            ("COMPLETE", "COMPLETE"),
        ]
        third = http.post(tasks, json={"localeName": "en_US"}).json()["task"]["taskId"]
        assert http.delete(f"{tasks}/{third}").json()["task"]["taskState"] == "CANCELLED"


def test_a_closed_model_opens_when_it_is_asked(firm: Path) -> None:
    with serving(SLOW, firm) as (url, clock), called(url) as http:
        state = f"/models/{MODEL_ID}/status"
        assert http.get(state).json()["requestStatus"]["currentStep"] == "Open"
        assert http.post(f"/models/{MODEL_ID}/close").status_code == 204
        assert http.get(state).json()["requestStatus"]["currentStep"] == "Closed"
        told(http.get(f"{ROOT}/exports"), 503, "The model is opening")
        assert 0 <= http.get(state).json()["requestStatus"]["progress"] < 1
        clock.advance(4 * 61)
        assert http.get(state).json()["requestStatus"]["currentStep"] == "Open"
        assert http.get(f"{ROOT}/exports").status_code == 200


def test_six_hundred_calls_a_minute_are_the_most(firm: Path) -> None:
    with serving(anaplan, firm, limits=True) as (url, clock), called(url) as http:
        answers = [http.get("/users/me") for _ in range(601)]
        assert [answer.status_code for answer in answers] == [200] * 600 + [429]
        told(answers[-1], 429, "Too many requests")
        assert "retry-after" not in answers[-1].headers
        clock.advance(61)
        assert http.get("/users/me").json()["user"]["email"] == USERNAME


def test_time_changes_cells_and_the_serial_number_of_the_model(firm: Path) -> None:
    with serving(anaplan, firm) as (url, _), called(url) as http:
        before = http.get(f"/models/{MODEL_ID}").json()["model"]
        versions = {row["name"] for row in http.get(f"{ROOT}/versions").json()["versionMetadata"]}
        httpx.post(f"{url}/_sandbox/advance", json={"seconds": 60 * 60 * 24 * 10}).raise_for_status()
        with called(url) as later:
            after = later.get(f"/models/{MODEL_ID}").json()["model"]
            assert int(after["lastSavedSerialNumber"]) == int(before["lastSavedSerialNumber"]) + 2, (
                "June is over, a line was changed"
            )
            assert after["lastModified"] == "2026-07-09T16:00:00.000+0000"
            run(later, PLAN.export_id)
            assert b"Jun 26,14340" in later.get(f"{ROOT}/files/{PLAN.export_id}").content
            httpx.post(f"{url}/_sandbox/advance", json={"days": 10}).raise_for_status()
        with called(url) as later:
            found = {row["name"] for row in later.get(f"{ROOT}/versions").json()["versionMetadata"]}
            assert found - versions == {"Reforecast Q2 2026"}

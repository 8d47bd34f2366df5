"""The emulator against the vendor's own description: envelopes, tokens, codes, paging, limits, bulk jobs."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.vendors import marketo
from sandbox.vendors.salesforce_ids import checked, salesforce_id
from tests.sandbox.marketo import CLIENT, Instance, write_firm

Row = dict[str, Any]


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_firm(tmp_path_factory.mktemp("firm") / "firm.duckdb")


@pytest.fixture(scope="module")
def instance(firm: Path) -> Iterator[Instance]:
    with Instance(firm) as running:
        yield running


@pytest.fixture(scope="module")
def http(instance: Instance) -> Iterator[httpx.Client]:
    with instance.caller() as client:
        yield client


def code(answer: httpx.Response) -> str:
    """The code of a failure, which travels in HTTP 200 as text."""
    body = answer.json()
    assert answer.status_code == 200
    assert body["success"] is False
    assert "#" in body["requestId"]
    return body["errors"][0]["code"]


def rows(answer: httpx.Response) -> list[Row]:
    body = answer.json()
    assert body["success"] is True, body
    return body.get("result", [])


def logged(http: httpx.Client, path: str, since: str = "2026-01-01T00:00:00Z", **query: str) -> tuple[list[Row], list[int]]:
    """The whole log from a moment on, and the sizes of its pages."""
    token, found, sizes = (
        http.get("/rest/v1/activities/pagingtoken.json", params={"sinceDatetime": since}).json()["nextPageToken"],
        [],
        [],
    )
    while True:
        page = http.get(path, params={**query, "nextPageToken": token}).json()
        assert page["success"]
        assert page["nextPageToken"]
        assert page.get("result") != [], "a page without rows has no result"
        found += page.get("result", [])
        sizes.append(len(page.get("result", [])))
        token = page["nextPageToken"]
        if not page["moreResult"]:
            return found, sizes


def extracted(http: httpx.Client, kind: str, **order: object) -> tuple[Row, list[Row]]:
    """The last status of a job and the rows of its file."""
    job = rows(http.post(f"/bulk/v1/{kind}/export/create.json", json=order))[0]
    assert job["status"] == "Created"
    path = f"/bulk/v1/{kind}/export/{job['exportId']}"
    assert rows(http.post(f"{path}/enqueue.json"))[0]["status"] == "Queued"
    early = http.get(f"{path}/file.json")
    assert early.status_code == 404
    assert "json" not in early.headers["content-type"]
    while (job := rows(http.get(f"{path}/status.json"))[0])["status"] != "Completed":
        assert job["status"] in {"Queued", "Processing"}
    file = http.get(f"{path}/file.json")
    assert file.headers["content-type"].startswith("text/csv")
    assert job["fileSize"] == len(file.content)
    assert job["fileChecksum"] == f"sha256:{hashlib.sha256(file.content).hexdigest()}"
    found = list(csv.DictReader(io.StringIO(file.text)))
    assert job["numberOfRecords"] == len(found)
    return {**job, "path": path}, found


def test_a_token_shrinks_until_it_ends_and_only_then_comes_a_new_one(firm: Path) -> None:
    with Instance(firm) as running:
        address = f"{running.url}/marketo/identity/oauth/token"
        first = httpx.get(address, params=CLIENT).json()
        assert first["token_type"] == "bearer"
        assert first["access_token"].endswith(":int")
        assert 3595 <= first["expires_in"] <= 3600
        running.clock.advance(3000)
        again = httpx.post(address, params=CLIENT).json()
        assert again["access_token"] == first["access_token"]
        assert 595 <= again["expires_in"] <= 600
        call = {
            "url": f"{running.url}/marketo/rest/v1/leads/describe.json",
            "headers": {"Authorization": f"Bearer {first['access_token']}"},
        }
        assert rows(httpx.get(**call))
        running.clock.advance(700)
        assert code(httpx.get(**call)) == "602"
        assert httpx.get(address, params=CLIENT).json()["access_token"] != first["access_token"]


def test_strangers_get_401_from_the_identity_service_and_601_from_the_rest(instance: Instance) -> None:
    address = f"{instance.url}/marketo/identity/oauth/token"
    wrong = httpx.get(address, params={**CLIENT, "client_secret": "wrong"})
    assert wrong.status_code == 401
    assert wrong.json() == {"error": "unauthorized", "error_description": "Bad client credentials"}
    assert httpx.get(address, params={**CLIENT, "client_id": "nobody"}).json()["error"] == "invalid_client"
    path = f"{instance.url}/marketo/rest/v1/leads/describe.json"
    assert code(httpx.get(path)) == "601"
    assert code(httpx.get(path, headers={"Authorization": "Bearer x:int"})) == "601"
    token = httpx.get(address, params=CLIENT).json()["access_token"]
    assert code(httpx.get(path, params={"access_token": token})) == "601", "tokens in the address are accepted no more"


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/rest/v1/nothing.json", "610"),
        ("//rest/v1/leads.json", "610"),
        ("/rest/v1/leads.json", "1002"),
        ("/rest/v1/leads.json?filterType=firstName&filterValues=x", "1003"),
        ("/rest/v1/leads.json?filterType=id&filterValues=x", "1001"),
        ("/rest/v1/leads.json?filterType=id&filterValues=1&fields=shoeSize", "1006"),
        (f"/rest/v1/leads.json?filterType=id&filterValues={','.join(map(str, range(301)))}", "1003"),
        ("/rest/v1/activities.json?nextPageToken=AAAA&activityTypeIds=1,2,6,7,8,9,10,11,12,13,104", "1003"),
        ("/rest/v1/activities.json?activityTypeIds=1", "1002"),
        ("/rest/v1/activities/pagingtoken.json?sinceDatetime=soon", "1001"),
        ("/rest/v1/opportunities.json?filterType=marketoGUID&filterValues=1", "1018"),
        ("/rest/v1/opportunities/roles.json?filterType=marketoGUID&filterValues=1", "1018"),
        (
            "/rest/v1/programs/1001/members.json?filterType=updatedAt&startAt=2026-05-01T00:00:00Z&endAt=2026-05-09T00:00:00Z",
            "1003",
        ),
        ("/rest/asset/v1/programs.json?maxReturn=201", "1003"),
        ("/bulk/v1/leads/export/none/status.json", "1013"),
    ],
)
def test_what_is_wrong_with_a_call_is_told_within_http_200(http: httpx.Client, path: str, wanted: str) -> None:
    assert code(http.get(path)) == wanted


def test_long_addresses_are_refused_by_http_itself_and_may_come_as_a_form(http: httpx.Client) -> None:
    query = {"filterType": "id", "filterValues": "1000003," + ",".join(["9" * 40] * 299), "fields": "id,email"}
    assert http.get("/rest/v1/leads.json", params=query).status_code == 414
    query["filterValues"] = "1000003,1000006"
    found = rows(http.post("/rest/v1/leads.json", params={"_method": "GET"}, data=query))
    assert [row["id"] for row in found] == [1000003, 1000006]
    assert http.post("/bulk/v1/leads/export/create.json", content=b"x" * (1024 * 1024 + 1)).status_code == 413


def test_leads_carry_their_partition_and_the_ids_of_the_crm(http: httpx.Client, firm: Path) -> None:
    known = marketo.identifiers(firm)["lead"]
    partitions = {row["id"]: row["name"] for row in rows(http.get("/rest/v1/leads/partitions.json"))}
    fields = "id,email,leadPartitionId,sfdcLeadId,sfdcContactId,mQLDate,createdAt"
    (one,) = rows(http.get("/rest/v1/leads.json", params={"filterType": "id", "filterValues": known["per-004"], "fields": fields}))
    assert partitions == {1: "Firm Inc.", 2: "Firm KK"}
    assert one["leadPartitionId"] == 2
    assert one["sfdcLeadId"] == salesforce_id("00Q", "led-004")
    assert one["sfdcContactId"] is None
    assert one["createdAt"] == "2026-05-08T12:00:00Z"
    assert one["mQLDate"] is None
    described = {row["rest"]["name"]: row for row in rows(http.get("/rest/v1/leads/describe.json"))}
    assert described["mQLDate"]["dataType"] == "datetime"
    assert described["email"]["length"] == 255
    assert checked("001A0000006Vm9u") == "001A0000006Vm9uIAC", "the check characters are Salesforce's own"


def test_the_log_goes_on_over_empty_pages_until_it_says_that_there_is_no_more(http: httpx.Client) -> None:
    found, sizes = logged(http, "/rest/v1/activities.json", activityTypeIds="12", batchSize="10")
    assert sizes[0] == 0
    assert max(sizes) == 10
    assert len(found) == 39
    assert len({row["marketoGUID"] for row in found}) == 39
    assert found == sorted(found, key=lambda row: row["id"])
    one = found[0]
    assert one["activityTypeId"] == 12
    assert {"name": "Source Type", "value": "Web form fillout"} in one["attributes"]
    assert logged(http, "/rest/v1/activities.json", "2030-01-01T00:00:00Z", activityTypeIds="12") == ([], [0])
    assert {kind["name"] for kind in rows(http.get("/rest/v1/activities/types.json"))} >= {
        "Visit Webpage",
        "Merge Leads",
        "New Lead",
    }


def test_changes_merges_and_deletions_of_leads_are_in_the_log_once_they_happened(firm: Path) -> None:
    with Instance(firm) as running:
        http, known = running.caller(), marketo.identifiers(firm)["lead"]
        since, fields = "2026-06-30T00:00:00Z", "mQLDate,sQLDate"
        assert logged(http, "/rest/v1/activities/leadchanges.json", since, fields=fields)[0] == []
        assert logged(http, "/rest/v1/activities/deletedleads.json")[0] == []
        running.advance(55)
        http = running.caller()
        changes, _ = logged(http, "/rest/v1/activities/leadchanges.json", since, fields=fields)
        told = {(str(row["leadId"]), field["name"]) for row in changes if row["activityTypeId"] == 13 for field in row["fields"]}
        assert told == {(known["per-001"], "mQLDate"), (known["per-002"], "mQLDate"), (known["per-002"], "sQLDate")}
        assert [str(row["leadId"]) for row in changes if row["activityTypeId"] == 12] == [known["per-040"]]
        deleted, _ = logged(http, "/rest/v1/activities/deletedleads.json")
        merged, _ = logged(http, "/rest/v1/activities.json", activityTypeIds="32")
        ends = {str(row["leadId"]) for row in deleted} | {row["attributes"][1]["value"].strip("[]") for row in merged}
        assert ends == {known["per-006"], known["per-008"]}
        ids = ",".join(ends)
        assert rows(http.get("/rest/v1/leads.json", params={"filterType": "id", "filterValues": ids})) == []


def test_assets_have_their_own_dates_and_a_warning_instead_of_a_result(http: httpx.Client) -> None:
    listed = rows(http.get("/rest/asset/v1/programs.json", params={"maxReturn": "200"}))
    assert [row["workspace"] for row in listed] == ["Firm KK", "Firm Inc."]
    assert all(row["createdAt"] == "2026-04-20T09:00:00Z+0000" and "costs" not in row and "tags" not in row for row in listed)
    assert listed[1]["sfdcId"] == salesforce_id("701", "cmp-w")
    beyond = http.get("/rest/asset/v1/programs.json", params={"offset": "2"}).json()
    assert "result" not in beyond
    assert beyond["success"]
    assert beyond["warnings"] == ["No assets found for the given search criteria."]
    (webinar,) = rows(http.get(f"/rest/asset/v1/program/{listed[1]['id']}.json"))
    assert webinar["costs"] == [{"startDate": "2026-05-01", "cost": 322}, {"startDate": "2026-06-01", "cost": 302}]
    assert {"tagType": "UTM Campaign", "tagValue": "us-webinar"} in webinar["tags"]
    (letters,) = rows(http.get("/rest/asset/v1/program/byName.json", params={"name": "Letters", "includeCosts": "true"}))
    assert letters["costs"] is None
    channel = next(row for row in rows(http.get("/rest/asset/v1/channels.json")) if row["name"] == "Webinar")
    assert [step["name"] for step in channel["progressionStatuses"] if step["success"]] == ["Attended"]
    campaigns = rows(http.get("/rest/v1/campaigns.json"))
    assert {row["programId"] for row in campaigns} == {row["id"] for row in listed}


def test_a_bulk_job_goes_through_its_states_and_leaves_a_file_that_can_be_read_in_parts(http: httpx.Client) -> None:
    window = {"startAt": "2026-05-01T00:00:00Z", "endAt": "2026-05-31T23:59:59Z"}
    job, found = extracted(
        http, "leads", fields=["id", "email", "mQLDate"], filter={"createdAt": window}, columnHeaderNames={"email": "Mail"}
    )
    assert list(found[0]) == ["id", "Mail", "mQLDate"]
    assert found[0]["mQLDate"] == "null"
    whole = http.get(f"{job['path']}/file.json").content
    part = http.get(f"{job['path']}/file.json", headers={"Range": "bytes=10-19"})
    assert part.status_code == 206
    assert part.content == whole[10:20]
    assert part.headers["content-range"] == f"bytes 10-19/{len(whole)}"
    assert code(http.post(f"{job['path']}/enqueue.json")) == "1029"
    _, activities = extracted(http, "activities", filter={"createdAt": window, "activityTypeIds": [12]})
    logs, _ = logged(http, "/rest/v1/activities.json", activityTypeIds="12")
    assert {row["marketoGUID"] for row in activities} == {row["marketoGUID"] for row in logs if row["activityDate"] < "2026-06"}
    _, members = extracted(http, "program/members", fields=["leadId", "statusName"], filter={"programIds": [1001, 1002]})
    assert list(members[0]) == ["programId", "leadId", "statusName"]
    by_rest = rows(
        http.get("/rest/v1/programs/1002/members.json", params={"filterType": "reachedSuccess", "filterValues": "false,true"})
    )
    assert {row["leadId"] for row in members} == {str(row["leadId"]) for row in by_rest}


@pytest.mark.parametrize(
    ("kind", "order", "wanted"),
    [
        (
            "leads",
            {"fields": ["id"], "filter": {"createdAt": {"startAt": "2026-05-01T00:00:00Z", "endAt": "2026-06-02T00:00:00Z"}}},
            "1003",
        ),
        (
            "leads",
            {"fields": ["id"], "filter": {"createdAt": {"startAt": "2026-05-01T00:00:00.5Z", "endAt": "2026-05-02T00:00:00Z"}}},
            "1003",
        ),
        ("leads", {"fields": ["shoeSize"], "filter": {}}, "1006"),
        ("activities", {"filter": {}}, "1002"),
        (
            "activities",
            {
                "filter": {
                    "createdAt": {"startAt": "2026-05-01T00:00:00Z", "endAt": "2026-05-02T00:00:00Z"},
                    "activityTypeIds": [37],
                }
            },
            "1003",
        ),
        ("program/members", {"fields": ["leadId"], "filter": {}}, "1003"),
    ],
)
def test_orders_that_the_vendor_would_not_take_are_refused(http: httpx.Client, kind: str, order: Row, wanted: str) -> None:
    assert code(http.post(f"/bulk/v1/{kind}/export/create.json", json=order)) == wanted
    assert (
        code(http.post(f"/bulk/v1/{kind}/export/create.json", content=b"{", headers={"Content-Type": "application/json"})) == "609"
    )
    assert code(http.post(f"/bulk/v1/{kind}/export/create.json", content=b"{}")) == "612"


def test_limits_of_calls_and_jobs_are_kept(firm: Path) -> None:
    with Instance(firm, limits=True) as running, running.caller() as http:
        order = {"fields": ["id"], "filter": {"createdAt": {"startAt": "2026-05-01T00:00:00Z", "endAt": "2026-05-02T00:00:00Z"}}}
        jobs = [rows(http.post("/bulk/v1/leads/export/create.json", json=order))[0]["exportId"] for _ in range(11)]
        queued = [http.post(f"/bulk/v1/leads/export/{job}/enqueue.json").json() for job in jobs]
        refused = [each["errors"][0]["message"] for each in queued if not each["success"]]
        assert refused in ([], ["Too many jobs in queue"]), "a slow machine ends some before the eleventh comes"
        assert code(http.post(f"/bulk/v1/leads/export/{jobs[0]}/enqueue.json")) == "1029"
        states = [job["status"] for job in rows(http.get("/bulk/v1/leads/export.json"))]
        assert len(states) == 11
        assert states.count("Processing") <= 2
        answers = [http.get("/rest/v1/leads/partitions.json") for _ in range(100)]
        assert code(answers[-1]) == "606"
        assert answers[-1].json()["errors"][0]["message"] == "Max rate limit '100' exceeded with in '20' secs"
        running.clock.advance(timedelta(seconds=20).total_seconds())
        today = rows(http.get("/rest/v1/stats/usage.json"))[0]
        assert today["total"] <= 102, "refused calls do not count"
        week = rows(http.get("/rest/v1/stats/usage/last7days.json"))
        assert [len(week), week[0]["date"]] == [7, today["date"]]


@pytest.mark.parametrize(
    ("fault", "wanted"),
    [
        ({"kind": "throttle"}, "606"),
        ({"kind": "day_limit"}, "607"),
        ({"kind": "unauthorized"}, "602"),
        ({"kind": "forbidden"}, "603"),
        ({"kind": "error_200"}, "611"),
        ({"kind": "error_200", "form": "1035"}, "1035"),
        ({"kind": "error_200", "form": "1029"}, "1029"),
    ],
)
def test_faults_are_the_vendors_own(firm: Path, instance: Instance, fault: Row, wanted: str) -> None:
    with instance.caller() as http:
        instance.fault(path="*/partitions.json", **fault)
        assert code(http.get("/rest/v1/leads/partitions.json")) == wanted
    with instance.caller() as http:
        assert rows(http.get("/rest/v1/leads/partitions.json"))


def test_recipients_add_up_to_the_counts_of_an_e_mail_as_far_as_there_are_people(instance: Instance) -> None:
    counts: dict[tuple[str, int], set[int]] = {}
    with instance.caller() as http:
        found, _ = logged(http, "/rest/v1/activities.json", activityTypeIds="6,7,8,9,10,11")
    for row in found:
        counts.setdefault((row["primaryAttributeValue"], row["activityTypeId"]), set()).add(row["leadId"])
    third = {kind: len(leads) for (name, kind), leads in counts.items() if name == "Letters #2"}
    assert third == {6: 8, 7: 7, 8: 1, 9: 1, 10: 3, 11: 1}

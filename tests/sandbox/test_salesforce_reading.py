"""The source's reading of one object at a time: every fault, late and lost rows, jobs that fail, and values that do not fit."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from dlt_sources.connection import Unavailable
from dlt_sources.http import ApiClient, NoAuth, Policy, QuotaExhausted, SourceError
from dlt_sources.records import Archive
from dlt_sources.salesforce import records
from dlt_sources.salesforce.org import Org
from dlt_sources.salesforce.reading import Reading
from sandbox.vendors import salesforce
from sandbox.vendors.faults import KINDS
from tests.http.fault_server import FaultServer, http, say
from tests.sandbox.salesforce import LATE_LEADS, LEADS, Reader, having, let_pass, misbehaving, write_firm
from tests.sandbox.serving import serving

JULY = datetime(2026, 7, 2, 10, 4, 1, tzinfo=UTC)
SAMPLE = {"bad_json", "day_limit", "truncate", "unauthorized"}
LOUD = {"day_limit", "error_200", "forbidden", "redirect", "unauthorized"}


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_firm(tmp_path_factory.mktemp("firm") / "firm.duckdb")


@pytest.fixture(scope="module")
def small(firm: Path) -> Iterator[str]:
    with serving(salesforce, firm) as (url, _clock):
        yield url


def test_rows_of_one_second_and_rows_that_are_committed_late_are_all_found_once(firm: Path, tmp_path: Path) -> None:
    with serving(salesforce, firm, at=JULY) as (url, _clock):
        reader = Reader(url, tmp_path)
        before = reader.read("leads")["leads"]
        assert LEADS < before < LEADS + LATE_LEADS
        newest = max(row["system_modstamp"] for row in reader.tables["leads"].values())
        known = set(reader.tables["leads"])
        let_pass(url, seconds=480)
        assert before + reader.read("leads")["leads"] == LEADS + LATE_LEADS == len(reader.tables["leads"])
        assert any(row["system_modstamp"] < newest for key, row in reader.tables["leads"].items() if key not in known)
        assert reader.read("leads") == {}


@pytest.mark.parametrize(
    "kind", [kind if kind in SAMPLE else pytest.param(kind, marks=pytest.mark.heavy) for kind in sorted(KINDS)]
)
def test_a_fault_in_the_middle_of_the_pages_gives_the_right_rows_or_a_loud_failure(kind: str, small: str, tmp_path: Path) -> None:
    reader = Reader(small, tmp_path)
    times = 9 if kind in LOUD else 1
    with misbehaving(small, kind=kind, path="*/query/01g*", times=times, seconds=0.01):
        if kind in LOUD:
            with pytest.raises(SourceError, match=r"'org'|01g") as failure:
                reader.read("leads")
            assert "sandbox-secret" not in str(failure.value)
            assert reader.tables == {}
        else:
            assert reader.read("leads")["leads"] == LEADS
    assert reader.read("leads").get("leads", 0) == (LEADS if kind in LOUD else 0)


@pytest.mark.parametrize(("form", "times"), [("locator", 1), ("locator", 3), ("timeout", 1), ("busy", 1)])
def test_a_query_that_the_vendor_loses_is_asked_anew_but_not_for_ever(form: str, times: int, small: str, tmp_path: Path) -> None:
    reader = Reader(small, tmp_path)
    with misbehaving(small, kind="server_error", form=form, path="*/query/01g*", times=times):
        if times > 2:
            with pytest.raises(SourceError, match="INVALID_QUERY_LOCATOR"):
                reader.read("leads")
        else:
            assert reader.read("leads")["leads"] == LEADS


@pytest.mark.parametrize(
    ("kind", "form", "path"),
    [
        ("forbidden", "bulk", "*/jobs/query"),
        pytest.param("server_error", "field", "*/jobs/query", marks=pytest.mark.heavy),
        ("server_error", "busy", "*/jobs/query/750*"),
        pytest.param("truncate", None, "*/results", marks=pytest.mark.heavy),
        ("short_length", None, "*/results"),
        pytest.param("empty_200", None, "*/results", marks=pytest.mark.heavy),
        ("unauthorized", None, "*/results"),
        pytest.param("html_200", None, "*/results", marks=pytest.mark.heavy),
    ],
)
def test_a_job_that_fails_gives_way_to_queries_and_damaged_results_are_read_again(
    kind: str, form: str | None, path: str, small: str, tmp_path: Path
) -> None:
    reader = Reader(small, tmp_path, bulk_threshold=2000)
    with misbehaving(small, kind=kind, path=path, **({"form": form} if form else {})):
        assert reader.read("leads")["leads"] == LEADS
    assert reader.read("leads") == {}


def test_an_object_that_jobs_do_not_support_is_read_by_queries(firm: Path, tmp_path: Path) -> None:
    with serving(having(only_rest=frozenset({"Lead"})), firm) as (url, _clock):
        assert Reader(url, tmp_path, bulk_threshold=1).read("leads")["leads"] == LEADS


def test_a_row_that_was_never_seen_is_found_by_comparing_ids(small: str, tmp_path: Path) -> None:
    reader = Reader(small, tmp_path)
    only_one = {"q": "SELECT Id, SystemModstamp FROM Contact ORDER BY SystemModstamp DESC LIMIT 1"}
    with misbehaving(small, kind="rewrite", path="*/queryAll", query="*Email*FROM Contact*", set=only_one):
        assert reader.read("contacts")["contacts"] == 1
    assert reader.read("contacts").keys() <= {"contacts", "extraction"}
    assert len(reader.tables["contacts"]) == 1, "the others lie before the lookback"
    reader.set(hours_between_sweeps=0)
    reader.read("contacts")
    assert len(reader.tables["contacts"]) == 3
    assert reader.read("contacts") == {}


def test_what_left_the_bin_unseen_is_found_by_comparing_ids_once_a_day(firm: Path, tmp_path: Path) -> None:
    with serving(salesforce, firm) as (url, _clock):
        reader = Reader(url, tmp_path / "reader")
        for name in ("opportunities", "opportunity_field_history"):
            reader.read(name)
        let_pass(url, days=60)
        assert reader.read("opportunities").keys() <= {"opportunities", "extraction"}
        assert len(reader.tables["opportunities"]) == 3, "no comparison is due for a day"
        reader.set(hours_between_sweeps=0)
        reader.read("opportunities")
        reader.read("opportunity_field_history")
        whole = Reader(url, tmp_path / "whole")
        whole.read("opportunities")
        assert reader.tables["opportunities"].keys() == whole.tables["opportunities"].keys()
        assert len(reader.tables["opportunity_field_history"]) == 3, "the vendor drops it one day, the hub does not"
        assert reader.read("opportunities") == {}


def test_jobs_give_the_rows_of_queries_and_the_next_run_finds_nothing_new(meridian: Path, tmp_path: Path) -> None:
    with serving(salesforce, meridian) as (url, _clock):
        by_job, by_query = Reader(url, tmp_path / "job", bulk_threshold=0), Reader(url, tmp_path / "query")
        for name in ("accounts", "leads", "opportunities", "opportunity_field_history", "campaign_members", "events"):
            assert by_job.read(name)[name] == by_query.read(name)[name] > 0
            assert by_job.read(name) == by_query.read(name) == {}
        assert by_job.rows() == by_query.rows()
        assert by_job.tables["merges"].keys() == by_query.tables["merges"].keys()


@pytest.mark.heavy
def test_any_span_of_time_ends_where_a_full_load_begins(meridian: Path, tmp_path: Path) -> None:
    names = [listing.endpoint.name for listing in records.LISTINGS]
    with serving(salesforce, meridian, at=datetime(2026, 5, 20, 9, 30, tzinfo=UTC)) as (url, _clock):
        reader = Reader(url, tmp_path / "reader")
        for span in (0, 0.004, 1.5, 14, 12):
            let_pass(url, days=span)
            for name in names:
                reader.read(name)
        whole = Reader(url, tmp_path / "whole")
        for name in names:
            whole.read(name)
        found = reader.rows()
        lost = found["opportunity_field_history"].keys() - whole.rows()["opportunity_field_history"].keys()
        gone = {found["opportunity_field_history"].pop(key)["opportunity_id"] for key in lost}
        assert gone.isdisjoint(found["opportunities"]), "history of deals that are gone stays, and nothing else differs"
        assert found == whole.rows()


def test_the_list_of_loaded_ids_may_get_lost_and_all_is_read_again(firm: Path, tmp_path: Path) -> None:
    with serving(salesforce, firm) as (url, _clock):
        reader = Reader(url, tmp_path)
        reader.read("opportunities")
        shutil.rmtree(tmp_path / "archive")
        let_pass(url, days=20.5)
        reader.read("opportunities")
        assert "raw table" in reader.missing.reasons.pop("opportunities.deletions")
        assert len(reader.tables["opportunities"]) == 2
        assert reader.read("opportunities") == {}
        assert reader.missing.reasons == {}


def test_a_field_that_is_shown_later_fills_the_rows_that_are_loaded(firm: Path, tmp_path: Path) -> None:
    with serving(having(hidden=frozenset({"Lead.Phone", "Lead.Title"})), firm) as (url, _clock):
        reader = Reader(url, tmp_path)
        reader.read("leads")
    with serving(salesforce, firm) as (url, _clock):
        reader.set(base_url=f"{url}/salesforce")
        assert reader.read("leads")["leads"] == LEADS
        assert reader.read("leads") == {}


def test_a_field_that_is_hidden_between_description_and_query_is_left_out(small: str, tmp_path: Path) -> None:
    reader = Reader(small, tmp_path)
    reader.read("leads")
    with (
        misbehaving(small, kind="server_error", form="field", path="*/queryAll"),
        pytest.raises(SourceError, match="INVALID_FIELD"),
    ):
        reader.read("leads")
    assert reader.read("leads") == {}


def test_the_last_call_of_the_day_ends_the_reading_at_once(firm: Path, tmp_path: Path) -> None:
    with serving(having(calls_a_day=3), firm, limits=True) as (url, _clock):
        reader = Reader(url, tmp_path)
        with pytest.raises(QuotaExhausted, match="calls of the last 24 hours are used up"):
            reader.read("leads")
        let_pass(url, days=1)
        reader.set(min_api_remaining=2)
        with pytest.raises(QuotaExhausted, match="min_api_remaining leaves 2 to others"):
            reader.read("leads")
        assert reader.tables == {}


def test_a_value_that_does_not_fit_sets_its_row_aside_and_no_other(tmp_path: Path) -> None:
    row = {"attributes": {}, "Id": "006000000000001AAA", "SystemModstamp": "2026-01-01T00:00:00.000+0000", "Amount": 12.5}
    page = {"totalSize": 2, "done": True, "records": [row, {**row, "Id": "006000000000002AAA", "Amount": "12 USD"}]}
    fields = {"fields": [{"name": name, "type": "string"} for name in ("Id", "SystemModstamp", "Amount")]}
    answers = [fields, {"totalSize": 2, "done": True, "records": []}, page]
    with (
        FaultServer([say(http(msgspec.json.encode(answer))) for answer in answers]) as server,
        ApiClient("org", server.url, NoAuth(), Policy()) as api,
    ):
        org, archive = Org(api, "62.0", {}, Unavailable()), Archive(tmp_path, "salesforce", "org")
        reading = Reading(org, records.OPPORTUNITIES, archive, {}, lookback=600, bulk_threshold=9, hours_between_sweeps=24)
        found = {item.meta.hints["table_name"]: item.data for item in reading.run()}
    assert found["opportunities"]["id"].to_pylist() == ["006000000000001AAA"]
    assert "12 USD" in found["quarantine"]["payload"].to_pylist()[0]


@pytest.mark.parametrize("prefix", ["", "/orgs/acme"])
@pytest.mark.parametrize("shown", ["", "/orgs/acme"])
def test_links_are_followed_whether_or_not_they_tell_where_the_org_is_mounted(prefix: str, shown: str) -> None:
    if shown and not prefix:
        pytest.skip("nothing is mounted")
    with ApiClient("org", f"https://acme.my.salesforce.com{prefix}", NoAuth(), Policy()) as api:
        link = Org(api, "62.0", {}, Unavailable()).absolute(f"{shown}/services/data/v62.0/query/01g-2000")
    assert link == f"https://acme.my.salesforce.com{prefix}/services/data/v62.0/query/01g-2000"

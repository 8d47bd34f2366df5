"""The hub's source against the emulator: only changes travel, what was deleted is taken out, faults give right rows or a loud failure."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dlt_sources.connection import Connection, Unavailable
from dlt_sources.http import ApiClient, NoAuth, PermissionMissing, Policy, QuotaExhausted, Reply, TokenStore
from dlt_sources.pipedrive import PipedriveSettings, check, client, fields, living, pages, records
from dlt_sources.pipedrive.pages import Verdict
from dlt_sources.records import Archive
from dlt_sources.records.decode import decode_rows, to_arrow
from dlt_sources.records.intake import Endpoint
from finance_hub import settings
from sandbox.vendors import pipedrive
from sandbox.vendors.pipedrive.app import API_TOKEN
from tests.dbt import make_views
from tests.http.fault_server import FaultServer, http, say
from tests.sandbox.pipedrive import PEOPLE, RAW, Instance, PipedriveHub, emulator, write_firm

CLIENT = {"client_id": "sandbox-client", "client_secret": "sandbox-secret", "refresh_token": "sandbox-refresh-0"}
DEALS = "*/api/v2/deals"


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_firm(tmp_path_factory.mktemp("firm") / "firm.duckdb")


@pytest.fixture
def instance(firm: Path) -> Iterator[Instance]:
    with emulator(firm) as running:
        yield running


@pytest.fixture(scope="module")
def wanted(firm: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[object, ...]]]:
    """What a load without trouble leaves."""
    with emulator(firm) as running:
        hub = PipedriveHub(tmp_path_factory.mktemp("wanted") / "hub", running)
        hub.load()
        return hub.raw()


def test_a_first_load_has_every_row_and_a_second_one_writes_nothing(instance: Instance, firm: Path, tmp_path: Path) -> None:
    hub = PipedriveHub(tmp_path / "hub", instance)
    loaded = hub.load()
    known = pipedrive.identifiers(firm)
    assert loaded["persons"] == PEOPLE
    assert [str(key) for (key,) in hub.query("select id from pipedrive.deals order by id")] == [
        known["deal"][f"opp-{number}"] for number in range(1, 8)
    ]
    assert hub.query("select id, deal_type, value, is_archived from pipedrive.deals where id in (1, 2, 3) order by id") == [
        (1, "Expansion", pytest.approx(100.25), False),
        (2, "Renewal", pytest.approx(200.5), False),
        (3, "New", pytest.approx(300.75), True),
    ]
    assert hub.query("select mql_at::varchar, sql_at::varchar from pipedrive.persons where id = 2") == [
        ("2025-09-02 00:00:00", "2025-09-20 00:00:00")
    ]
    assert hub.query(
        "select deal_id, count(*), sum(sum)::decimal(20, 2)::varchar from pipedrive.deal_products group by all order by 1 limit 2"
    ) == [
        (1, 2, "2073.15"),
        (2, 1, "633.15"),
    ]
    assert (
        hub.query(
            "select old_value, new_value from pipedrive.deal_changes where deal_id = 1 and field_key in ('value', 'stage_id')"
        )
        != []
    )
    instance.calls()
    assert hub.load() == {}
    calls = instance.calls()
    assert not any("/flow" in call or "deals/products" in call for call in calls if "updated_since" not in call)
    assert any(call.startswith("v2/deals/archived?") and "updated_since=2026-06-03T09%3A50%3A00Z" in call for call in calls)
    assert not hub.query("select * from pipedrive.extraction where undeclared_fields <> ''")


@pytest.mark.heavy
def test_only_changes_travel_and_leave_what_a_whole_load_leaves(instance: Instance, tmp_path: Path) -> None:
    hub = PipedriveHub(tmp_path / "hub", instance)
    hub.load()
    instance.advance(5.5)
    instance.calls()
    loaded = hub.load()
    assert {table: loaded.get(table) for table in ("deals", "persons", "organizations")} == {
        "deals": 1,
        "persons": 2,
        "organizations": 1,
    }
    flows = [call.partition("?")[0] for call in instance.calls() if "/flow" in call]
    assert flows == ["v1/deals/4/flow"]
    instance.advance(20)
    hub.load()
    whole = PipedriveHub(tmp_path / "whole", instance)
    whole.load()
    assert hub.raw() == whole.raw()
    gone = "(5, 8, 9)"
    for table, column in (("deals", "id"), ("deal_products", "deal_id"), ("deal_changes", "deal_id")):
        assert hub.query(f"select count(*) from pipedrive.{table} where {column} in {gone}") == [(0,)]
    assert hub.query("select id, status, is_archived from pipedrive.deals where id in (4, 6) order by id") == [
        (4, "won", False),
        (6, "lost", True),
    ]


@pytest.mark.heavy
def test_after_a_long_pause_everything_is_compared(instance: Instance, tmp_path: Path) -> None:
    """The deal that was deleted on 10 July is no longer among the deleted ones on 24 August; of other kinds nobody names those deleted."""
    hub = PipedriveHub(tmp_path / "hub", instance)
    hub.load()
    instance.advance(55)
    hub.load()
    assert hub.query("select id from pipedrive.deals where id = 5") == [(5,)], "nobody has said that it is gone"
    with (hub.home / "hub.toml").open("a") as file:
        file.write("deleted_poll_days = 0\n")  # as if the last run were that long ago
    # The vendor shows four persons, as if the others had been deleted.
    instance.fault(path="*/persons", kind="rewrite", set={"ids": "1,2,3,300"}, times=99)
    hub.load()
    assert hub.query("select id from pipedrive.deals where id = 5") == []
    parts = "select deal_id from pipedrive.deal_products union all select deal_id from pipedrive.deal_changes"
    assert hub.query(f"from ({parts}) where deal_id in (5, 8, 9)") == []
    assert hub.query("select id from pipedrive.persons order by id") == [(1,), (2,), (3,), (300,)]
    assert hub.query("select count(*) from pipedrive.organizations") == [(2,)]
    assert hub.load() == {}, "a sweep that finds nothing new writes nothing"


@pytest.mark.heavy
def test_the_history_of_many_deals_is_spread_over_runs(
    instance: Instance, wanted: dict[str, list[tuple[object, ...]]], tmp_path: Path
) -> None:
    hub = PipedriveHub(tmp_path / "hub", instance, "flows_per_run = 3")
    hub.load()
    read = "select count(distinct deal_id) from pipedrive.deal_changes"
    assert hub.query(read) == [(3,)]
    assert hub.load().keys() == {"deal_changes"}
    hub.load()
    assert hub.raw() == wanted
    assert hub.load() == {}


@pytest.mark.parametrize("shape", ["flat", "nested"])
def test_a_long_flow_is_read_to_its_end_in_both_shapes(instance: Instance, tmp_path: Path, shape: str) -> None:
    """The emulator sees a limit of two, and gives the start of the page that follows."""
    instance.fault(path="*/flow", kind="rewrite", set={"additional_data": shape, "limit": "2"}, times=99)
    with client(connection(instance, tmp_path, {"api_token": API_TOKEN})) as api:
        found = [len(rows) for _, rows in pages.old_listing(api, "deals/1/flow", {"items": "change"})]
    assert found == [2, 2, 1]
    assert [call.partition("&")[0] for call in instance.calls()] == [f"v1/deals/1/flow?start={start}" for start in (0, 2, 4)]


@pytest.mark.parametrize(
    "fault",
    [
        {"path": DEALS, "kind": "throttle"},
        {"path": DEALS, "kind": "throttle", "form": "cloudflare"},
        {"path": DEALS, "kind": "error_200"},
        {"path": DEALS, "kind": "server_error"},
        {"path": DEALS, "kind": "unavailable"},
        {"path": DEALS, "kind": "gateway_html"},
        {"path": "*/persons", "kind": "bad_json", "after": 1},
        {"path": "*/persons", "kind": "html_200"},
        {"path": "*/persons", "kind": "empty_200"},
        {"path": "*/persons", "kind": "truncate"},
        {"path": "*/persons", "kind": "short_length"},
        {"path": "*/persons", "kind": "truncated_gzip"},
        {"path": "*/flow", "kind": "reset", "after": 2},
        {"path": "*/deals/products", "kind": "html_200"},
    ],
    ids=lambda fault: f"{fault['kind']} {fault['path'].rpartition('/')[2]}",
)
@pytest.mark.heavy
def test_a_fault_that_passes_changes_nothing(
    instance: Instance, wanted: dict[str, list[tuple[object, ...]]], tmp_path: Path, fault: dict[str, object]
) -> None:
    instance.fault(**fault)
    hub = PipedriveHub(tmp_path / "hub", instance)
    hub.load()
    assert hub.raw() == wanted


@pytest.mark.heavy
def test_faults_of_one_run_change_nothing(instance: Instance, wanted: dict[str, list[tuple[object, ...]]], tmp_path: Path) -> None:
    """Some of the heavy ones together, since each costs a second."""
    instance.fault(path=DEALS, kind="throttle", retry_after=0)
    instance.fault(path=DEALS, kind="throttle", form="cloudflare", after=1, retry_after=0)
    instance.fault(path="*/persons", kind="bad_json", after=1)
    instance.fault(path="*/flow", kind="error_200", after=2)
    hub = PipedriveHub(tmp_path / "hub", instance)
    hub.load()
    assert hub.raw() == wanted


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"path": DEALS, "kind": "day_limit"}, "tokens of the day are used up"),
        *(
            pytest.param(*one, marks=pytest.mark.heavy)
            for one in (
                ({"path": "*/persons", "kind": "forbidden", "times": 99}, "may not read this"),
                ({"path": DEALS, "kind": "forbidden", "form": "plan", "times": 99}, "plan does not include"),
                ({"path": "*/persons", "kind": "unauthorized", "times": 99}, "does not accept the credentials"),
                ({"path": DEALS, "kind": "redirect"}, "redirect"),
            )
        ),
        ({"path": "*/persons", "kind": "rewrite", "set": {"cursor": "", "limit": "100"}, "times": 99}, "do not end|repeat"),
    ],
)
def test_a_fault_that_stays_fails_loudly_and_loads_nothing(
    instance: Instance, tmp_path: Path, caplog: pytest.LogCaptureFixture, fault: dict[str, object], words: str
) -> None:
    instance.fault(**fault)
    hub = PipedriveHub(tmp_path / "hub", instance)
    with caplog.at_level(logging.DEBUG), pytest.raises(Exception, match=words) as raised:
        hub.load()
    assert API_TOKEN not in f"{raised.value!s} {raised.value.__cause__!s} {caplog.text}"
    assert hub.query("select count(*) from pipedrive.persons") == [(0,)]


@pytest.mark.heavy
def test_what_may_not_be_read_is_told_and_is_read_once_it_may_be(
    instance: Instance, wanted: dict[str, list[tuple[object, ...]]], tmp_path: Path
) -> None:
    """Listings, lines of deals and fields that are not permitted, and flows for which the tokens of the day do not suffice."""
    instance.fault(path="*/activities", kind="forbidden", times=1)
    instance.fault(path="*/deals/products", kind="forbidden", form="plan", times=1)
    instance.fault(path="*/personFields", kind="forbidden", times=2)
    instance.fault(path="*/flow", kind="day_limit", after=2)
    hub = PipedriveHub(tmp_path / "hub", instance)
    loaded = hub.load()
    assert loaded["persons"] == PEOPLE
    missing = {"activities", "deal_products", "person_fields", "person_field_options"}
    assert not loaded.keys() & missing
    told = dict(hub.query("select table_name, reason from hub.unavailable_tables"))
    assert told.keys() == {*missing, "deal_changes"}
    assert "tokens of the day are used up" in str(told["deal_changes"])
    assert hub.query("select count(distinct deal_id) from pipedrive.deal_changes") == [(2,)]
    hub.load()
    assert hub.raw() == wanted
    assert hub.query("select * from hub.unavailable_tables") == []


def test_an_account_that_told_its_fields_before_may_not_fall_silent(instance: Instance, tmp_path: Path) -> None:
    """Values would turn to nothing without a word."""
    opened = connection(instance, tmp_path, {"api_token": API_TOKEN})
    with client(opened) as api:
        ways = living.Ways(timedelta(minutes=10), timedelta(days=7), timedelta(days=25), archived=True, flows=1)
        session = living.Session(api, Archive(tmp_path, "pipedrive", "bf"), "bf", ways, Unavailable())
        state: dict[str, Any] = {}
        named = partial(fields.wanted, api, "person", {"mql_at": "mql_date"})
        list(living.read(session, records.PERSONS, state, named))
        instance.fault(path="*/personFields", kind="forbidden", times=1)
        with pytest.raises(PermissionMissing):
            list(living.read(session, records.PERSONS, state, named))


def connection(instance: Instance, folder: Path, keys: dict[str, Any]) -> Connection[PipedriveSettings]:
    given = {"base_url": f"{instance.url}/pipedrive", "token_url": f"{instance.url}/pipedrive/oauth/token"} | keys
    return Connection("bf", PipedriveSettings(**given), folder / "archive", TokenStore(folder / "tokens", bytes(32)))


@pytest.mark.parametrize("ending", ["", "/", "/api/v2", "/api/v1/", "/v1", "/api"])
def test_the_address_may_end_in_a_version(instance: Instance, tmp_path: Path, ending: str) -> None:
    keys = {"api_key": API_TOKEN, "base_url": f"{instance.url}/pipedrive{ending}"}
    assert all(found.ok for found in check(connection(instance, tmp_path, keys)))


def test_an_app_renews_its_token_when_the_vendor_no_longer_takes_it(instance: Instance, tmp_path: Path) -> None:
    opened = connection(instance, tmp_path, dict(CLIENT))
    assert all(found.ok for found in check(opened))
    instance.advance(1)
    assert all(found.ok for found in check(opened))
    assert sum("oauth/token" in call for call in instance.calls()) == 2


def test_a_check_says_in_plain_words_what_may_be_read(instance: Instance, tmp_path: Path) -> None:
    instance.fault(path="*/users", kind="forbidden")
    found = {each.subject: each for each in check(connection(instance, tmp_path, {"access_token": API_TOKEN}))}
    assert [subject for subject, each in found.items() if not each.ok] == ["users"]
    assert found["deals"].message == "readable (1 rows on the first page)"
    (wrong,) = check(connection(instance, tmp_path, {"access_token": "not-the-token"}))
    assert not wrong.ok
    assert "does not accept the credentials" in wrong.message
    assert "not-the-token" not in wrong.message
    (refused,) = check(connection(instance, tmp_path / "app", {**CLIENT, "client_secret": "not-the-secret"}))
    assert "lost its consent" in refused.message
    assert "not-the-secret" not in refused.message


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"access_token": ""}, "set access_token"),
        ({"base_url": "acme"}, "base_url must be the company's address"),
        ({"deleted_poll_days": 30}, "deleted_poll_days must be below 30"),
        ({"overlap_minutes": -1}, "must not be negative"),
        ({"flows_per_run": 0}, "flows_per_run"),
    ],
)
def test_a_wrong_setting_is_one_sentence(keys: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        PipedriveSettings(**{"access_token": "a", "base_url": "https://acme.pipedrive.com", **keys})
    assert "secret-token" not in repr(PipedriveSettings(access_token="secret-token", base_url="https://acme.pipedrive.com"))


def test_refusals_mean_what_the_vendor_means() -> None:
    def reply(status: int, body: bytes = b"{}", **headers: str) -> Reply:
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        return Reply(status, told, body, "GET x", datetime(2026, 6, 30, 12, tzinfo=UTC))

    verdict = Verdict("bf")
    assert verdict(reply(429)) is None, "a burst, which the client waits out"
    assert verdict(reply(429, x_daily_requests_left="17")) is None
    assert verdict(reply(403, b"\n<!DOCTYPE html><html>")) is True
    assert verdict(reply(403)) is None
    for header in ({"x_daily_requests_left": "0"}, {"X_Daily_Ratelimit_Token_Remaining": "4"}):
        with pytest.raises(QuotaExhausted) as raised:
            verdict(reply(429, **header))
        assert raised.value.resume_at == datetime(2026, 7, 1, tzinfo=UTC)
    with pytest.raises(PermissionMissing):
        verdict(reply(402))


def test_bad_records_are_set_aside_and_are_not_taken_for_deleted(tmp_path: Path) -> None:
    good = {"id": 1, "name": "Good", "update_time": "2026-06-01T00:00:00Z"}
    rows = [good, {"id": 2, "name": 7}, {"id": 3, "name": "Bad", "update_time": "soon"}, {"name": "Nobody"}]
    page = json.dumps({"success": True, "data": rows, "additional_data": {"next_cursor": None}}).encode()
    state: dict[str, Any] = {"until": "2026-05-01T00:00:00", "known": {"2": "x", "9": "x"}}
    state |= dict.fromkeys(("read_at", "swept_at"), "2020-01-01T00:00:00+00:00")
    ways = living.Ways(timedelta(minutes=10), timedelta(days=7), timedelta(days=25), archived=True, flows=1)
    with FaultServer([say(http(page))]) as server, ApiClient("bf", server.url, NoAuth(), Policy()) as api:
        session = living.Session(api, Archive(tmp_path, "pipedrive", "bf"), "bf", ways, Unavailable())
        items = [item.data for item in living.read(session, records.ORGANIZATIONS, state, lambda: fields.Wanted({}))]
    aside = [row for item in items for row in item.to_pylist() if "reason" in row]
    assert [row["record_key"] for row in aside] == ["", "", "3"]
    organizations = [row for item in items for row in item.to_pylist() if "website" in row]
    assert [(row["id"], row["_deleted"]) for row in organizations] == [(1, None), (9, True)]
    assert state["until"] == "2026-06-01T00:00:00"


def test_custom_fields_are_told_by_their_labels() -> None:
    options = [records.Option(id=31, label="New"), records.Option(id="x", label="Old")]
    kind = records.Field(field_code="c" * 40, options=options)
    wanted = fields.Wanted({"deal_type": kind})

    def told(value: object) -> object:
        row = json.dumps({"id": 1, "value": 12345678901234.56, "custom_fields": {"c" * 40: value}}).encode()
        document = wanted.put_into(fields.msgspec.Raw(row))
        assert b"12345678901234.56" in bytes(document)
        return json.loads(bytes(document))["deal_type"]

    assert [told(value) for value in (31, "31", "x", [31, "x"], {"value": 31}, 99, None, "", [])] == [
        *("New", "New", "Old", "New, Old", "New", "99"),
        *(None, None, None),
    ]


def test_names_of_fields_may_be_written_as_people_write_them() -> None:
    rows = [
        {"field_code": "a" * 40, "field_name": "MQL  Date", "is_custom_field": True},
        {"field_code": "mql_at", "field_name": "mql-date"},
    ]
    page = json.dumps({"success": True, "data": rows, "additional_data": None}).encode()
    with FaultServer([say(http(page))]) as server, ApiClient("bf", server.url, NoAuth(), Policy()) as api:
        found = fields.wanted(api, "person", {"mql_at": "mql_date", "sql_at": "sql_date", "other": ""}).fields
    assert {name: field.field_code for name, field in found.items()} == {"mql_at": "a" * 40}


@pytest.mark.parametrize(
    ("endpoint", "row", "column", "value"),
    [
        (records.USERS, {"id": 1, "active_flag": 1}, "active_flag", True),
        (records.CURRENCIES, {"id": 1, "active_flag": 0}, "active_flag", False),
        (records.ORGANIZATIONS, {"id": 1, "address": "1 Mill Street"}, "address", "1 Mill Street"),
        (records.ORGANIZATIONS, {"id": 1, "address": None}, "street", None),
        (records.PERSONS, {"id": 1, "emails": [{"value": "a"}, {"value": "b", "primary": True}]}, "email", "b"),
        (records.PERSONS, {"id": 1, "phones": [{"value": ""}, {"value": "7"}]}, "phone", "7"),
        (records.DEAL_CHANGES, {"deal_id": 1, "changes": [{"id": 5, "old_value": 50, "new_value": "100"}]}, "old_value", "50"),
    ],
)
def test_what_comes_in_two_shapes_is_read_in_both(endpoint: Endpoint, row: dict[str, Any], column: str, value: object) -> None:
    documents = decode_rows([fields.msgspec.Raw(json.dumps(row).encode())], endpoint.document, endpoint.name).records
    batch = to_arrow(documents, endpoint.tables[:1], connection_id="bf", page_id="1")
    assert batch.tables[endpoint.name][column].to_pylist() == [value]


@pytest.fixture(scope="module")
def group(meridian: Path, tmp_path_factory: pytest.TempPathFactory) -> PipedriveHub:
    """A hub that has read the simulated company's account and built its models."""
    with emulator(meridian) as running:
        hub = PipedriveHub(tmp_path_factory.mktemp("group") / "hub", running)
        hub.load()
    make_views(settings.load(hub.home))
    return hub


def truth(meridian: Path, sql: str) -> list[tuple[Any, ...]]:
    """Rows of the simulated company; `now` stands for the moment that is shown."""
    with duckdb.connect() as database:
        database.execute(f"attach '{meridian}' as meridian (read_only)")
        told = sql.replace("company.", "meridian.company.").replace("$now", "timestamp '2026-06-30 23:59:59'")
        return database.execute(told).fetchall()


LIVING = "company.opportunity where entity_id = 'bf' and created_at <= $now and coalesce(deleted_at > $now, true)"


def test_conformed_deals_are_the_companys_to_the_cent(group: PipedriveHub, meridian: Path) -> None:
    known = pipedrive.identifiers(meridian)
    theirs = truth(
        meridian,
        f"""
        select opportunity_id, amount, kind, if(closed_at <= $now, outcome, 'open'), organization_id, primary_person_id, owner_employee_id,
            expected_close_date, date_trunc('second', created_at), if(closed_at <= $now, date_trunc('second', closed_at), null)
        from {LIVING}
        """,
    )
    ours = group.query("""
        select deal_id, amount_txn, deal_type, status, company_id, person_id, owner_id, expected_close_date, created_at, closed_at
        from intermediate.int_pipedrive_deals_conformed
    """)
    ids = (known["deal"], known["organization"], known["person"], known["user"])
    expected = [(ids[0][d], a, k, s, ids[1][o], ids[2][p], ids[3][e], *rest) for d, a, k, s, o, p, e, *rest in theirs]
    assert sorted(ours) == sorted(expected)
    assert group.query(
        "select distinct currency_txn, pipeline_name, amount_func from intermediate.int_pipedrive_deals_conformed"
    ) == [("USD", "Sales Pipeline", None)]


def test_open_deals_are_worth_what_their_stage_says(group: PipedriveHub, meridian: Path) -> None:
    """One in seven has a probability of its own."""
    known = pipedrive.identifiers(meridian)["deal"]
    by_stage = {"qualification": "0.2", "discovery": "0.4", "proposal": "0.6", "negotiation": "0.8"}
    theirs = truth(
        meridian,
        f"""
        select opportunity_id, arg_max(stage, entered_at) from company.opportunity_stage
        semi join (select opportunity_id from {LIVING} and coalesce(closed_at > $now, true)) using (opportunity_id)
        where entered_at <= $now group by opportunity_id
        """,
    )
    expected = {known[deal]: (stage, "0.5" if int(known[deal]) % 7 == 0 else by_stage[stage]) for deal, stage in theirs}
    ours = group.query("""
        select deal_id, lower(stage_name), rtrim(probability::varchar, '0') from intermediate.int_pipedrive_deals_conformed where status = 'open'
    """)
    assert expected
    assert {deal: (stage, chance) for deal, stage, chance in ours} == expected
    assert group.query(
        "select distinct status, probability::integer from intermediate.int_pipedrive_deals_conformed where status <> 'open' order by 1"
    ) == [("lost", 0), ("won", 1)]


def test_conformed_stages_are_those_that_deals_went_through(group: PipedriveHub, meridian: Path) -> None:
    known = pipedrive.identifiers(meridian)["deal"]
    theirs = truth(
        meridian,
        f"""
        select opportunity_id, stage, date_trunc('second', entered_at) from company.opportunity_stage
        semi join (select opportunity_id from {LIVING}) using (opportunity_id)
        where entered_at <= $now and stage not like 'closed%'
        """,
    )
    ours = group.query("select deal_id, lower(stage_name), entered_at from intermediate.int_pipedrive_deal_stages_conformed")
    assert sorted(ours) == sorted((known[deal], stage, entered_at) for deal, stage, entered_at in theirs)


def test_conformed_lines_are_the_companys_to_the_cent(group: PipedriveHub, meridian: Path) -> None:
    sums = "count(*), sum(quantity)::decimal(20, 4), sum(amount{})::decimal(20, 4), sum(unit_price{})::decimal(20, 4), sum(discount_pct)::decimal(9, 4)"
    theirs = truth(
        meridian,
        f"""
        select product.name, product.sku, {sums.format("", "")}, max(nullif(term_months, 0))
        from company.opportunity_line semi join (select opportunity_id from {LIVING}) using (opportunity_id) join company.product using (product_id)
        group by all order by all
        """,
    )
    ours = group.query(f"""
        select product_name, product_sku, {sums.format("_txn", "_txn")}, max(term_months)
        from intermediate.int_pipedrive_deal_lines_conformed group by all order by all
    """)
    assert theirs
    assert ours == theirs


def test_conformed_people_are_leads_and_whoever_has_a_deal(group: PipedriveHub, meridian: Path) -> None:
    known = pipedrive.identifiers(meridian)["person"]
    theirs = truth(
        meridian,
        """
        select person_id, lower(email), date_trunc('second', min(lead.created_at)), min(mql_at::date) filter (mql_at <= $now),
            min(sql_at::date) filter (sql_at <= $now)
        from company.lead join company.person using (person_id) where entity_id = 'bf' and lead.created_at <= $now group by all
        """,
    )
    told = "select person_id, email, lead_at, mql_at::date, sql_at::date from intermediate.int_pipedrive_people_conformed where lead_at is not null"
    assert sorted(group.query(told), key=lambda row: row[0]) == sorted(
        ((known[key], *rest) for key, *rest in theirs), key=lambda row: row[0]
    )
    assert group.query(
        "select count(*) from intermediate.int_pipedrive_people_conformed where mql_at < created_at or sql_at < mql_at"
    ) == [(0,)]
    others = "select count(*) from intermediate.int_pipedrive_people_conformed where lead_at is null"
    assert group.query(others) == group.query(
        others + " and person_id in (select person_id from intermediate.int_pipedrive_deal_people_conformed)"
    )
    assert (
        group.query(
            "from intermediate.int_pipedrive_people_conformed anti join intermediate.int_pipedrive_companies_conformed using (company_id)"
        )
        == []
    )


def test_conformed_firms_sellers_and_touches_are_the_companys(group: PipedriveHub, meridian: Path) -> None:
    known = pipedrive.identifiers(meridian)
    firms = truth(meridian, "select organization_id, name, domain, city from company.organization where entity_id = 'bf'")
    by_id = {known["organization"][key]: tuple(rest) for key, *rest in firms}
    ours = group.query("select company_id, company_name, domain, city from intermediate.int_pipedrive_companies_conformed")
    assert len(ours) > 200
    assert all(by_id[key] == tuple(rest) for key, *rest in ours)
    talks = truth(
        meridian,
        """
        select person_id, touch_type, date_trunc('second', occurred_at) from company.touch
        where entity_id = 'bf' and touch_type in ('call', 'meeting') and occurred_at <= $now
        """,
    )
    told = group.query("select person_id, touch_type, occurred_at from intermediate.int_pipedrive_touches_conformed")
    assert sorted(told) == sorted((known["person"][person], kind, moment) for person, kind, moment in talks)
    orphans = (
        "from intermediate.int_pipedrive_deals_conformed anti join intermediate.int_pipedrive_sellers_conformed using (owner_id)"
    )
    assert group.query(orphans) == []


def test_every_raw_table_is_there(group: PipedriveHub) -> None:
    assert set(RAW) == {table.name for table in records.TABLES}
    assert all(
        group.query(f"select count(*) > 0 or '{table}' = 'person_field_options' from pipedrive.{table}")[0][0] for table in RAW
    )

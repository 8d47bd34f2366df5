"""The hub's source against the emulator: the company's own rows, only changes as time passes, and loud failures."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import httpx
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from dlt_sources.http import ApiClient, NoAuth, Policy
from dlt_sources.http.errors import NotFound
from dlt_sources.connection import Unavailable
from dlt_sources.salesforce import SalesforceSettings, records
from dlt_sources.salesforce.org import Org
from finance_hub import ingestion, settings, warehouse
from sandbox.vendors import salesforce
from sandbox.vendors.faults import KINDS
from sandbox.vendors.salesforce.access import USERNAME
from tests.conftest import connect
from tests.dbt import build
from tests.http.fault_server import FaultServer, http, say
from tests.sandbox.salesforce import LATE_LEADS, LEADS, having, write_firm
from tests.sandbox.serving import serving

NAME = "salesforce_group"
JULY = datetime(2026, 7, 2, 10, 4, 1, tzinfo=UTC)
LOUD = {"day_limit", "error_200", "forbidden", "redirect", "unauthorized"}
SAMPLE = {"unauthorized", "truncate", "day_limit"}
KEPT_APART = {"extraction", "quarantine", "merges"}


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_firm(tmp_path_factory.mktemp("firm") / "firm.duckdb")


@dataclass
class Hub:
    """A hub that reads this emulator alone."""

    home: Path
    url: str

    def __post_init__(self) -> None:
        connect(self.home, self.url, as_of="2026-06-30", currency="USD")

    def set(self, *lines: str) -> None:
        """Set keys of the connection, in place of those that the sandbox offers."""
        toml = self.home / "hub.toml"
        kept = [
            line for line in toml.read_text().splitlines() if not any(line.startswith(f"{new.split(' ')[0]} ") for new in lines)
        ]
        toml.write_text("\n".join([*kept, *lines, ""]))

    def load(self) -> ingestion.Loaded:
        found = settings.load(self.home)
        warehouse.prepare(found)
        return ingestion.load(found, ingestion.extract(found, found.connections[NAME]))

    def check(self) -> list[Any]:
        return ingestion.check(settings.load(self.home), NAME)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with warehouse.reading(settings.load(self.home).warehouse) as database:
            return database.execute(sql).fetchall()

    def raw(self) -> dict[str, list[tuple[Any, ...]]]:
        """What every raw table holds. Merges are told for fifteen days only: whoever reads later does not know of them."""
        tables = [table.name for table in records.TABLES if table.name not in KEPT_APART]
        return {
            name: self.query(f"select * exclude (_dlt_load_id, _page_id) from salesforce.{name} order by all") for name in tables
        }


def let_pass(url: str, **span: float) -> None:
    httpx.post(f"{url}/_sandbox/advance", json=span)


def calls(url: str) -> list[dict[str, Any]]:
    """The calls since it was asked last."""
    log = httpx.get(f"{url}/_sandbox/log").json()
    httpx.delete(f"{url}/_sandbox/log")
    return list(log)


@contextmanager
def misbehaving(url: str, **order: Any) -> Iterator[None]:
    httpx.post(f"{url}/_sandbox/faults", json={"vendor": "salesforce", **order}).raise_for_status()
    try:
        yield
    finally:
        httpx.delete(f"{url}/_sandbox/faults")


def company(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as db:
        db.execute(f"attach '{path}' as meridian (read_only); use meridian")
        return db.execute(sql.replace("{ours}", "(select entity_id from company.entity where crm = 'salesforce')")).fetchall()


END = "timestamp '2026-06-30 23:59:59'"


@pytest.fixture(scope="module")
def group_org(meridian: Path) -> Iterator[str]:
    """The group's org at the end of the company's history; nobody lets time pass here."""
    with serving(salesforce, meridian) as (url, _clock):
        yield url


@pytest.fixture(scope="module")
def hub(group_org: str, tmp_path_factory: pytest.TempPathFactory) -> Hub:
    """A hub that has read the group's org."""
    made = Hub(tmp_path_factory.mktemp("group") / "hub", group_org)
    made.load()
    return made


def test_a_full_load_has_the_companys_rows_to_the_cent(hub: Hub, meridian: Path) -> None:
    deals = hub.query(
        "select name, selling_entity, amount, currency_iso_code, created_date from salesforce.opportunities order by all"
    )
    assert deals == company(
        meridian,
        f"""
        select o.name, e.name, o.amount::decimal(38, 12), o.currency, date_trunc('second', o.created_at)
        from company.opportunity o join company.entity e using (entity_id)
        where e.crm = 'salesforce' and o.created_at <= {END} and (deleted_at > {END}) is not false order by all
        """,
    )
    leads = hub.query("select lower(email), company, created_date, mql_date, sql_date from salesforce.leads order by all")
    seen = "case when {0} <= " + END + " then date_trunc('second', {0}) end"
    assert leads == company(
        meridian,
        f"""
        select lower(p.email), o.name, date_trunc('second', l.created_at), {seen.format("mql_at")}, {seen.format("sql_at")}
        from company.lead l join company.person p using (person_id) join company.organization o using (organization_id)
        where l.entity_id in {{ours}} and l.created_at <= {END} order by all
        """,
    )
    lines = hub.query("select count(*), sum(total_price) from salesforce.opportunity_line_items")
    assert lines == company(
        meridian,
        f"""
        select count(*), sum(l.amount)::decimal(38, 12) from company.opportunity_line l join company.opportunity o using (opportunity_id)
        where o.entity_id in {{ours}} and o.created_at <= {END} and (o.deleted_at > {END}) is not false
        """,
    )
    spend = hub.query("select sum(actual_cost), sum(budgeted_cost), count(*) from salesforce.campaigns")
    assert spend == company(
        meridian,
        f"""
        select (select sum(amount)::decimal(38, 12) from company.campaign_spend join company.campaign using (campaign_id)
                where entity_id in {{ours}} and recorded_at <= {END}),
            sum(budget_amount)::decimal(38, 12), count(*)
        from company.campaign where entity_id in {{ours}} and created_at <= {END}
        """,
    )
    assert hub.query("select count(*) from salesforce.quarantine") == [(0,)]
    assert hub.query("select distinct undeclared_fields from salesforce.extraction") == [("",)]


def test_a_second_run_with_nothing_new_writes_nothing(hub: Hub) -> None:
    loads = hub.query("select count(*) from salesforce._dlt_loads")
    assert hub.load().rows == {}
    assert hub.query("select count(*) from salesforce._dlt_loads") == loads


def test_a_job_gives_the_same_rows_as_queries_and_the_next_run_finds_nothing_new(hub: Hub, group_org: str, tmp_path: Path) -> None:
    by_job = Hub(tmp_path / "hub", group_org)
    by_job.set("bulk_threshold = 2500")
    calls(group_org)
    by_job.load()
    made = [call for call in calls(group_org) if call["method"] == "POST" and "/jobs/query" in str(call["path"])]
    assert len(made) == 6, (
        "leads, both histories of fields, states of deals, members and roles have so many rows" if len(made) != 6 else ""
    )
    assert by_job.raw() == hub.raw()
    assert by_job.query("select * exclude (_dlt_load_id, _page_id) from salesforce.merges order by all") == hub.query(
        "select * exclude (_dlt_load_id, _page_id) from salesforce.merges order by all"
    )
    assert by_job.load().rows == {}


def test_only_changes_travel_as_time_passes_and_the_tables_equal_a_full_load(meridian: Path, tmp_path: Path) -> None:
    with serving(salesforce, meridian) as (url, _clock):
        hub = Hub(tmp_path / "hub", url)
        first = hub.load().total
        for days in (1, 19):
            let_pass(url, days=days)
            assert 0 < hub.load().total < first / 20
            assert hub.load().rows == {}
        whole = Hub(tmp_path / "whole", url)
        whole.load()
        assert hub.raw() == whole.raw()


def test_rows_of_one_second_and_rows_that_are_committed_late_are_all_found_once(firm: Path, tmp_path: Path) -> None:
    with serving(salesforce, firm, at=JULY) as (url, _clock):
        hub = Hub(tmp_path / "hub", url)
        before = hub.load().rows["leads"]
        assert LEADS < before < LEADS + LATE_LEADS
        newest = hub.query("select max(system_modstamp) from salesforce.leads")
        let_pass(url, seconds=480)
        late = hub.load().rows["leads"]
        assert before + late == LEADS + LATE_LEADS
        assert hub.query("select count(*), count(distinct id) from salesforce.leads") == [(before + late, before + late)]
        assert newest <= hub.query("select max(system_modstamp) from salesforce.leads")
        assert hub.load().rows == {}


def test_what_lies_in_the_bin_is_taken_out_and_merges_are_kept(firm: Path, tmp_path: Path) -> None:
    with serving(salesforce, firm) as (url, _clock):
        hub = Hub(tmp_path / "hub", url)
        hub.load()
        assert hub.query("select count(*) from salesforce.opportunities") == [(3,)]
        let_pass(url, days=20.5)
        hub.load()
        for table in ("opportunities", "opportunity_history", "opportunity_contact_roles"):
            assert hub.query(f"select count(*) from salesforce.{table}") == [(2,)]
        merged = hub.query("select loser_id, winner_id from salesforce.merges")
        assert merged
        losers = "select loser_id from salesforce.merges"
        assert hub.query(f"select count(*) from salesforce.accounts where id in ({losers})") == [(0,)]
        assert hub.query("select count(*) from salesforce.accounts where id in (select winner_id from salesforce.merges)") == [
            (len(merged),)
        ]
        assert hub.load().rows == {}


def test_what_left_the_bin_unseen_is_found_by_comparing_ids(firm: Path, tmp_path: Path) -> None:
    with serving(salesforce, firm) as (url, _clock):
        hub = Hub(tmp_path / "hub", url)
        hub.load()
        let_pass(url, days=60)
        hub.load()
        assert hub.query("select count(*) from salesforce.opportunities") == [(3,)], "no comparison is due for a day"
        hub.set("hours_between_sweeps = 0")
        hub.load()
        whole = Hub(tmp_path / "whole", url)
        whole.load()
        expected = whole.raw()
        kept = expected.pop("opportunity_field_history")
        found = hub.raw()
        history = found.pop("opportunity_field_history")
        assert found == expected
        assert set(history) > set(kept), "of the deal that is gone; the vendor would drop it one day, the hub does not"
        assert hub.load().rows == {}


def test_a_row_that_was_never_seen_is_found_by_comparing_ids(firm: Path, tmp_path: Path) -> None:
    with serving(salesforce, firm) as (url, _clock):
        hub = Hub(tmp_path / "hub", url)
        with misbehaving(
            url, kind="rewrite", path="*/queryAll", query="*FROM Contact ORDER*", set={"q": "SELECT Id FROM Contact LIMIT 1"}
        ):
            hub.load()
        assert hub.query("select count(*) from salesforce.contacts") == [(1,)]
        hub.set("hours_between_sweeps = 0")
        hub.load()
        assert hub.query("select count(*), count(email) from salesforce.contacts") == [(3, 2)]


def test_the_list_of_loaded_ids_may_get_lost_and_all_is_read_again(firm: Path, tmp_path: Path) -> None:
    with serving(salesforce, firm) as (url, _clock):
        hub = Hub(tmp_path / "hub", url)
        hub.load()
        shutil.rmtree(hub.home / "archive")
        let_pass(url, days=20.5)
        loaded = hub.load()
        assert "accounts.deletions" in loaded.unavailable
        assert hub.query("select count(*) from salesforce.opportunities") == [(2,)]
        assert hub.load().unavailable == {}


@pytest.fixture(scope="module")
def small(firm: Path) -> Iterator[str]:
    with serving(salesforce, firm) as (url, _clock):
        yield url


@pytest.mark.parametrize(
    "kind", [kind if kind in SAMPLE else pytest.param(kind, marks=pytest.mark.heavy) for kind in sorted(KINDS)]
)
def test_a_fault_in_the_middle_of_the_pages_gives_the_right_rows_or_a_loud_failure(kind: str, small: str, tmp_path: Path) -> None:
    hub = Hub(tmp_path / "hub", small)
    times = 9 if kind in LOUD else 1
    with misbehaving(small, kind=kind, path="*/query/01g*", times=times, seconds=0.01, set={"q": "SELECT Id FROM Lead"}):
        if kind in LOUD:
            with pytest.raises(Exception, match=r"salesforce|leads") as failure:
                hub.load()
            assert "sandbox-secret" not in str(failure.value)
            assert hub.query("select count(*) from salesforce.leads") == [(0,)]
        else:
            hub.load()
            assert hub.query("select count(*), count(distinct id) from salesforce.leads") == [(LEADS, LEADS)]


@pytest.mark.parametrize(("form", "times"), [("locator", 1), pytest.param("locator", 3, marks=pytest.mark.heavy), ("timeout", 1)])
def test_a_query_that_the_vendor_loses_is_asked_anew(form: str, times: int, small: str, tmp_path: Path) -> None:
    hub = Hub(tmp_path / "hub", small)
    with misbehaving(small, kind="server_error", form=form, path="*/query/01g*", times=times):
        if times > 2:
            with pytest.raises(Exception, match="INVALID_QUERY_LOCATOR"):
                hub.load()
        else:
            hub.load()
            assert hub.query("select count(*), count(distinct id) from salesforce.leads") == [(LEADS, LEADS)]


@pytest.mark.parametrize(
    ("kind", "path"), [("forbidden", "*/jobs/query"), pytest.param("short_length", "*/results", marks=pytest.mark.heavy)]
)
def test_a_job_that_fails_gives_way_to_queries_or_is_read_again(kind: str, path: str, small: str, tmp_path: Path) -> None:
    hub = Hub(tmp_path / "hub", small)
    hub.set("bulk_threshold = 2000")
    with (
        misbehaving(small, kind=kind, path=path, form="bulk" if kind == "forbidden" else None)
        if kind == "forbidden"
        else misbehaving(small, kind=kind, path=path)
    ):
        hub.load()
    assert hub.query("select count(*), count(distinct id) from salesforce.leads") == [(LEADS, LEADS)]


def test_the_last_call_of_the_day_ends_the_run_and_leaves_the_warehouse_as_it_was(firm: Path, tmp_path: Path) -> None:
    with serving(having(calls_a_day=20), firm, limits=True) as (url, _clock):
        hub = Hub(tmp_path / "hub", url)
        with pytest.raises(Exception, match="calls of the last 24 hours are used up"):
            hub.load()
        assert hub.query("select count(*) from salesforce.accounts") == [(0,)]
        hub.set("min_api_remaining = 10")
        let_pass(url, days=1)
        with pytest.raises(Exception, match="min_api_remaining leaves 10 to others"):
            hub.load()


def test_a_value_that_does_not_fit_sets_its_row_aside_and_no_other(small: str, tmp_path: Path) -> None:
    """A row whose amount is a text with a unit, as a broken field type would send it."""
    row = {"attributes": {}, "Id": "006000000000001AAA", "SystemModstamp": "2026-01-01T00:00:00.000+0000", "Amount": 12.5}
    rows = [row, {**row, "Id": "006000000000002AAA", "Amount": "12 USD"}]
    page = msgspec.json.encode({"totalSize": 2, "done": True, "records": rows})
    fields = [{"name": name, "type": "string"} for name in ("Id", "SystemModstamp", "Amount")]
    answers = {"describe": {"fields": fields}, "count": {"totalSize": 2, "done": True, "records": []}}
    from dlt_sources.records import Archive
    from dlt_sources.salesforce.reading import Reading

    actions = [
        say(http(msgspec.json.encode(answers["describe"]))),
        say(http(msgspec.json.encode(answers["count"]))),
        say(http(page)),
    ]
    with FaultServer(actions) as server, ApiClient("org", server.url, NoAuth(), Policy()) as api:
        org = Org(api, "62.0", {}, Unavailable())
        state: dict[str, Any] = {}
        reading = Reading(
            org,
            records.OPPORTUNITIES,
            Archive(tmp_path, "salesforce", "org"),
            state,
            lookback=600,
            bulk_threshold=9,
            hours_between_sweeps=24,
        )
        items = [item.data if hasattr(item, "data") else item for item in reading.run()]
    names = [name for item in items for name in item.column_names if name in {"amount", "reason"}]
    assert sorted(names) == ["amount", "reason"]
    loaded = next(item for item in items if "amount" in item.column_names)
    assert loaded["id"].to_pylist() == ["006000000000001AAA"]


def test_an_org_that_shows_less_is_read_as_far_as_it_goes_and_says_what_is_missing(firm: Path, tmp_path: Path) -> None:
    hidden = frozenset({"Lead.Phone", "LeadHistory", "Campaign.UTM_Campaign__c"})
    with serving(having(hidden=hidden, multi_currency=False), firm) as (url, _clock):
        hub = Hub(tmp_path / "hub", url)
        missing = hub.load().unavailable
        assert missing.keys() == {"lead_history", "currency_types", "dated_conversion_rates", "campaigns.utm_campaign"}
        assert hub.query("select count(phone), count(email), count(currency_iso_code) from salesforce.leads") == [(0, LEADS, 0)]
        findings = {finding.subject: finding for finding in hub.check()}
        assert not findings["campaigns"].ok
        assert "utm_field names the field 'UTM_Campaign__c', which Campaign does not have" in findings["campaigns"].message
        assert findings["leads"].ok


def test_a_field_that_is_shown_later_fills_the_rows_that_are_loaded(firm: Path, tmp_path: Path) -> None:
    home = tmp_path / "hub"
    with serving(having(hidden=frozenset({"Lead.Phone"})), firm) as (url, _clock):
        Hub(home, url).load()
    with serving(salesforce, firm) as (url, _clock):
        hub = Hub(home, url)
        assert hub.load().rows == {"leads": LEADS}
        assert hub.load().rows == {}


def test_a_wrong_custom_field_or_secret_is_told_in_plain_words(small: str, tmp_path: Path) -> None:
    hub = Hub(tmp_path / "hub", small)
    assert {finding.ok for finding in hub.check()} == {True}
    hub.set('entity_field = "Nothing__c"')
    wrong = [finding.message for finding in hub.check() if not finding.ok]
    assert len(wrong) == 6
    assert "the setting entity_field names the field 'Nothing__c', which Account does not have" in wrong[0]
    other = Hub(tmp_path / "other", small)
    other.set('client_secret = "not-the-secret"')
    (finding,) = other.check()
    assert not finding.ok
    assert "invalid client credentials" in finding.message
    assert "not-the-secret" not in finding.message


def test_a_signed_statement_or_a_rotating_refresh_token_open_the_org_too(firm: Path, tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode().replace("\n", "\\n")
    with serving(having(certificate=key.public_key()), firm) as (url, clock):
        signed = Hub(tmp_path / "signed", url)
        signed.set('client_secret = ""', f'username = "{USERNAME}"', f"private_key = '{pem}'")
        assert {finding.ok for finding in signed.check()} == {True}
        consented = Hub(tmp_path / "consented", url)
        consented.set('refresh_token = "sandbox-refresh-0"')
        for _ in range(3):  # each session outlived: every renewal presents the token that the last one brought
            assert {finding.ok for finding in consented.check()} == {True}
            clock.advance(3 * 3600)
        with misbehaving(url, kind="day_limit", path="*/oauth2/token"):
            assert "quota is used up at the token endpoint" in consented.check()[0].message
        assert {finding.ok for finding in consented.check()} == {True}, "a quota is no refusal: the consent stands"


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"client_id": "a"}, "set client_secret"),
        ({"client_id": "a", "username": "b"}, "username and private_key"),
        ({"client_id": "", "client_secret": "b"}, "client_id must be"),
        ({"client_id": "a", "client_secret": "b", "lookback_seconds": -1}, "lookback_seconds must be"),
    ],
)
def test_settings_that_cannot_work_are_refused_with_what_was_expected(keys: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        SalesforceSettings(base_url="https://acme.my.salesforce.com", **keys)


@pytest.mark.parametrize("prefix", ["", "/orgs/acme"])
def test_a_link_is_followed_from_the_host_wherever_the_org_is_mounted(prefix: str) -> None:
    with ApiClient("org", f"https://acme.my.salesforce.com{prefix}", NoAuth(), Policy()) as api:
        org = Org(api, "62.0", {}, Unavailable())
        whole = f"https://acme.my.salesforce.com{prefix}/services/data/v62.0/query/01g-2000"
        assert org._absolute("/services/data/v62.0/query/01g-2000") == whole
        assert org._absolute(f"{prefix}/services/data/v62.0/query/01g-2000") == whole


def test_an_object_that_is_not_there_is_told_as_such(small: str) -> None:
    assert issubclass(NotFound, Exception)
    with httpx.Client() as plain:
        assert plain.get(f"{small}/salesforce/services/data/v62.0/sobjects/Nothing/describe").status_code == 401


@pytest.fixture(scope="module")
def models(hub: Hub) -> Hub:
    """The hub with its staging and conformed models."""
    build(settings.load(hub.home), "path:models/staging/salesforce", "path:models/intermediate/growth/int_salesforce_*")
    return hub


def conformed(models: Hub, shape: str, columns: str) -> list[tuple[Any, ...]]:
    return models.query(f"select {columns} from intermediate.int_salesforce_{shape}_conformed order by all")


def test_conformed_deals_lines_stages_and_people_are_the_companys(models: Hub, meridian: Path) -> None:
    known = salesforce.identifiers(meridian)
    there = f"o.created_at <= {END} and (o.deleted_at > {END}) is not false and o.entity_id in {{ours}}"
    truth = company(
        meridian,
        f"""
        select o.opportunity_id, o.organization_id, o.primary_person_id, o.owner_employee_id, e.name, o.kind, case when o.closed_at <= {END} then o.outcome else 'open' end,
            o.amount, o.currency, date_trunc('second', o.created_at), case when o.closed_at <= {END} then date_trunc('second', o.closed_at) end, o.expected_close_date
        from company.opportunity o join company.entity e using (entity_id) where {there}
        """,
    )
    expected = [
        (known["deal"][o], known["company"][f], known["contact"][p], known["seller"][s], *rest) for o, f, p, s, *rest in truth
    ]
    columns = "deal_id, company_id, person_id, owner_id, org_unit_ref, deal_type, status, amount_txn, currency_txn, created_at, closed_at, expected_close_date"
    assert conformed(models, "deals", columns) == sorted(expected)
    stages = company(
        meridian,
        f"select count(*) from company.opportunity_stage s join company.opportunity o using (opportunity_id) where {there} and s.entered_at <= {END}",
    )
    assert conformed(models, "deal_stages", "count(*)") == stages
    lines = company(
        meridian,
        f"select count(*), sum(l.amount), sum(l.term_months)::bigint from company.opportunity_line l join company.opportunity o using (opportunity_id) where {there}",
    )
    assert conformed(models, "deal_lines", "count(*), sum(amount_txn), sum(term_months)::bigint") == lines
    parts = company(
        meridian,
        f"""
        select distinct o.opportunity_id, p.person_id from company.opportunity o join company.person p on p.person_id = o.primary_person_id
            or (o.opportunity_id, p.person_id) in (select (opportunity_id, person_id) from company.opportunity_person)
        where {there} and p.created_at <= {END}
        """,
    )
    assert conformed(models, "deal_people", "deal_id, person_id") == sorted(
        (known["deal"][o], known["contact"][p]) for o, p in parts
    )


def test_conformed_people_are_each_one_whatever_they_are_in_the_org(models: Hub, meridian: Path) -> None:
    known = salesforce.identifiers(meridian)
    found = conformed(
        models, "people", "person_id, email, lead_at, mql_at, sql_at, disqualified_at is not null, company_id is not null"
    )
    truth = {
        email: (lead_at, mql_at, sql_at)
        for email, lead_at, mql_at, sql_at in company(
            meridian,
            f"""
            select lower(p.email), date_trunc('second', l.created_at), case when mql_at <= {END} then date_trunc('second', mql_at) end,
                case when sql_at <= {END} then date_trunc('second', sql_at) end
            from company.lead l join company.person p using (person_id) where l.entity_id in {{ours}} and l.created_at <= {END}
            """,
        )
    }
    assert len({email for _, email, *_ in found}) == len(found), "nobody is there twice"
    assert {email: (lead_at, mql_at, sql_at) for _, email, lead_at, mql_at, sql_at, *_ in found if lead_at} == truth
    contacts, leads = set(known["contact"].values()), set(known["lead"].values())
    assert {person_id for person_id, *_ in found} <= contacts | leads
    assert any(given_up for *_, given_up, _ in found)
    assert all(has_company for person_id, *_, has_company in found if person_id in contacts)


def test_conformed_companies_campaigns_sellers_and_touches_are_the_companys(models: Hub, meridian: Path) -> None:
    known = salesforce.identifiers(meridian)
    firms = conformed(models, "companies", "company_id, company_name, domain, org_unit_ref")
    named = {known["company"][key]: (name, domain, unit) for key, name, domain, unit in company(
        meridian,
        f"select o.organization_id, o.name, o.domain, e.name from company.organization o join company.entity e using (entity_id) where e.crm = 'salesforce' and o.created_at <= {END}",
    )}  # fmt: skip
    assert all(named[key] == tuple(rest) for key, *rest in firms)
    merged = set(named) - {key for key, *_ in firms}
    assert merged <= {value for key, value in known["company"].items() if key.endswith("-d")}
    campaigns = conformed(models, "marketing_campaigns", "campaign_id, campaign_utm, budget_txn, currency_txn")
    assert campaigns == sorted(
        (known["campaign"][key], *rest)
        for key, *rest in company(
            meridian,
            f"select campaign_id, utm_campaign, budget_amount, currency from company.campaign where entity_id in {{ours}} and created_at <= {END}",
        )
    )
    spend = company(
        meridian,
        f"select currency, sum(s.amount) from company.campaign_spend s semi join (from company.campaign where entity_id in {{ours}}) using (campaign_id) where recorded_at <= {END} group by currency order by all",
    )
    assert (
        conformed(models, "campaign_spend", "currency_txn, sum(amount_txn)")
        if False
        else models.query(
            "select currency_txn, sum(amount_txn) from intermediate.int_salesforce_campaign_spend_conformed group by currency_txn order by all"
        )
        == spend
    )
    talks = models.query(
        "select touch_type, count(*) from intermediate.int_salesforce_touches_conformed where campaign_id is null group by touch_type order by all"
    )
    assert talks == company(
        meridian,
        f"select touch_type, count(*) from company.touch where entity_id in {{ours}} and touch_type in ('call', 'meeting') and occurred_at <= {END} group by touch_type order by all",
    )
    answers = models.query(
        "select email, campaign_utm, touch_type from intermediate.int_salesforce_touches_conformed where campaign_id is not null"
    )
    happened = company(
        meridian,
        f"select distinct lower(p.email), c.utm_campaign, t.touch_type from company.touch t join company.person p using (person_id) join company.campaign c using (campaign_id) where t.entity_id in {{ours}} and t.occurred_at <= {END}",
    )
    assert len(answers) > 2000
    assert set(answers) <= set(happened), "no answer is told that was not given, and each by the name of what it was"
    sellers = conformed(models, "sellers", "count(*), count(distinct team_name), count(*) filter (is_active)")
    assert sellers[0][1] == 6
    assert sellers[0][2] < sellers[0][0]

"""Salesforce through the hub: the company's own rows in the raw tables and in the conformed models, and only changes as time passes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from dlt_sources.salesforce import SalesforceSettings, records
from finance_hub import settings
from sandbox.vendors import salesforce
from sandbox.vendors.salesforce.access import USERNAME
from tests.dbt import make_views
from tests.sandbox.salesforce import (
    CUSTOM,
    END,
    LEADS,
    NAME,
    Reader,
    SalesforceHub,
    company,
    having,
    let_pass,
    misbehaving,
    write_firm,
)
from tests.sandbox.serving import serving


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_firm(tmp_path_factory.mktemp("firm") / "firm.duckdb")


@pytest.fixture(scope="module")
def group_org(meridian: Path) -> Iterator[str]:
    """The group's org at the end of the company's history; nobody lets time pass here."""
    with serving(salesforce, meridian) as (url, _clock):
        yield url


@pytest.fixture(scope="module")
def hub(group_org: str, tmp_path_factory: pytest.TempPathFactory) -> SalesforceHub:
    """A hub that has read the group's org."""
    made = SalesforceHub(tmp_path_factory.mktemp("group") / "hub", group_org)
    made.run()
    return made


def test_a_full_load_has_the_companys_rows_to_the_cent(hub: SalesforceHub, meridian: Path) -> None:
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


def test_a_second_run_with_nothing_new_writes_nothing(hub: SalesforceHub) -> None:
    loads = hub.query("select count(*) from salesforce._dlt_loads")
    assert hub.run().rows == {}
    assert hub.query("select count(*) from salesforce._dlt_loads") == loads


def test_only_changes_travel_as_time_passes_and_the_tables_equal_a_full_load(meridian: Path, tmp_path: Path) -> None:
    with serving(salesforce, meridian) as (url, _clock):
        hub = SalesforceHub(tmp_path / "hub", url)
        first = hub.run().total
        let_pass(url, days=21)
        assert 0 < hub.run().total < first / 20
        whole = Reader(url, tmp_path / "whole", **CUSTOM)
        for listing in records.LISTINGS:
            whole.read(listing.endpoint.name)
        assert hub.rows() == whole.rows()


@pytest.mark.heavy
def test_what_lies_in_the_bin_is_taken_out_and_merges_are_kept(firm: Path, tmp_path: Path) -> None:
    with serving(salesforce, firm) as (url, _clock):
        hub = SalesforceHub(tmp_path / "hub", url)
        hub.run()
        assert hub.query("select count(*) from salesforce.opportunities") == [(3,)]
        let_pass(url, days=20.5)
        hub.run()
        for table in ("opportunities", "opportunity_history", "opportunity_contact_roles"):
            assert hub.query(f"select count(*) from salesforce.{table}") == [(2,)]
        merged = hub.query("select loser_id, winner_id from salesforce.merges")
        assert merged
        losers = "select loser_id from salesforce.merges"
        assert hub.query(f"select count(*) from salesforce.accounts where id in ({losers})") == [(0,)]
        assert hub.query("select count(*) from salesforce.accounts where id in (select winner_id from salesforce.merges)") == [
            (len(merged),)
        ]


def test_an_org_that_shows_less_is_read_as_far_as_it_goes_and_says_what_is_missing(firm: Path, tmp_path: Path) -> None:
    hidden = frozenset({"Lead.Phone", "LeadHistory", "Campaign.UTM_Campaign__c"})
    with serving(having(hidden=hidden, multi_currency=False), firm) as (url, _clock):
        hub = SalesforceHub(tmp_path / "hub", url)
        missing = hub.run().unavailable
        assert missing.keys() == {"lead_history", "currency_types", "dated_conversion_rates", "campaigns.utm_campaign"}
        assert hub.query("select count(phone), count(email), count(currency_iso_code) from salesforce.leads") == [(0, LEADS, 0)]
        findings = {finding.subject: finding for finding in hub.check(NAME)}
        assert not findings["campaigns"].ok
        assert "utm_field names the field 'UTM_Campaign__c', which Campaign does not have" in findings["campaigns"].message
        assert findings["leads"].ok


@pytest.fixture(scope="module")
def small(firm: Path) -> Iterator[str]:
    with serving(salesforce, firm) as (url, _clock):
        yield url


def test_a_wrong_custom_field_or_secret_is_told_in_plain_words(small: str, tmp_path: Path) -> None:
    hub = SalesforceHub(tmp_path / "hub", small)
    assert {finding.ok for finding in hub.check(NAME)} == {True}
    hub.set('entity_field = "Nothing__c"')
    wrong = [finding.message for finding in hub.check(NAME) if not finding.ok]
    assert len(wrong) == 6
    assert "the setting entity_field names the field 'Nothing__c', which Account does not have" in wrong[0]
    other = SalesforceHub(tmp_path / "other", small)
    other.set('client_secret = "not-the-secret"')
    (finding,) = other.check(NAME)
    assert not finding.ok
    assert "invalid client credentials" in finding.message
    assert "not-the-secret" not in finding.message


def test_a_signed_statement_or_a_rotating_refresh_token_open_the_org_too(firm: Path, tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode().replace("\n", "\\n")
    with serving(having(certificate=key.public_key()), firm) as (url, clock):
        signed = SalesforceHub(tmp_path / "signed", url)
        signed.set('client_secret = ""', f'username = "{USERNAME}"', f"private_key = '{pem}'")
        assert {finding.ok for finding in signed.check(NAME)} == {True}
        consented = SalesforceHub(tmp_path / "consented", url)
        consented.set('refresh_token = "sandbox-refresh-0"')
        for _ in range(3):  # each session outlived: every renewal presents the token that the last one brought
            assert {finding.ok for finding in consented.check(NAME)} == {True}
            clock.advance(3 * 3600)
        with misbehaving(url, kind="day_limit", path="*/oauth2/token"):
            assert "quota is used up at the token endpoint" in consented.check(NAME)[0].message
        assert {finding.ok for finding in consented.check(NAME)} == {True}, "a quota is no refusal: the consent stands"


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


@pytest.fixture(scope="module")
def models(hub: SalesforceHub) -> SalesforceHub:
    """The hub with its staging and conformed models."""
    make_views(settings.load(hub.home))
    return hub


def conformed(models: SalesforceHub, shape: str, columns: str) -> list[tuple[Any, ...]]:
    return models.query(f"select {columns} from intermediate.int_salesforce_{shape}_conformed order by all")


def test_conformed_deals_lines_stages_and_people_are_the_companys(models: SalesforceHub, meridian: Path) -> None:
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


def test_conformed_people_are_each_one_whatever_they_are_in_the_org(models: SalesforceHub, meridian: Path) -> None:
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


def test_conformed_companies_campaigns_sellers_and_touches_are_the_companys(models: SalesforceHub, meridian: Path) -> None:
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
        f"""
        select currency, sum(s.amount) from company.campaign_spend s
        semi join (from company.campaign where entity_id in {{ours}}) using (campaign_id) where recorded_at <= {END} group by currency order by all
        """,
    )
    spent = "select currency_txn, sum(amount_txn) from intermediate.int_salesforce_campaign_spend_conformed group by currency_txn order by all"
    assert models.query(spent) == spend
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

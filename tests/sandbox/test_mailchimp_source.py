"""The hub's source against the emulator: what goes on changing, what vanishes, and collections that shift while they are read."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from dlt_sources.connection import Connection
from dlt_sources.http import AuthenticationRejected, SourceError, TokenSet, TokenStore
from dlt_sources.mailchimp import MailchimpSettings, address, check
from finance_hub import ingestion, settings
from sandbox.vendors import mailchimp
from sandbox.vendors.faults import KINDS
from sandbox.vendors.mailchimp.app import API_KEY
from tests.sandbox.mailchimp import NAME, TABLES, MailchimpHub, called, calls, let_pass, write_firm
from tests.sandbox.serving import between, serving

HUB, EMULATOR = MailchimpHub, mailchimp
LOUD = {"error_200", "forbidden", "redirect", "unauthorized"}
LATE = datetime(2026, 7, 20, 12, tzinfo=UTC)


def test_a_full_load_has_every_row_of_the_firm(whole: MailchimpHub) -> None:
    assert (
        whole.query("select count(*), count(distinct id), count(*) filter (last_name like 'Ünlü%') from mailchimp.members")[0][1]
        > 280
    )
    assert whole.query(
        "select title, google_analytics, send_time::varchar from mailchimp.campaigns where status = 'sent' order by 1"
    ) == [(f"Spring #{number}", "BF-Spring", f"2026-06-{1 + 7 * number:02} 08:00:00") for number in (1, 2, 3, 4)]
    assert whole.query("select count(*) from mailchimp.campaigns where status <> 'sent' and send_time is null") == [(1,)]
    order = "select id, order_total, tax_total, financial_status, customer_email, cancelled_at_foreign, landing_site from mailchimp.orders"
    (found,) = whole.query(order)
    tagged = "https://firm.example/a?utm_source=newsletter&utm_medium=email&utm_campaign=bf-spring"
    assert [str(value) for value in found] == [
        *("INV-1", "134.170000000000", "9.070000000000", "pending", "p1@firm.example", "None", tagged),
    ]
    led = "select title from mailchimp.campaigns join mailchimp.orders on orders.campaign_id = campaigns.id"
    assert whole.query(led) == [("Spring #2",)]
    assert whole.query("select total_orders, total_revenue::varchar from mailchimp.reports where total_orders > 0") == [
        (1, "125.100000000000")
    ]
    assert whole.query("select quantity::integer, price::varchar from mailchimp.order_lines") == [(1, "125.100000000000")]
    assert whole.query("select count(*) from mailchimp.report_unsubscribes") != [(0,)]
    assert whole.query("select undeclared_fields from mailchimp.extraction where undeclared_fields <> ''") == []
    assert whole.query("select count(*) from mailchimp.quarantine") == [(0,)]


def test_a_run_with_nothing_new_writes_nothing(served: str, whole: MailchimpHub, tmp_path: Path) -> None:
    hub = MailchimpHub.copied(whole, tmp_path, served)
    loads = hub.query("select count(*) from mailchimp._dlt_loads")
    calls(served)
    assert hub.load() == {}
    assert not [path for path in calls(served) if path.startswith("/reports/")], "no report has changed"
    assert hub.query("select count(*) from mailchimp._dlt_loads") == loads


def test_after_a_while_only_changes_travel_and_the_tables_are_those_of_a_full_load(
    served: str, whole: MailchimpHub, tmp_path: Path
) -> None:
    hub = MailchimpHub.copied(whole, tmp_path / "hub", served)
    let_pass(served, LATE)
    second = hub.load()
    assert 0 < second["members"] < 100
    assert second["orders"] == second["order_lines"] == 1
    assert hub.query("select financial_status from mailchimp.orders") == [("partially_refunded",)]
    assert {title for (title,) in hub.query("select title from mailchimp.campaigns")} == {f"Early Summer #{n}" for n in range(1, 6)}
    assert hub.query("""
        select count(*) from mailchimp.report_email_activity where action = 'click' and url = 'https://firm.example/b'
    """) == [(1,)]
    assert hub.load() == {}
    hub.set("hours_between_reconciliations = 0")
    hub.load()
    full = MailchimpHub(tmp_path / "full", served)
    full.load()
    assert hub.raw() == full.raw()
    assert second["report_email_activity"] < full.query("select count(*) from mailchimp.report_email_activity")[0][0]


@pytest.mark.heavy
def test_members_deleted_for_good_are_taken_out_once_a_reconciliation_is_due(
    served: str, whole: MailchimpHub, tmp_path: Path
) -> None:
    hub = MailchimpHub.copied(whole, tmp_path / "hub", served)
    before = {id_ for (id_,) in hub.query("select id from mailchimp.members")}
    let_pass(served, datetime(2026, 12, 20, tzinfo=UTC))
    hub.load()
    with called(served) as http:
        lists = http.get("/lists").json()["lists"][0]["id"]
        living = {row["id"] for row in http.get(f"/lists/{lists}/members", params={"count": 1000}).json()["members"]}
    assert before - living
    kept = {id_ for (id_,) in hub.query("select id from mailchimp.members")}
    assert kept - living == before - living, "nothing tells of them but their absence"
    hub.set("hours_between_reconciliations = 0")
    hub.load()
    assert {id_ for (id_,) in hub.query("select id from mailchimp.members")} == living
    assert hub.load() == {}
    assert hub.query("select count(*) from mailchimp.members where status = 'archived'") != [(0,)]


@pytest.mark.heavy
def test_a_member_whom_no_list_of_changes_told_is_read_when_the_ids_are_compared(
    served: str, whole: MailchimpHub, tmp_path: Path
) -> None:
    hub = MailchimpHub.copied(whole, tmp_path / "hub", served)
    before = hub.raw("members")
    let_pass(served, datetime(2026, 7, 3, 14, tzinfo=UTC))
    # The vendor forgets to list who joined on the third of July among the changed.
    order = {"vendor": "mailchimp", "path": "*/members", "kind": "rewrite", "query": "*since_last_changed*", "times": 4}
    httpx.post(f"{served}/_sandbox/faults", json=order | {"set": {"before_last_changed": "2026-07-02T00:00:00+00:00"}})
    hub.load()
    assert len(hub.raw("members")["members"]) == len(before["members"])
    hub.set("hours_between_reconciliations = 0")
    hub.load()
    (joined,) = hub.query("select email_address from mailchimp.members where timestamp_signup > timestamp '2026-07-01'")
    assert joined == ("p300@firm.example",)


@pytest.mark.heavy
def test_a_mailing_that_is_thrown_away_is_taken_out(meridian: Path, tmp_path: Path) -> None:
    with serving(mailchimp, meridian, at=datetime(2026, 5, 1, tzinfo=UTC)) as (url, _):
        with called(url) as http:
            titles = lambda: {row["settings"]["title"] for row in http.get("/campaigns?count=1000").json()["campaigns"]}  # noqa: E731
            days = 0
            while not any("copy" in title for title in titles()):
                httpx.post(f"{url}/_sandbox/advance", json={"days": 1})
                days += 1
                assert days < 120
        hub = MailchimpHub(tmp_path, url, "report_details_per_run = 1")
        hub.load()
        assert hub.query("select count(*) from mailchimp.campaigns where title like '%copy%'") == [(1,)]
        httpx.post(f"{url}/_sandbox/advance", json={"days": 5})
        hub.load()
        assert hub.query("select count(*) from mailchimp.campaigns where title like '%copy%'") == [(0,)]


@pytest.mark.heavy
def test_the_details_of_many_reports_are_read_a_few_in_each_run_the_latest_first(
    still: str, whole: MailchimpHub, tmp_path: Path
) -> None:
    hub = MailchimpHub(tmp_path, still, "report_details_per_run = 1")
    calls(still)
    hub.load()
    asked = {path.split("/")[2] for path in calls(still) if path.startswith("/reports/")}
    assert asked == {id_ for (id_,) in hub.query("select arg_max(id, send_time) from mailchimp.reports")}
    for _ in range(3):
        hub.load()
    assert hub.load() == {}
    assert hub.raw() == whole.raw()


@pytest.mark.heavy
def test_reports_older_than_the_settings_say_are_not_read_again(served: str, whole: MailchimpHub, tmp_path: Path) -> None:
    hub = MailchimpHub.copied(whole, tmp_path, served, "report_restate_days = 8")
    oldest = "select * from mailchimp.reports where send_time < timestamp '2026-06-21' order by id"
    before = hub.query(oldest)
    let_pass(served, datetime(2026, 7, 5, tzinfo=UTC))
    assert hub.load()["reports"] >= 1
    assert hub.query(oldest) == before


def test_more_members_than_a_page_holds_come_once_each_though_all_changed_at_one_moment(tmp_path: Path) -> None:
    crowd = write_firm(tmp_path / "crowd.duckdb", people=2300, at_once=True)
    with serving(mailchimp, crowd) as (url, _):
        hub = MailchimpHub(tmp_path / "hub", url)
        calls(url)
        hub.load()
        assert sum(path.endswith("/members") for path in calls(url)) == 3 + 1
        assert hub.query("select count(*), count(distinct id) from mailchimp.members")[0] == (2299, 2299)
        # An offset that stays where it is makes the vendor send one page for ever; one that jumps leaves rows out.
        for wrong, told in (("0", "repeat"), ("1500", "changed while it was read")):
            order = {
                "vendor": "mailchimp",
                "path": "*/members",
                "kind": "rewrite",
                "query": "*offset=990*",
                "set": {"offset": wrong},
            }
            httpx.post(f"{url}/_sandbox/faults", json=order)
            with pytest.raises(Exception, match="members") as failure:
                MailchimpHub(tmp_path / f"hub{wrong}", url).load()
            assert told in ingestion.cause(failure.value)


@pytest.mark.parametrize(
    "kind", [kind if kind == "unauthorized" else pytest.param(kind, marks=pytest.mark.heavy) for kind in sorted(KINDS)]
)
def test_a_fault_gives_the_right_rows_or_a_loud_failure(kind: str, unscripted: str, whole: MailchimpHub, tmp_path: Path) -> None:
    """The call spoiled is that of the reports."""
    order = {"vendor": "mailchimp", "path": "*/reports", "kind": kind, "times": 99 if kind in LOUD else 1, "seconds": 0.01}
    httpx.post(f"{unscripted}/_sandbox/faults", json=order)
    hub = MailchimpHub(tmp_path, unscripted)
    if kind in LOUD:
        if kind == "error_200":
            httpx.delete(f"{unscripted}/_sandbox/faults")
            httpx.post(f"{unscripted}/_sandbox/faults", json=order | {"times": 1})
            hub.load()
            assert hub.raw() == whole.raw(), "an error under a good status is asked again"
            return
        with pytest.raises(Exception, match="mailchimp") as failure:
            hub.load()
        assert API_KEY not in ingestion.cause(failure.value)
        assert hub.query("select count(*) from mailchimp.reports") == [(0,)]
    else:
        hub.load()
        assert hub.raw() == whole.raw()


@pytest.mark.heavy
def test_an_account_without_shops_is_read_without_orders(unscripted: str, whole: MailchimpHub, tmp_path: Path) -> None:
    httpx.post(
        f"{unscripted}/_sandbox/faults", json={"vendor": "mailchimp", "path": "*/ecommerce/*", "kind": "forbidden", "times": 9}
    )
    hub = MailchimpHub(tmp_path, unscripted)
    assert set(hub.run().unavailable) == {"stores", "orders", "order_lines"}
    others = [table for table in TABLES if table not in {"stores", "orders", "order_lines"}]
    assert hub.raw(*others) == whole.raw(*others)


def test_values_that_do_not_fit_are_set_aside_with_their_reason(still: str, whole: MailchimpHub, tmp_path: Path) -> None:
    def spoil(path: str, body: bytes) -> bytes:
        if "/orders" in path:
            return re.sub(rb'"order_total":[0-9.]+', b'"order_total":"12,34"', body)
        if path.startswith("/mailchimp/3.0/campaigns"):
            body = re.sub(rb'"emails_sent":40', b'"emails_sent":""', body, count=1)
            return re.sub(rb'"create_time":"[^"]*"', b'"create_time":"soon"', body, count=1)
        return re.sub(rb'"email_address":"p7@firm.example",', b"", body) if "/members" in path else body

    with between(still, spoil) as url:
        hub = MailchimpHub(tmp_path, still)
        toml = hub.home / "hub.toml"
        toml.write_text(toml.read_text().replace(still, url))
        assert hub.run().quarantined == 3
    reasons = sorted(str(reason) for (reason,) in hub.query("select reason from mailchimp.quarantine"))
    assert ["email_address" in reasons[0], "'soon'" in reasons[1], "'12,34'" in reasons[2]] == [True] * 3
    assert hub.query("select count(*) from mailchimp.campaigns where emails_sent is null") == [(1,)], "an empty number is none"
    assert hub.query("select count(*) from mailchimp.order_lines") == [(0,)]
    assert hub.query("""
        select sum(documents_received - documents_unchanged - documents_quarantined - rows_loaded) from mailchimp.extraction
        where table_name in ('members', 'campaigns')
    """) == [(0,)]


def connection(keys: dict[str, object], folder: Path, tokens: TokenStore | None = None) -> Connection[MailchimpSettings]:
    return Connection(NAME, MailchimpSettings(**keys), folder, tokens or TokenStore(folder / "tokens", bytes(32)))  # type: ignore[arg-type]


def test_a_check_says_what_is_readable_and_what_is_wrong(still: str, tmp_path: Path) -> None:
    base = f"{still}/mailchimp/3.0"
    good = check(connection({"api_key": API_KEY, "base_url": base}, tmp_path))
    assert {finding.subject for finding in good} == {"lists", "campaigns", "reports", "automations", "ecommerce/stores"}
    assert all(finding.ok for finding in good)
    as_bearer = check(connection({"access_token": API_KEY, "base_url": base}, tmp_path))
    assert all(finding.ok for finding in as_bearer)
    (refused,) = check(connection({"api_key": "0123456789-us6", "base_url": base}, tmp_path))
    assert not refused.ok
    assert "API Key Invalid" in refused.message
    assert "0123456789" not in refused.message
    app = {"client_id": "sandbox-client", "client_secret": "sandbox-secret", "token_url": f"{still}/mailchimp/oauth2/token"}
    (unasked,) = check(connection(app, tmp_path))
    assert "connections authorize mailchimp_bf" in unasked.message


def test_the_data_centre_is_what_the_key_says_or_what_the_vendor_says_of_a_token(still: str, tmp_path: Path) -> None:
    assert address(connection({"api_key": "0123456789-us21"}, tmp_path)) == "https://us21.api.mailchimp.com/3.0"
    with pytest.raises(ValueError, match="-us6"):
        MailchimpSettings(api_key="0123456789")
    with pytest.raises(ValueError, match="api_key, or access_token"):
        MailchimpSettings(client_id="a")
    token_url = f"{still}/mailchimp/oauth2/token"
    with pytest.raises(AuthenticationRejected, match="does not know this token"):
        address(connection({"access_token": "unknown-token", "token_url": token_url}, tmp_path))
    app = {
        "client_id": "sandbox-client",
        "client_secret": "sandbox-secret",
        "token_url": token_url,
        "refresh_token": "sandbox-refresh-0",
    }
    assert all(finding.ok for finding in check(connection(app, tmp_path)))


def test_a_token_is_not_shown_to_an_address_that_is_not_the_vendors(still: str, tmp_path: Path) -> None:
    def elsewhere(path: str, body: bytes) -> bytes:
        return re.sub(rb'"api_endpoint":"[^"]*"', b'"api_endpoint":"https://us6.api.mailchimp.example"', body)

    store = TokenStore(tmp_path / "tokens", bytes(32))
    app = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}
    form = {**app, "grant_type": "refresh_token", "refresh_token": "sandbox-refresh-0"}
    issued = httpx.post(f"{still}/mailchimp/oauth2/token", data=form).json()
    assert issued["expires_in"] == 0
    store.save(NAME, TokenSet(access_token=issued["access_token"], issued_at=datetime(2020, 1, 1, tzinfo=UTC)))
    with between(still, elsewhere) as url, pytest.raises(SourceError, match="not its own"):
        address(connection({**app, "token_url": f"{url}/mailchimp/oauth2/token"}, tmp_path, store))
    assert address(connection({**app, "token_url": f"{still}/mailchimp/oauth2/token"}, tmp_path, store)).endswith("/mailchimp/3.0")


def test_a_wrong_setting_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_text('[connections.m]\nsystem = "mailchimp"\nentity = "Firm"\napi_key = "0123456789"\n')
    with pytest.raises(settings.SettingsError, match="data centre") as refused:
        settings.load(tmp_path)
    assert "0123456789" not in str(refused.value)

"""Spend from CSV files in place of a platform, and what is particular of each platform's API."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dlt_sources import google_ads, linkedin_ads, meta_ads
from dlt_sources.ad_platforms import AdAccount
from dlt_sources.connection import Connection
from dlt_sources.http import PermissionMissing, QuotaExhausted, Reply, TokenStore
from dlt_sources.meta_ads.errors import pause
from tests.http.fault_server import FaultServer, http, say
from tests.sandbox.hub import Hub

HEAD = "account_id,account_name,currency,campaign_id,campaign_name,ad_group_id,ad_group_name,spend_date,impressions,clicks,spend,conversions"
ACCOUNT = AdAccount(account_id="1", account_name="Firm", currency="EUR")


def row(day: str, spend: str, *, name: str = "Spring", campaign: str = "7", group: str = "70") -> str:
    return f"1,Firm Ltd,EUR,{campaign},{name},{group},All,{day},100,5,{spend},1.5"


def hub_of(home: Path, path: Path, system: str = "linkedin_ads") -> Hub:
    return Hub(home, toml=f'[connections.files]\nsystem = "{system}"\nentity = "Firm Ltd"\npath = "{path}"\n')


def write(path: Path, *rows: str) -> None:
    path.write_text("\n".join([HEAD, *rows, ""]))


def test_files_fill_the_tables_of_the_platform_they_stand_for(tmp_path: Path) -> None:
    write(
        tmp_path / "spend.csv",
        row("2026-05-01", "10.25"),
        row("2026-05-02", "0.10", name="Spring renamed"),
        row("2026-05-02", "3", campaign="8", group=""),
    )
    hub = hub_of(tmp_path / "hub", tmp_path / "spend.csv")
    assert hub.load() == {"spend": 3, "accounts": 1, "campaigns": 2, "ad_groups": 1}
    assert hub.query(
        "select platform, sum(spend)::decimal(20, 4), sum(conversions)::decimal(20, 4), sum(clicks)::bigint from linkedin_ads.spend group by all"
    ) == [("linkedin_ads", Decimal("13.3500"), Decimal("4.5000"), 15)]
    assert hub.query("select campaign_name from linkedin_ads.campaigns where campaign_id = '7'") == [("Spring renamed",)]
    assert hub.query("select account_name, currency from linkedin_ads.accounts") == [("Firm Ltd", "EUR")]
    assert hub.load() == {}


def test_what_changed_in_a_file_is_loaded_and_what_is_gone_is_taken_out(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    write(folder / "a.csv", row("2026-05-01", "10.25"), row("2026-05-02", "1"))
    write(folder / "b.csv", row("2026-06-01", "5"))
    hub = hub_of(tmp_path / "hub", folder)
    hub.load()
    write(folder / "a.csv", row("2026-05-01", "11"))
    assert hub.load() == {"spend": 1}
    assert hub.query("select spend_date::varchar, spend::decimal(20, 4)::varchar from linkedin_ads.spend order by all") == [
        ("2026-05-01", "11.0000"),
        ("2026-06-01", "5.0000"),
    ]
    write(folder / "a.csv")
    write(folder / "b.csv")
    with pytest.raises(Exception, match="none of the 2 known rows"):
        hub.load()


def test_rows_that_do_not_fit_are_set_aside_with_their_reason(tmp_path: Path) -> None:
    write(tmp_path / "spend.csv", row("2026-05-01", "1,025"[:1]), row("2026-05-02", "ten"), row("May", "1"), row("2026-05-01", "9"))
    hub = hub_of(tmp_path / "hub", tmp_path / "spend.csv")
    assert hub.load()["spend"] == 1
    reasons = " ".join(str(found[0]) for found in hub.query("select reason from linkedin_ads.quarantine"))
    assert all(told in reasons for told in ("'ten' is not a number", "'May' is not a day", "comes twice"))


def test_a_file_without_its_columns_is_refused_by_name_also_in_a_check(tmp_path: Path) -> None:
    (tmp_path / "spend.csv").write_text("account_id,spend\n1,2\n")
    hub = hub_of(tmp_path / "hub", tmp_path / "spend.csv")
    with pytest.raises(Exception, match=r"spend\.csv lacks the column 'currency'"):
        hub.load()
    (finding,) = hub.check("files")
    assert "lacks the column 'currency'" in finding.message
    (missing,) = hub_of(tmp_path / "other", tmp_path / "nowhere.csv").check("files")
    assert "is not there" in missing.message


def answer(body: object, status: str = "200 OK", *headers: str) -> Any:
    return say(http(json.dumps(body).encode(), status, *headers))


def connection(settings: Any, folder: Path) -> Connection[Any]:
    return Connection("firm", settings, folder / "archive", TokenStore(folder / "tokens", b"k" * 32))


def test_campaigns_without_ad_groups_are_read_by_campaign(tmp_path: Path) -> None:
    token = {"access_token": "t", "expires_in": 3599}
    kinds = [
        {
            "results": [
                {"campaign": {"id": "8", "advertisingChannelType": "PERFORMANCE_MAX"}},
                {"campaign": {"id": "9", "advertisingChannelType": "SEARCH"}},
            ]
        }
    ]
    day = {"segments": {"date": "2026-05-01"}, "metrics": {"costMicros": "1230000", "clicks": "5", "impressions": "9"}}
    groups, whole = (
        [{"results": [{"campaign": {"id": "9"}, "adGroup": {"id": "90"}, **day}]}],
        [{"results": [{"campaign": {"id": "8"}, **day}]}],
    )
    with FaultServer([answer(token), answer(kinds), answer(groups), answer(whole)]) as server:
        settings = google_ads.GoogleAdsSettings(
            developer_token="d", client_id="c", client_secret="s", refresh_token="r", base_url=server.url, token_url=server.url
        )
        with google_ads._open(connection(settings, tmp_path)) as session:
            pages = list(session.spend(ACCOUNT, date(2026, 5, 1), date(2026, 5, 2)))
        assert [len(rows) for _, rows in pages] == [1, 1]
        assert "campaign.id IN (8)" in server.requests[-1]
        assert "FROM campaign WHERE" in server.requests[-1]


def test_an_error_in_the_middle_of_a_stream_is_asked_again(tmp_path: Path) -> None:
    broken = [{"results": [{"customer": {"id": "1"}}]}, {"error": {"code": 500}}]
    with FaultServer([answer({"access_token": "t", "expires_in": 3599}), answer(broken), answer(broken[:1])]) as server:
        settings = google_ads.GoogleAdsSettings(
            developer_token="d",
            client_id="c",
            client_secret="s",
            refresh_token="r",
            accounts="1-2",
            base_url=server.url,
            token_url=server.url,
        )
        with google_ads._open(connection(settings, tmp_path)) as session:
            session.api._sleep = lambda _seconds: None
            ((_, rows),) = session.accounts()
        assert len(rows) == 1
        assert "/customers/12/" in server.requests[-1]


def test_meta_makes_a_report_of_what_it_cannot_answer_at_once(tmp_path: Path) -> None:
    refused = {
        "error": {"message": "timed out", "type": "OAuthException", "code": 100, "error_subcode": 1504018, "fbtrace_id": "a"}
    }
    failed, done = ({"async_status": f"Job {state}", "async_percent_completion": 1} for state in ("Failed", "Completed"))
    run, rows = {"report_run_id": "5"}, {"data": [{"campaign_id": "1"}], "paging": {"cursors": {"after": "x"}}}
    actions = [answer(refused, "400 Bad Request"), answer(run), answer(failed), answer(run), answer(done), answer(rows)]
    with FaultServer(actions) as server:
        settings = meta_ads.MetaAdsSettings(access_token="t", base_url=server.url)
        with meta_ads._open(connection(settings, tmp_path)) as session:
            pages = list(session.spend(ACCOUNT, date(2026, 5, 1), date(2026, 5, 31)))
        assert [len(found) for _, found in pages] == [1]
        assert [request.split()[0] for request in server.requests] == ["GET", "POST", "GET", "POST", "GET", "GET"]


def test_meta_begins_where_its_memory_begins(tmp_path: Path) -> None:
    early = {"error": {"message": "(#3018) too early", "type": "OAuthException", "code": 3018, "fbtrace_id": "a"}}
    done = {"async_status": "Job Completed"}
    with FaultServer(
        [answer(early, "400 Bad Request"), answer({"report_run_id": "5"}), answer(done), answer({"data": []})] * 2
    ) as server:
        settings = meta_ads.MetaAdsSettings(access_token="t", base_url=server.url)
        with meta_ads._open(connection(settings, tmp_path)) as session:
            next(session.spend(ACCOUNT, date(2018, 1, 1), date(2026, 5, 31)))
        assert "2023-05-01" in server.requests[1] or "2023-04-" in server.requests[1]


@pytest.mark.parametrize(("code", "kind"), [(190, "AuthenticationRejected"), (200, "PermissionMissing"), (10, "PermissionMissing")])
def test_metas_codes_say_what_its_status_does_not(code: int, kind: str, tmp_path: Path) -> None:
    body = {"error": {"message": "no", "type": "OAuthException", "code": code, "fbtrace_id": "a"}}
    with FaultServer([answer(body, "400 Bad Request")]) as server:
        settings = meta_ads.MetaAdsSettings(access_token="a-secret-token", base_url=server.url, accounts=["act_1"])
        with meta_ads._open(connection(settings, tmp_path)) as session, pytest.raises(Exception, match="access token") as trouble:
            list(session.accounts())
    assert type(trouble.value).__name__ == kind
    assert "a-secret-token" not in str(trouble.value)


def test_metas_minutes_are_waited_for_or_end_the_run() -> None:
    header = json.dumps({"1": [{"type": "ads_insights", "estimated_time_to_regain_access": 3}]})
    reply = Reply(400, {"X-Business-Use-Case-Usage": header}, b"", "GET", datetime.now(UTC))
    assert pause(reply) == 180.0
    assert pause(Reply(400, {}, b"", "GET", datetime.now(UTC))) is None


def test_a_span_that_fills_linkedins_answer_is_read_in_halves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linkedin_ads, "ELEMENTS_AT_MOST", 2)
    element = {"pivotValues": ["urn:li:sponsoredCampaign:5"]}
    full, half = {"elements": [element, element]}, {"elements": [element]}
    listed = {"elements": [{"id": 5, "campaignGroup": "urn:li:sponsoredCampaignGroup:50"}], "metadata": {}}
    with FaultServer([answer(full), answer(half), answer(listed), answer(half)]) as server:
        settings = linkedin_ads.LinkedInAdsSettings(access_token="t", base_url=server.url)
        with linkedin_ads._open(connection(settings, tmp_path)) as session:
            pages = list(session.spend(ACCOUNT, date(2026, 5, 1), date(2026, 5, 4)))
        groups = [msgspec.json.decode(found, type=dict[str, Any])["_group"] for _, rows in pages for found in rows]
        assert groups == ["50", "50"]
        assert (
            "dateRange=(start:(year:2026,month:5,day:1),end:(year:2026,month:5,day:2))&accounts=List(urn%3Ali%3AsponsoredAccount%3A1)"
            in server.requests[1]
        )


def test_linkedins_limit_of_the_day_ends_the_run(tmp_path: Path) -> None:
    body = {
        "status": 429,
        "code": "TOO_MANY_REQUESTS",
        "message": "Resource level throttle APPLICATION DAY limit for calls to this resource is reached.",
    }
    with FaultServer([answer(body, "429 Too Many Requests")]) as server:
        settings = linkedin_ads.LinkedInAdsSettings(access_token="t", base_url=server.url)
        with linkedin_ads._open(connection(settings, tmp_path)) as session, pytest.raises(QuotaExhausted):
            list(session.accounts())


def test_linkedins_spend_is_read_where_campaigns_may_not_be_listed(tmp_path: Path) -> None:
    denied = {"status": 403, "code": "ACCESS_DENIED", "message": "no"}
    element = {"elements": [{"pivotValues": ["urn:li:sponsoredCampaign:5"]}]}
    with FaultServer([answer(element), answer(denied, "403 Forbidden"), answer(denied, "403 Forbidden")]) as server:
        settings = linkedin_ads.LinkedInAdsSettings(access_token="t", base_url=server.url)
        with linkedin_ads._open(connection(settings, tmp_path)) as session:
            ((_, rows),) = session.spend(ACCOUNT, date(2026, 5, 1), date(2026, 5, 4))
            assert msgspec.json.decode(rows[0], type=dict[str, Any])["_group"] == ""
            with pytest.raises(PermissionMissing):
                list(session.listing(linkedin_ads.PLATFORM.ad_groups, ACCOUNT))


@pytest.mark.parametrize(
    ("settings", "keys", "told"),
    [
        (google_ads.GoogleAdsSettings, {}, "set developer_token"),
        (meta_ads.MetaAdsSettings, {}, "set access_token"),
        (linkedin_ads.LinkedInAdsSettings, {}, "set access_token"),
        (meta_ads.MetaAdsSettings, {"access_token": "t", "restate_days": -1}, "restate_days"),
        (meta_ads.MetaAdsSettings, {"access_token": "t", "first_day": "May"}, "first_day"),
        (linkedin_ads.LinkedInAdsSettings, {"access_token": "t", "api_version": "26"}, "api_version"),
        (google_ads.GoogleAdsSettings, {"path": "a.csv", "level": "planet"}, "level"),
    ],
)
def test_a_wrong_setting_is_named(settings: Any, keys: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        settings(**keys)

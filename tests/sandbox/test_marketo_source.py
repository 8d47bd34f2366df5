"""The hub's source against the emulator: bulk files and log tell the same, only changes travel, faults give right rows or a loud failure."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from dlt_sources.connection import Connection
from dlt_sources.http import QuotaExhausted, TokenStore
from dlt_sources.marketo import MarketoSettings, check, wire
from dlt_sources.marketo import session as sessions
from dlt_sources.marketo.bulk import File, Odd, batches, windows
from dlt_sources.marketo.records import LEADS
from finance_hub import settings
from sandbox.vendors import marketo
from tests.dbt import make_views
from tests.sandbox.marketo import RAW, Instance, MarketoHub, write_firm

LOG = "*/rest/v1/activities.json"


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_firm(tmp_path_factory.mktemp("firm") / "firm.duckdb")


@pytest.fixture
def instance(firm: Path) -> Iterator[Instance]:
    with Instance(firm) as running:
        yield running


@pytest.fixture(scope="module")
def wanted(firm: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[object, ...]]]:
    """What a load without trouble leaves."""
    with Instance(firm) as running:
        hub = MarketoHub(tmp_path_factory.mktemp("wanted") / "hub", running)
        hub.load()
        return hub.raw()


def test_a_first_load_has_every_row_of_the_company_and_a_second_one_writes_nothing(
    instance: Instance, firm: Path, tmp_path: Path
) -> None:
    hub = MarketoHub(tmp_path / "hub", instance)
    assert hub.load()["leads"] == 39
    known = marketo.identifiers(firm)
    leads = {str(key) for (key,) in hub.query("select id from marketo.leads")}
    assert leads == {known["lead"][f"per-{number:03}"] for number in range(1, 40)}
    assert {str(key) for (key,) in hub.query("select id from marketo.programs")} == set(known["program"].values())
    assert hub.query("select cast(start_date as date)::varchar, cost from marketo.program_costs order by all") == [
        ("2026-05-01", 322),
        ("2026-06-01", 302),
    ]
    kinds = Counter(kind for (kind,) in hub.query("select activity_type_id from marketo.activities"))
    assert (kinds[12], kinds[2], kinds[6], kinds[104]) == (39, 29, 21, 29)
    assert hub.query("select count(*), count(distinct (program_id, lead_id)) from marketo.program_members") == [(29, 29)]
    assert hub.query("select undeclared_fields from marketo.extraction where undeclared_fields <> ''") == []
    assert hub.query("select * from marketo.quarantine") == []
    instance.log()
    loads = hub.query("select count(*) from marketo._dlt_loads")
    assert hub.load() == {}
    assert hub.query("select count(*) from marketo._dlt_loads") == loads
    assert not any("/bulk/" in call["path"] for call in instance.log())


@pytest.mark.heavy
def test_only_changes_travel_and_leave_what_a_whole_load_leaves(instance: Instance, tmp_path: Path) -> None:
    hub = MarketoHub(tmp_path / "hub", instance)
    hub.load()
    instance.advance(7)
    loaded = hub.load()
    assert loaded["leads"] == 4, "two that qualified, one that is new, one that wants no more letters"
    assert loaded["programs"] == 1, "the one that was renamed"
    assert loaded["program_costs"] == 3, "all costs of the program that has a new one"
    assert loaded["program_members"] == 14
    assert not loaded.keys() & {"channels", "lead_partitions", "activity_types"}
    instance.advance(48)
    hub.load()
    whole = MarketoHub(tmp_path / "whole", instance)
    whole.load()
    found, complete = hub.raw(), whole.raw()
    complete["program_members"] = found["program_members"] = []  # of those that are gone nothing tells
    assert found == complete
    assert len(found["leads"]) == 38, "one is merged, one deleted"
    living = "from (select * exclude (_dlt_load_id, _page_id) from marketo.program_members) semi join marketo.leads on id = lead_id order by all"
    assert hub.query(living) == whole.query(living)
    assert hub.load() == {}


@pytest.mark.heavy
def test_the_log_alone_tells_what_bulk_files_tell(
    instance: Instance, wanted: dict[str, list[tuple[object, ...]]], tmp_path: Path
) -> None:
    hub = MarketoHub(tmp_path / "hub", instance, "bulk = false")
    hub.load()
    assert not any("/bulk/" in call["path"] for call in instance.log())
    assert hub.raw() == wanted


@pytest.mark.heavy
@pytest.mark.parametrize("code", ["1029", "1035"])
def test_what_bulk_files_may_not_bring_the_log_does(
    instance: Instance, wanted: dict[str, list[tuple[object, ...]]], tmp_path: Path, code: str
) -> None:
    for kind in ("leads", "activities", "program/members"):
        instance.fault(path=f"*/bulk/v1/{kind}/export/create.json", kind="error_200", form=code, after=2, times=99)
    hub = MarketoHub(tmp_path / "hub", instance, 'history_from = "2026-03-01"')
    hub.load()
    assert hub.raw() == wanted
    assert hub.load() == {}


@pytest.mark.parametrize(
    "fault",
    [
        {"path": LOG, "kind": "unauthorized", "after": 1},
        {"path": LOG, "kind": "throttle"},
        {"path": LOG, "kind": "error_200"},
        {"path": LOG, "kind": "server_error"},
        {"path": LOG, "kind": "bad_json", "after": 1},
        {"path": LOG, "kind": "html_200"},
        {"path": LOG, "kind": "reset"},
        {"path": "*/file.json", "kind": "html_200"},
        {"path": "*/file.json", "kind": "truncate"},
        {"path": "*/file.json", "kind": "error_200", "form": "713"},
        {"path": "*/status.json", "kind": "unavailable"},
        {"path": "*/programs.json", "kind": "empty_200"},
        {"path": "*/rest/asset/v1/program/*", "kind": "truncated_gzip"},
    ],
    ids=lambda fault: f"{fault['kind']} {fault['path'].rpartition('/')[2]}",
)
@pytest.mark.heavy
def test_a_fault_that_passes_changes_nothing(
    instance: Instance, wanted: dict[str, list[tuple[object, ...]]], tmp_path: Path, fault: dict[str, object]
) -> None:
    instance.fault(**fault)
    hub = MarketoHub(tmp_path / "hub", instance)
    hub.load()
    assert hub.raw() == wanted


@pytest.mark.heavy
def test_faults_of_one_run_change_nothing(instance: Instance, wanted: dict[str, list[tuple[object, ...]]], tmp_path: Path) -> None:
    """Some of the heavy ones together, since each costs a second."""
    instance.fault(path=LOG, kind="unauthorized", after=1)
    instance.fault(path="*/file.json", kind="truncate")
    instance.fault(path="*/programs.json", kind="throttle")
    hub = MarketoHub(tmp_path / "hub", instance)
    hub.load()
    assert hub.raw() == wanted


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"path": LOG, "kind": "day_limit"}, "quota of calls is used up"),
        ({"path": "*/programs.json", "kind": "forbidden", "times": 99}, "does not permit"),
        ({"path": "*/describe.json", "kind": "error_200", "form": "1003"}, "1003"),
        ({"path": LOG, "kind": "redirect"}, "redirect"),
        ({"path": LOG, "kind": "unauthorized", "times": 99}, "access token"),
    ],
)
def test_a_fault_that_stays_fails_loudly_and_loads_nothing(
    instance: Instance, tmp_path: Path, caplog: pytest.LogCaptureFixture, fault: dict[str, object], words: str
) -> None:
    instance.fault(**fault)
    hub = MarketoHub(tmp_path / "hub", instance)
    with caplog.at_level(logging.DEBUG), pytest.raises(Exception, match=words) as raised:
        hub.load()
    told = f"{raised.value!s} {raised.value.__cause__!s} {caplog.text}"
    assert "sandbox-secret" not in told
    assert ":int" not in told
    assert hub.query("select count(*) from marketo.leads") == [(0,)]


def test_a_listing_that_may_not_be_read_is_told_and_the_others_go_on(instance: Instance, tmp_path: Path) -> None:
    instance.fault(path="*/emails.json", kind="forbidden", times=99)
    hub = MarketoHub(tmp_path / "hub", instance)
    loaded = hub.load()
    assert loaded["leads"] == 39
    assert "emails" not in loaded


def test_a_check_says_in_plain_words_what_may_be_read(instance: Instance, tmp_path: Path) -> None:
    def found(**changed: str) -> list[tuple[bool, str, str]]:
        keys = {"client_id": "sandbox-client", "client_secret": "sandbox-secret", "base_url": f"{instance.url}/marketo"} | changed
        tokens = TokenStore(tmp_path / str(len(changed)), bytes(32))
        connection = Connection("group", MarketoSettings(**keys), tmp_path / "archive", tokens)
        return [(each.ok, each.subject, each.message) for each in check(connection)]

    assert all(ok for ok, *_ in found())
    ((ok, _, message),) = found(client_secret="not-the-secret")
    assert not ok
    assert "refused the credentials (HTTP 401" in message
    assert "not-the-secret" not in message


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"client_id": ""}, "custom service"),
        ({"base_url": "123-ABC-456"}, "base_url must be the instance"),
        ({"history_from": "soon"}, "history_from must be a day"),
        ({"poll_seconds": 0}, "poll_seconds"),
    ],
)
def test_a_wrong_setting_is_one_sentence(keys: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        MarketoSettings(**{"client_id": "a", "client_secret": "b", "base_url": "https://x.example", **keys})


def test_the_days_quota_tells_when_it_begins_anew() -> None:
    """Midnight US Central is 05:00 UTC in summer."""
    failure = b'{"requestId":"1","success":false,"errors":[{"code":"607","message":"Daily quota reached"}]}'
    reply = wire.Reply(200, {}, failure, "GET x", datetime(2026, 6, 30, 12, tzinfo=UTC))
    with pytest.raises(QuotaExhausted) as raised:
        wire.answer(reply)
    assert raised.value.resume_at == datetime(2026, 7, 1, 5, tzinfo=UTC)


def test_windows_are_of_31_days_and_reach_beyond_now() -> None:
    found = windows(datetime(2026, 1, 1), datetime(2026, 3, 5))  # noqa: DTZ001 - as sources have them
    assert [f"{start:%m-%d}" for start, _ in found] == ["01-01", "02-01", "03-04"]
    assert all((end - start).days == 31 for start, end in found)


def test_files_with_null_bytes_line_breaks_and_broken_lines_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(b'id,email,company,shoeSize\n1,null,"Two\nlines",9\n2,b@x.example,N\0ul,9\n3,broken\n')
    odd = Odd()
    file = File(0, path, "page", 3, 1, "", "GET file", datetime.now(UTC))
    ((texts, rows),) = batches(file, LEADS.tables[0], {}, odd)
    assert rows == 2
    assert texts["email"].to_pylist() == [None, "b@x.example"]
    assert texts["company"].to_pylist() == ["Two\nlines", "Nul"]
    assert [text for _, text in odd.lines] == ["3,broken"]
    assert odd.columns == {"shoeSize"}


def test_a_moment_of_the_asset_api_is_read_in_spite_of_its_two_zones() -> None:
    assert sessions.moment_of("2015-05-21T22:45:13Z+0000") == datetime(2015, 5, 21, 22, 45, 13)  # noqa: DTZ001


@pytest.fixture(scope="module")
def group(meridian: Path, tmp_path_factory: pytest.TempPathFactory) -> MarketoHub:
    """A hub that has read the simulated company's instance and built its models."""
    with Instance(meridian, at=datetime(2024, 12, 31, 23, 59, 59, tzinfo=UTC)) as running:
        hub = MarketoHub(tmp_path_factory.mktemp("group") / "hub", running, 'history_from = "2022-07-01"')
        hub.load()
    make_views(settings.load(hub.home))
    return hub


def truth(meridian: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect() as database:
        database.execute(f"attach '{meridian}' as meridian (read_only)")
        return database.execute(sql.replace("company.", "meridian.company.")).fetchall()


@pytest.mark.heavy
def test_conformed_people_are_the_companys_leads(group: MarketoHub, meridian: Path) -> None:
    ours = (
        "lead join company.entity using (entity_id) where marketing = 'marketo' and created_at <= timestamp '2024-12-31 23:59:59'"
    )
    by_entity = f"""
        select entity.name, count(*), count(mql_at) filter (mql_at <= timestamp '2024-12-31 23:59:59'),
            count(sql_at) filter (sql_at <= timestamp '2024-12-31 23:59:59'), count(disqualified_at) filter (disqualified_at <= timestamp '2024-12-31 23:59:59')
        from company.{ours} group by all order by all
    """
    told = """
        select org_unit_ref, count(*), count(mql_at), count(sql_at), count(disqualified_at) from intermediate.int_marketo_people_conformed
        where lead_at is not null group by all order by all
    """
    assert group.query(told) == truth(meridian, by_entity)
    assert group.query(
        "select count(*) from intermediate.int_marketo_people_conformed where company_id is null or email is null"
    ) == [(0,)]
    assert (
        group.query(
            "from intermediate.int_marketo_people_conformed anti join intermediate.int_marketo_companies_conformed using (company_id)"
        )
        == []
    )


def test_conformed_campaigns_and_costs_are_the_companys_rounded_to_whole_numbers(group: MarketoHub, meridian: Path) -> None:
    names = """
        select entity.name, case when renamed_at <= timestamp '2024-12-31 23:59:59' then renamed_to else campaign.name end, utm_campaign
        from company.campaign join company.entity using (entity_id)
        where marketing = 'marketo' and created_at <= timestamp '2024-12-31 23:59:59' order by all
    """
    told = (
        "select org_unit_ref, campaign_name, campaign_utm from intermediate.int_marketo_marketing_campaigns_conformed order by all"
    )
    assert group.query(told) == truth(meridian, names)
    spent = """
        select entity.name, sum(cost) from (
            select entity_id, round(sum(amount)) as cost from company.campaign_spend as spend join company.campaign using (campaign_id)
            where spend.recorded_at <= timestamp '2024-12-31 23:59:59' group by campaign_id, entity_id, date_trunc('month', spend_date)
        ) join company.entity using (entity_id) where marketing = 'marketo' group by all order by all
    """
    told = "select org_unit_ref, sum(amount_txn) from intermediate.int_marketo_campaign_spend_conformed group by all order by all"
    assert group.query(told) == truth(meridian, spent)


def test_conformed_touches_are_the_companys_without_what_the_crm_logs(group: MarketoHub, meridian: Path) -> None:
    happened = """
        select case touch_type when 'ad_click' then 'visit' else touch_type end as kind, count(*)
        from company.touch join company.entity using (entity_id)
        where marketing = 'marketo' and touch_type not in ('meeting', 'call', 'email_click') and occurred_at <= timestamp '2024-12-31 23:59:59'
            and person_id in (select person_id from company.lead where created_at <= timestamp '2024-12-31 23:59:59')
        group by all order by all
    """
    told = """
        select touch_type, count(*) from intermediate.int_marketo_touches_conformed
        where touch_type not in ('email_open', 'email_click', 'lead_source') group by all order by all
    """
    assert group.query(told) == truth(meridian, happened)
    lost = "select count(*) from intermediate.int_marketo_touches_conformed where campaign_utm is not null and campaign_id is null"
    assert group.query(lost) == [(0,)]


def test_conformed_e_mails_count_as_many_recipients_as_there_were_people(group: MarketoHub, meridian: Path) -> None:
    sent = truth(
        meridian,
        """
        select mail.name, mail.subject, least(sent, 1000000), delivered from company.marketing_email as mail join company.entity using (entity_id)
        where marketing = 'marketo' and published_at <= timestamp '2024-12-27' order by published_at desc, mail.name limit 1000
        """,
    )
    told = {
        row[0]: row[1:]
        for row in group.query(
            "select email_name, subject, sent_count, delivered_count from intermediate.int_marketo_emails_conformed"
        )
    }
    assert all(told[name][0] == subject and told[name][1] <= count and told[name][2] <= good for name, subject, count, good in sent)
    assert sum(told[name][1] == count for name, _, count, _ in sent) > 20, "late ones reach everybody"


def test_every_raw_table_is_there(group: MarketoHub) -> None:
    found = {name for (name,) in group.query("select table_name from information_schema.tables where table_schema = 'marketo'")}
    assert set(RAW) <= found

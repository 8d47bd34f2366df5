"""NetSuite through the hub: the company's own journals to the cent, and only changes as time passes."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from dlt_sources.connection import Connection
from dlt_sources.http import TokenStore
from dlt_sources.netsuite import NetSuiteSettings, check
from dlt_sources.netsuite.ledger import Versions
from finance_hub import ingestion, settings, warehouse
from finance_hub.defs.quality import ingestion as ingestion_quality
from finance_hub.settings import SettingsError
from sandbox.vendors.faults import KINDS
from sandbox.vendors.netsuite import access
from tests.conftest import connect
from tests.sandbox.test_netsuite_wire import JUNE, KEYS, serving

ROOT = Path(__file__).parents[2]
NAME = "netsuite_us"
# On 17 October a draft stands that is deleted the day after. On 13 November an invoice stands that is voided on the 16th. On 28 February
# a bill stands on the wrong account, which is corrected on 3 March without moving the moment of its head.
BEGIN = datetime(2023, 10, 17, 12, tzinfo=UTC)
STEPS = (27, 107, 20)
EARLY = datetime(2023, 8, 20, 12, tzinfo=UTC)  # few transactions: for what does not depend on their number
LEDGER = """
    select a.acctnumber as account, date_trunc('month', t.trandate)::date as month, sum(l.amount) as amount
    from netsuite.transactionaccountingline l
    join netsuite.transaction t on t.connection_id = l.connection_id and t.id = l.transaction
    join netsuite.account a on a.connection_id = l.connection_id and a.id = l.account
    where l.posting and t.posting group by all having sum(l.amount) <> 0 order by all
"""


def _load(home: Path) -> ingestion.Loaded:
    found = settings.load(home)
    warehouse.prepare(found)
    return ingestion.load(found, ingestion.extract(found, found.connections[NAME]))


def _query(home: Path, sql: str) -> list[tuple[Any, ...]]:
    with warehouse.reading(settings.load(home).warehouse) as database:
        return database.execute(sql).fetchall()


def _journals(company: Path, until: datetime) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        connection.execute(f"attach '{company}' as meridian (read_only)")
        return connection.execute(
            """
            select account_code, date_trunc('month', journal_date)::date, sum(amount_func)
            from meridian.company.journal_line join meridian.company.journal using (journal_id)
            where entity_id = 'us' and recorded_at <= ? group by all having sum(amount_func) <> 0 order by all
            """,
            [until.replace(tzinfo=None)],
        ).fetchall()


def _raw(home: Path, *, whole: bool = False) -> dict[str, str]:
    """A digest of every raw table; ``whole`` with what differs by run."""
    logs = "" if whole else "and table_name not in ('extraction', 'quarantine') and table_name not like '\\_dlt%' escape '\\'"
    names = _query(home, f"select table_name from information_schema.tables where table_schema = 'netsuite' {logs}")
    columns = "*" if whole else "* exclude (_dlt_load_id, _page_id)"
    with warehouse.reading(settings.load(home).warehouse) as database:
        return {
            name: hashlib.sha256(
                repr(database.execute(f'select {columns} from netsuite."{name}" order by all').fetchall()).encode()
            ).hexdigest()
            for (name,) in names
        }


@pytest.fixture(scope="module")
def served(meridian: Path) -> Iterator[str]:
    with serving(meridian, limits=False, certificates={"rsa": KEYS["rsa"].public_key()}) as url:
        yield url


@pytest.fixture(scope="module")
def home(served: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hub that has read the account once."""
    home = connect(tmp_path_factory.mktemp("netsuite"), served, currency="USD", as_of="2026-06-30")
    loaded = _load(home)
    assert loaded.quarantined == 0
    assert loaded.unavailable == {}
    return home


def test_the_ledger_is_that_of_the_companys_journals_to_the_cent(home: Path, meridian: Path) -> None:
    told = _query(home, LEDGER)
    assert len(told) > 1000
    assert told == _journals(meridian, JUNE)


def test_open_items_in_the_raw_tables_are_the_balance_of_their_control_accounts(home: Path) -> None:
    rows = _query(
        home,
        """
        select a.acctnumber, sum(l.amount), sum(case when t.type in ('CustInvc', 'VendCred') then l.amountunpaid else -l.amountunpaid end)
        from netsuite.transactionaccountingline l join netsuite.transaction t on t.id = l.transaction
        join netsuite.account a on a.id = l.account where a.accttype in ('AcctRec', 'AcctPay') and l.posting group by all
        """,
    )
    assert {account for account, *_ in rows} == {"1100", "1150", "2000", "2050"}
    assert all(balance == unpaid for _, balance, unpaid in rows)


def test_every_line_has_its_dimensions_and_one_book_is_read(home: Path) -> None:
    assert _query(home, "select distinct accountingbook from netsuite.transactionaccountingline") == [("1",)]
    counts = _query(
        home,
        """
        select count(*), count(d.name), count(c.name), count(i.itemid), count(e.companyname) filter (l.eliminate)
        from netsuite.transactionaccountingline p join netsuite.transactionline l on l.transaction = p.transaction and l.id = p.transactionline
        left join netsuite.department d on d.id = l.department left join netsuite.classification c on c.id = l.class
        left join netsuite.item i on i.id = l.item
        left join (select id, companyname from netsuite.customer union all select id, companyname from netsuite.vendor) e on e.id = l.entity
        """,
    )[0]
    assert counts[0] == _query(home, "select count(*) from netsuite.transactionline")[0][0]
    assert all(count > 50 for count in counts)


def test_budgets_and_rates_are_read(home: Path) -> None:
    budget = _query(
        home,
        """
        select count(*), sum(m.amount) = (select sum(total) from netsuite.budgets), count(distinct c.name), min(p.startdate)
        from netsuite.budgetsmachine m join netsuite.budgets b on b.id = m.budget join netsuite.accountingperiod p on p.id = m.period
        join netsuite.budgetcategory c on c.id = b.category
        """,
    )[0]
    assert budget[0] > 1000
    assert budget[1:3] == (True, 2)
    assert _query(home, "select count(*) from netsuite.currencyrate where exchangerate < 1")[0][0] > 500
    assert _query(home, "select count(*) from netsuite.consolidatedexchangerate")[0][0] > 30


def test_a_run_with_nothing_new_changes_no_raw_table(home: Path) -> None:
    before = _raw(home, whole=True)
    loaded = _load(home)
    assert loaded.rows == {}
    assert _raw(home, whole=True) == before


@pytest.fixture(scope="module")
def moved(meridian: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path, list[dict[str, Any]]]]:
    """A hub that follows the account from October to March, another that reads it in March only, and what the first saw on its way."""
    with serving(meridian, BEGIN, limits=False) as url:
        home = connect(tmp_path_factory.mktemp("incremental"), url, currency="USD", as_of="2026-04-30")
        seen = []
        for days in (0, *STEPS):
            horizon = datetime.fromisoformat(
                httpx.post(f"{url}/_sandbox/advance", json={"days": days}, timeout=60).json()["horizon"]
            )
            rows = _load(home).rows
            found: dict[str, Any] = {"rows": rows, "horizon": horizon, "ledger": _query(home, LEDGER)}
            for name, sql in {
                "drafts": "select id from netsuite.transaction where not posting",
                "draft_lines": "select distinct transaction from netsuite.transactionline where transaction in (select transaction from netsuite.transactionaccountingline where not posting)",
                "wrong": "select transaction from netsuite.transactionline where memo = 'To be allocated'",
                "void": "select id from netsuite.transaction where voided",
                "deleted": "select recordid from netsuite.deletedrecord where type <> 'Contact'",
                "moments": "select id, lastmodifieddate from netsuite.transaction",
            }.items():
                found[name] = _query(home, sql)
            seen.append(found)
        full = connect(tmp_path_factory.mktemp("full"), url, currency="USD", as_of="2026-04-30")
        _load(full)
        yield home, full, seen


@pytest.mark.heavy
def test_as_time_passes_the_ledger_stays_that_of_the_journals(
    moved: tuple[Path, Path, list[dict[str, Any]]], meridian: Path
) -> None:
    for found in moved[2]:
        assert found["ledger"] == _journals(meridian, found["horizon"])


def test_only_changes_travel_and_the_result_is_that_of_a_full_load(moved: tuple[Path, Path, list[dict[str, Any]]]) -> None:
    last = moved[2][-1]["rows"]
    for table in ("transaction", "transactionline", "transactionaccountingline"):
        assert 0 < last[table] < _query(moved[0], f"select count(*) from netsuite.{table}")[0][0] / 4
    assert not {"department", "account", "accountingbook", "budgets"} & last.keys()
    ours, theirs = _raw(moved[0]), _raw(moved[1])
    assert {table for table in ours if ours[table] != theirs[table]} == set()


def test_deleted_transactions_disappear_with_their_lines(moved: tuple[Path, Path, list[dict[str, Any]]]) -> None:
    before, after = moved[2][0], moved[2][1]
    assert len(before["drafts"]) == 1
    assert before["draft_lines"] == before["drafts"]
    assert before["drafts"][0] not in before["deleted"]
    assert after["drafts"] == after["draft_lines"] == []
    assert before["drafts"][0] in after["deleted"]
    assert _query(moved[0], "select count(*) from netsuite.transaction where _deleted is not null") == [(0,)]


def test_voids_and_edits_are_seen_where_only_lines_have_changed(moved: tuple[Path, Path, list[dict[str, Any]]]) -> None:
    _, november, february, march = moved[2]
    assert len(february["void"]) > len(november["void"])
    assert len(february["wrong"]) == 1
    assert march["wrong"] == [], "the edit has removed a line"
    bill = february["wrong"][0][0]
    assert dict(february["moments"])[bill] == dict(march["moments"])[bill], "the moment of the head has not moved"


def test_the_hubs_own_checks_hold_after_deletions(moved: tuple[Path, Path, list[dict[str, Any]]]) -> None:
    found = settings.load(moved[0])
    names = {"archive_is_what_was_received", "raw_is_what_was_received", "vendors_send_what_is_declared"}
    with warehouse.reading(found.warehouse) as database:
        for each in (each for each in ingestion_quality.CHECKS if each.name in names):
            query = each.query if isinstance(each.query, str) else each.query(found, database)
            assert database.execute(query).fetchall() == [], each.name


def test_what_an_account_lacks_is_left_out_and_told(meridian: Path, tmp_path: Path) -> None:
    lacking = {"subsidiary", "consolidatedexchangerate", "accountingbook", "budgets", "budgetsmachine", "deletedrecord"}
    lacking |= {
        "transactionline.subsidiary",
        "transactionline.class",
        "transaction.void",
        "transactionaccountingline.lastmodifieddate",
    }
    with serving(meridian, EARLY, limits=False, without=frozenset(lacking), broken=frozenset({"transactionline.memo"})) as url:
        home = connect(tmp_path, url, currency="USD", as_of="2026-06-30")
        loaded = _load(home)
        assert _load(home).rows == {}
    # The bad field is that of another table too: NetSuite does not say which query it spoils.
    assert loaded.unavailable.keys() == lacking | {"transactionline.memo", "transaction.memo"}
    assert "Field 'class' for record 'transactionline' was not found" in loaded.unavailable["transactionline.class"]
    assert _query(home, LEDGER) == _journals(meridian, EARLY)
    assert _query(home, "select count(*) from netsuite.transactionline where memo is not null") == [(0,)]


def test_an_account_without_accounts_is_no_account(meridian: Path, tmp_path: Path) -> None:
    with serving(meridian, limits=False, without=frozenset({"account"})) as url:
        home = connect(tmp_path, url, currency="USD", as_of="2026-06-30")
        with pytest.raises(Exception, match="account") as trouble:
            _load(home)
    assert "Record 'account' was not found" in ingestion.cause(trouble.value)


class _Spoiled:
    """Tables in which some values are not what they should be."""

    def __init__(self, company: Path, *orders: str) -> None:
        from sandbox.vendors.netsuite import _VIEWS
        from sandbox.vendors.tables import ShownTables

        self._tables = ShownTables(company, "netsuite", _VIEWS)
        self._tables.move(EARLY)
        for order in orders:
            self._tables.cursor().execute(order)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        return self._tables.cursor()


def test_bad_values_are_set_aside_with_reasons_and_nothing_is_lost(
    meridian: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoiled = _Spoiled(
        meridian,
        "alter table transactionaccountingline alter amount type varchar",
        "update transactionaccountingline set amount = '1,234.50' where \"transaction\" = 1006 and transactionline = 0",
        "update transactionaccountingline set amount = '' where \"transaction\" = 1007 and transactionline = 0",
        "update transactionaccountingline set amount = '-.5' where \"transaction\" = 1008 and transactionline = 0",
        "update department set isinactive = 'maybe' where id = 2",
    )
    monkeypatch.setattr("sandbox.vendors.netsuite.ShownTables", lambda *_: _Shown(spoiled))
    with serving(meridian, EARLY, limits=False) as url:
        home = connect(tmp_path, url, currency="USD", as_of="2026-06-30")
        loaded = _load(home)
    aside = _query(home, "select table_name, record_key, reason, payload from netsuite.quarantine order by all")
    assert [(table, key) for table, key, *_ in aside] == [("department", "2"), ("transactionaccountingline", "1006|0")]
    assert "neither T nor F" in aside[0][2]
    assert "'1,234.50' is not a number" in aside[1][2]
    assert json.loads(aside[1][3])["transaction"] == "1006"
    assert loaded.quarantined == 2
    amounts = _query(
        home,
        "select transaction, amount::varchar from netsuite.transactionaccountingline where transaction in ('1007', '1008') and transactionline = '0' order by 1",
    )
    assert amounts == [("1007", None), ("1008", "-0.500000000000")]
    lines = _query(home, "select count(*) from netsuite.transactionaccountingline")[0][0]
    assert lines + 1 == _query(home, "select count(*) from netsuite.transactionline")[0][0]


class _Shown:
    """Stands in for the tables of an emulator whose values were spoiled before."""

    def __init__(self, spoiled: _Spoiled) -> None:
        self.cursor = spoiled.cursor
        self.one = spoiled._tables.one
        self.entity_id, self.entity_name = spoiled._tables.entity_id, spoiled._tables.entity_name

    def move(self, _horizon: datetime) -> None:
        """The values stay spoiled."""


def _settings(home: Path, **keys: str) -> NetSuiteSettings:
    found = settings.load(home).connections[NAME].keys
    return NetSuiteSettings(account_id=access.ACCOUNT, base_url=found.base_url, **keys)


def _connection(keys: NetSuiteSettings, folder: Path) -> Connection[NetSuiteSettings]:
    return Connection("books", keys, folder / "archive", TokenStore(folder / "tokens", b"k" * 32))


def test_the_old_way_to_sign_in_works(home: Path, tmp_path: Path) -> None:
    keys = {
        "consumer_key": access.CONSUMER_KEY,
        "consumer_secret": access.CONSUMER_SECRET,
        "token_id": access.TOKEN_ID,
        "token_secret": access.TOKEN_SECRET,
    }
    findings = check(_connection(_settings(home, **keys), tmp_path))
    assert {finding.subject for finding in findings} >= {"transaction", "transactionaccountingline", "budgets"}
    assert all(finding.ok for finding in findings)
    refused = check(_connection(_settings(home, **{**keys, "token_secret": "wrong-secret"}), tmp_path))
    assert len(refused) == 1
    assert "does not accept the credentials" in refused[0].message
    assert "wrong-secret" not in refused[0].message


def test_a_private_key_may_lie_in_a_file_and_be_of_rsa(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(KEYS["rsa"].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    keys = {"client_id": access.CLIENT_ID, "certificate_id": "rsa", "private_key_file": str(file)}
    assert all(finding.ok for finding in check(_connection(_settings(home, **keys), tmp_path)))
    wrong = check(_connection(_settings(home, **{**keys, "certificate_id": "unknown"}), tmp_path / "x"))
    assert "refused the credentials" in wrong[0].message
    no_key = check(_connection(_settings(home, client_id="x", certificate_id="y", private_key="not-a-secret-key"), tmp_path / "y"))
    assert "no RSA or EC private key" in no_key[0].message
    assert "not-a-secret-key" not in no_key[0].message


def test_addresses_follow_from_the_account() -> None:
    keys = NetSuiteSettings(account_id="1234567_SB1", client_id="a", certificate_id="b", private_key="secret-key-text")
    assert keys.address == "https://1234567-sb1.suitetalk.api.netsuite.com"
    assert keys.token_address == "https://1234567-sb1.suitetalk.api.netsuite.com/services/rest/auth/oauth2/v1/token"
    assert "secret-key-text" not in repr(keys)


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"account_id": "1"}, "client_id, certificate_id and private_key"),
        ({"account_id": "1", "client_id": "a", "certificate_id": "b"}, "client_id, certificate_id and private_key"),
        ({"account_id": "1", "consumer_key": "a", "token_id": "b"}, "consumer_secret is missing"),
        ({"account_id": ""}, "account_id must be"),
        ({"account_id": "1", "accounting_book": "main"}, "accounting_book must be"),
    ],
)
def test_wrong_settings_are_told_in_a_sentence(keys: dict[str, str], told: str, tmp_path: Path) -> None:
    lines = ["[connections.books]", 'system = "netsuite"', 'entity = "X"', *(f'{key} = "{value}"' for key, value in keys.items())]
    (tmp_path / "hub.toml").write_text("\n".join(lines))
    with pytest.raises(SettingsError, match=told):
        settings.load(tmp_path, {})


def test_versions_are_kept_compactly() -> None:
    versions = Versions()
    for number in range(1, 5000):
        versions.add(number * 3, hash(number) & (2**64 - 1))
    again = Versions(versions.saved())
    assert again.holds(9, hash(3) & (2**64 - 1))
    assert not again.holds(9, 1)
    assert 10 not in again
    assert again.saved() == versions.saved()
    assert Versions().saved() == ""


LOUD = {"day_limit", "error_200", "forbidden", "redirect", "unauthorized"}
SAMPLE = {"truncate", "error_200", "throttle", "forbidden"}


@pytest.fixture(scope="module")
def early(meridian: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    """An account with few transactions, and its raw tables read without a fault."""
    with serving(meridian, EARLY, limits=False) as url:
        home = connect(tmp_path_factory.mktemp("early"), url, currency="USD", as_of="2026-06-30")
        _load(home)
        yield url, _raw(home)


@pytest.mark.parametrize(
    "kind", [kind if kind in SAMPLE else pytest.param(kind, marks=pytest.mark.heavy) for kind in sorted(KINDS)]
)
def test_a_fault_gives_the_right_rows_or_a_loud_failure(kind: str, early: tuple[str, dict[str, str]], tmp_path: Path) -> None:
    """The call spoiled is one in the midst of the ledger."""
    served, whole = early
    fresh = connect(tmp_path, served, currency="USD", as_of="2026-06-30")
    order = {
        "vendor": "netsuite",
        "path": "*/suiteql",
        "kind": kind,
        "after": 20,
        "times": 99 if kind in LOUD else 1,
        "seconds": 0.01,
    }
    httpx.post(f"{served}/_sandbox/faults", json=order)
    try:
        if kind in LOUD:
            with pytest.raises(Exception, match=r"netsuite|suiteql"):
                _load(fresh)
            assert _query(fresh, "select count(*) from netsuite.transactionaccountingline") == [(0,)]
        else:
            _load(fresh)
            assert _raw(fresh) == whole
    finally:
        httpx.delete(f"{served}/_sandbox/faults")


@pytest.mark.heavy
@pytest.mark.timeout(900)
def test_a_ledger_beyond_the_cap_of_a_query_loads_exactly_fast_and_in_bounded_memory() -> None:
    """300,000 lines; the bounds leave room for a busy machine: 5 million take 543 MB, and 50,000 rows a CPU second."""
    ran = subprocess.run(
        [sys.executable, str(ROOT / "bench" / "netsuite_ledger.py"), "--lines", "300000"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = json.loads(ran.stdout)
    assert found["rows"] > 675_000
    assert found["rows_of_the_second_run"] == 0
    assert found["peak_mb"] < 600
    assert found["rows_per_cpu_second"] > 20_000

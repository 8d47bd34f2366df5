"""The open client of Adaptive Planning reads the emulator, and finds what the hub's source finds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from wdadaptivepy import AdaptiveConnection
from wdadaptivepy.connectors.xml_api import xml_api
from wdadaptivepy.connectors.xml_api.exceptions import FailedRequestError, InvalidCredentialsError

from sandbox.vendors import adaptive
from sandbox.vendors.adaptive.access import INSTANCE, LOGIN, PASSWORD
from tests.sandbox.adaptive import AdaptiveHub, write_firm
from tests.sandbox.serving import serving


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(adaptive, write_firm(tmp_path_factory.mktemp("firm") / "firm.duckdb")) as (address, _):
        yield address


@pytest.fixture
def client(url: str, monkeypatch: pytest.MonkeyPatch) -> AdaptiveConnection:
    monkeypatch.setattr(xml_api, "BASE_URL", f"{url}/adaptive/api/")
    return AdaptiveConnection(login=LOGIN, password=PASSWORD, instance_code=INSTANCE, locale="en_US")


def test_it_reads_every_tree(client: AdaptiveConnection) -> None:
    levels = {level.code: level for level in client.levels.get_all()}
    assert levels["US-SALES"].adaptive_parent == levels["US"]
    assert {account.code for account in client.accounts.get_all()} >= {"Revenue", "4000", "PRICE"}
    assert [version.name for version in client.versions.get_all()] == ["Actuals", "Budget 2026", "Targets"]
    assert [dimension.name for dimension in client.dimensions.get_all()] == ["Product", "Channel", "Seller"]
    (time,) = client.time.get_all()
    assert {period.code for period in time.period} >= {"2026", "Q2-2026", "06/2026"}
    assert {currency.code for currency in client.currencies.get_all()} == {"USD", "EUR", "CAD"}
    assert [user.login for user in client.users.get_all()] == [LOGIN]
    for others in (client.attributes, client.groups, client.permission_sets):
        assert len(others.get_all()) > 0


def test_its_rows_are_those_of_the_hubs_source(client: AdaptiveConnection, url: str, tmp_path: Path) -> None:
    hub = AdaptiveHub(tmp_path, url)
    hub.load()
    query = client.data.query_data().set_version_filter("Budget 2026").set_time_filter("01/2026", "12/2026").mark_blanks()
    query = query.add_account_filter(["Revenue", "Expenses"]).add_returned_dimension("Product")
    theirs = {
        (row["Account Code"], row["Level Code"], row["Period Code"], row["Amount"])
        for row in query.get_data()
        if row["Amount"] is not None
    }
    ours = hub.query("""
        select account_code, levels.code, period, amount::double from adaptive.cells join adaptive.levels on levels.id = level_id
        where version_id = '2' and line_item = 'Amount'
    """)
    assert theirs == set(ours)
    assert len(theirs) == 48
    (person,) = client.data.from_modeled_sheet("Budget 2026", "Personnel")
    assert person["Employee"] == "Zoë Weiß"


def test_it_understands_failures(url: str, client: AdaptiveConnection) -> None:
    with pytest.raises(FailedRequestError):
        client.data.query_data().set_version_filter("Budget 1999").set_time_filter("01/2026", "12/2026").add_account_filter(
            "Revenue"
        ).get_data()
    with pytest.raises(InvalidCredentialsError):
        AdaptiveConnection(login=LOGIN, password="wrong").levels.get_all()

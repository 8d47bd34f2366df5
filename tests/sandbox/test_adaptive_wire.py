"""The emulator against the reference: calls and failures, trees, the cube in its shapes, and the tokens of the Workday host."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree

from sandbox.vendors import adaptive
from sandbox.vendors.adaptive.access import INSTANCE, ISU, LOGIN, PASSWORD
from sandbox.vendors.adaptive.app import CALLS_IN_A_MINUTE
from sandbox.vendors.adaptive.replies import Element
from sandbox.vendors.wire import VirtualClock
from tests.sandbox.adaptive import CREDENTIALS, called, write_firm
from tests.sandbox.hub import Controls, let_pass
from tests.sandbox.serving import serving

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SIGNED: Any = SimpleNamespace(
    vendor=lambda company, clock, *, limits: adaptive.vendor(company, clock, limits=limits, public_key=KEY.public_key())
)
"""The emulator with a registered API client."""
FORMAT = '<format useInternalCodes="true" includeCodes="true" includeNames="true"/>'
BUDGET = '<version name="Budget 2026" isDefault="false"/>'
RULES = '<rules includeZeroRows="false" markBlanks="true"><currency useLocal="true"/></rules>'
SPAN = '<timeSpan start="05/2026" end="07/2026"/>'


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_firm(tmp_path_factory.mktemp("firm") / "firm.duckdb")


@pytest.fixture(scope="module")
def running(firm: Path) -> Iterator[tuple[str, VirtualClock]]:
    with serving(SIGNED, firm) as served:
        yield served


@pytest.fixture(scope="module")
def url(running: tuple[str, VirtualClock]) -> str:
    return running[0]


def refused(root: Element) -> str:
    """The key of a failure's message."""
    assert root.get("success") == "false"
    (message,) = root.iterfind("messages/message")
    assert message.text
    return str(message.get("key"))


def table(url: str, parts: str, **how: Any) -> list[list[str]]:
    """The rows of an export, its header first."""
    root = called(url, "exportData", parts, **how)
    assert root.get("success") == "true", etree.tostring(root)
    return list(csv.reader(io.StringIO(root.findtext("output"))))


def cube(
    url: str,
    *,
    version: str = BUDGET,
    form: str = FORMAT,
    filters: str = SPAN,
    dimensions: str = "",
    rules: str = RULES,
    **how: Any,
) -> list[list[str]]:
    """An export from its parts."""
    return table(url, f"{version}{form}<filters>{filters}</filters>{dimensions}{rules}", **how)


def test_a_failure_has_a_good_status_and_tells_its_key(url: str) -> None:
    assert (
        refused(called(url, "exportLevels", credentials=CREDENTIALS.replace(PASSWORD, "wrong"))) == "error-authentication-failure"
    )
    assert refused(called(url, "exportLevels", credentials="")) == "error-authentication-failure"
    assert (
        refused(called(url, "exportLevels", credentials=CREDENTIALS.replace(INSTANCE, "OTHER"))) == "error-authentication-failure"
    )
    assert refused(called(url, "exportNothing")) == "error-unknown-method"
    assert refused(called(url, "exportLevels", credentials=CREDENTIALS.replace("en_US", "tlh"))) == "error-invalid-locale"
    assert refused(called(url, "exportAccounts", '<include versionName="Budget 1999"/>')) == "error-invalid-version"


def test_documents_that_declare_a_type_or_are_none_are_refused(url: str) -> None:
    bomb = f'<!DOCTYPE call [<!ENTITY a "x">]><call method="exportLevels">{CREDENTIALS}&a;</call>'
    for body in (bomb, '{"method": "exportLevels"}', "<call", ""):
        answer = httpx.post(f"{url}/adaptive/api/v40", content=body)
        assert answer.status_code == 200
        assert refused(etree.fromstring(answer.content)) == "error-invalid-xml"


def test_versions_of_the_api_have_an_address_each(url: str) -> None:
    for version in (7, 40):
        assert called(url, "exportInstances", version=version).find("output/instances/instance").get("code") == INSTANCE
    body = f'<call method="exportInstances">{CREDENTIALS}</call>'
    for path in ("api/v6", "api/v41", "api/exportData"):
        answer = httpx.post(f"{url}/adaptive/{path}", content=body)
        assert (answer.status_code, etree.fromstring(answer.content).get("success")) == (404, "false")
    assert httpx.get(f"{url}/adaptive/api/v40").status_code == 405


def test_the_parent_of_a_level_is_the_one_around_it(url: str) -> None:
    (top,) = [level for level in called(url, "exportLevels").iterfind("output/levels/level") if level.get("code") == "US"]
    assert (top.get("name"), top.get("currency"), top.get("hasChildren"), top.get("isImportable")) == (
        "Firm, Inc.",
        "USD",
        "true",
        "0",
    )
    assert [(each.get("name"), each.get("hasChildren"), each.get("displayName")) for each in top] == [
        ("General US", "false", None),
        ("Sales US", "false", None),
    ]
    shown = called(url, "exportLevels", '<include displayNameEnabled="true"/>')
    assert shown.find(".//level[@code='US-SALES']").get("displayName") == "Sales"


def test_accounts_are_a_tree_with_attributes_where_they_are_wanted(url: str) -> None:
    accounts = called(url, "exportAccounts", '<include attributes="true"/>').find("output/accounts")
    assert [each.get("code") for each in accounts] == ["Revenue", "Expenses", "Assumptions"]
    sales = accounts.find("account/account[@code='4000']")
    assert (sales.get("isAssumption"), sales.get("displayAs")) == ("0", "CURRENCY")
    assert sales.find("attributes/attribute").get("value") == "Ledger"
    assert accounts.find("account/account[@code='PRICE']").get("isAssumption") == "1"
    assert accounts.find(".//account[@code='6100']").get("name") == 'Wages, "gross"\nand bonus'
    assert called(url, "exportAccounts").find(".//attributes") is None


def test_versions_tell_type_span_and_lock_and_what_ifs_lie_in_their_budget(url: str, firm: Path) -> None:
    versions = called(url, "exportVersions").find("output/versions")
    actuals, budget = versions.find("version[@name='Actuals']"), versions.find("version[@name='Budget 2026']")
    told = ("type", "startVer", "endVer", "completedValuesThru", "isLocked")
    assert [actuals.get(name) for name in told] == ["ACTUALS", "2026", "2026", "05/2026", "false"]
    told = ("type", "leftScroll", "startPlan", "endPlan", "isLocked", "isDefaultVersion", "isVirtual")
    assert [budget.get(name) for name in told] == ["PLANNING", "2026", "01/2026", "2026", "true", "true", "false"]
    assert budget.find("version").get("name") == "Upside 2026"
    assert budget.find("version").get("type") == "SCENARIO"
    assert versions.find("version[@name='Reforecast Q2 2026']") is None
    without = called(url, "exportVersions", '<include scenarios="false" rootActuals="false"/>')
    assert [each.get("name") for each in without.iter("version")] == ["Budget 2026", "Targets"]
    with serving(adaptive, firm) as (later, _):
        let_pass(later, 25)
        forecast = called(later, "exportVersions").find(".//version[@name='Reforecast Q2 2026']")
        assert [forecast.get(name) for name in told[:5]] == ["PLANNING", "2026", "01/2026", "2026", "true"]


def test_dimensions_the_calendar_and_the_rest_are_there(url: str) -> None:
    dimensions = called(url, "exportDimensions", '<include attributes="true" dimensionValues="true"/>').find("output/dimensions")
    assert [each.get("name") for each in dimensions] == ["Product", "Channel", "Seller"]
    assert dimensions.find("dimension/dimensionValue[@code='ALL']/dimensionValue").get("name") == "Core"
    assert dimensions.find(".//dimensionValue[@code='emp-1']/attributes/attribute").get("value") == "zoe@firm.example"
    assert called(url, "exportDimensions", '<include dimensionValues="false"/>').find(".//dimensionValue") is None
    clock = called(url, "exportTime", '<options includeLegacyInformation="true"/>').find("output/time")
    assert [each.get("code") for each in clock.iter("stratum")] == ["year", "qtr", "month"]
    june = clock.find("period[@code='2026']/period[@code='Q2-2026']/period[@code='06/2026']")
    assert (june.get("label"), june.get("end"), june.get("stratumId"), june.get("legacyReportTimeId")) == (
        "Jun-2026",
        "2026-07-01",
        "1",
        "317",
    )
    codes = [each.get("code") for each in called(url, "exportActiveCurrencies").iter("currency")]
    assert (codes[0], set(codes)) == ("USD", {"USD", "EUR", "CAD"})
    assert called(url, "exportUsers").find(".//user").get("login") == LOGIN
    assert {each.get("name"): each.get("value") for each in called(url, "exportAttributes").iter("attribute")}.keys() == {
        "Source",
        "Email",
    }
    assert called(url, "exportSheets").find(".//sheet[@type='MODELED']").get("name") == "Personnel"
    for method in ("exportGroups", "exportRoles"):
        assert called(url, method).get("success") == "true"


def test_an_export_is_wide_by_period_and_has_a_row_for_each_combination(url: str) -> None:
    header, *rows = cube(url, dimensions='<dimensions><dimension name="Product"/></dimensions>')
    assert header == ["Account Name", "Account Code", "Level Name", "Level Code", "Product Name", "05/2026", "06/2026", "07/2026"]
    assert rows[0] == ["Sales", "4000", "General US", "US-GENERAL", "Uncategorized", "5511.25", "6511.25", "B"]
    assert ['Wages, "gross"\nand bonus', "6100", "Sales CA", "CA-SALES", "Uncategorized", "5011.0", "6011.0", "B"] in rows
    assert ["Price", "PRICE", "Firm, Inc.", "US", "Core", "39.0039", "39.0039", "B"] in rows
    assert len(rows) == 14


def test_the_parts_of_a_call_may_stand_in_any_order(url: str) -> None:
    there = cube(url)
    assert table(url, f"{FORMAT}{BUDGET}{RULES}<filters>{SPAN}</filters>") == there
    assert (
        table(
            url,
            f'{RULES}<filters>{SPAN}</filters>{FORMAT}<version isDefault="true"/>',
        )
        == there
    )


def test_a_streamed_export_tells_how_many_rows_it_has_sent(url: str) -> None:
    parts = f"{BUDGET}{FORMAT}<filters>{SPAN}</filters>{RULES}"
    root = called(url, "exportData", parts, stream="true")
    assert root.find("status").get("rowCountSent") == str(len(list(csv.reader(io.StringIO(root.findtext("output"))))) - 1) == "14"
    assert called(url, "exportData", parts).find("status") is None
    plain = httpx.post(f"{url}/adaptive/api/v40", content=f'<call method="exportData">{CREDENTIALS}{parts}</call>').text
    assert "<output><![CDATA[Account Name," in plain


def test_what_is_not_there_is_told_by_its_key(url: str) -> None:
    def key(parts: str) -> str:
        return refused(called(url, "exportData", parts))

    whole = f"{BUDGET}{FORMAT}<filters>{SPAN}</filters>{RULES}"
    assert key(whole.replace(SPAN, "")) == "error-missing-time-span"
    assert key(whole.replace("05/2026", "May-2026")) == "error-invalid-time-span"
    assert key(whole.replace("07/2026", "01/2026")) == "error-invalid-time-span"
    assert key(whole.replace(BUDGET, "")) == "error-missing-version"
    assert key(whole.replace("Budget 2026", "Budget 1999")) == "error-invalid-version"
    assert key(whole.replace(SPAN, f'<accounts><account code="9"/></accounts>{SPAN}')) == "error-invalid-account"
    assert key(whole.replace(SPAN, f'<levels><level name="Mars"/></levels>{SPAN}')) == "error-invalid-level"
    assert key(whole + '<dimensions><dimension name="Region"/></dimensions>') == "error-invalid-dimension"
    assert key(whole.replace('useLocal="true"', 'useLocal="true" override="USD"')) == "error-invalid-currency"
    assert key(whole.replace('useLocal="true"', 'override="XYZ"')) == "error-invalid-currency"


def test_filters_choose_accounts_levels_and_values(url: str) -> None:
    account = '<accounts><account code="{}" isAssumption="{}" includeDescendants="{}"/></accounts>'
    codes = [row[1] for row in cube(url, filters=account.format("Revenue", "false", "true") + SPAN)[1:]]
    assert codes == ["4000"] * 4
    assert cube(url, filters=account.format("Revenue", "false", "false") + SPAN)[1:] == []
    assert {row[1] for row in cube(url, filters=account.format("Assumptions", "true", "true") + SPAN)[1:]} == {
        "HEADCOUNT",
        "VOLUME",
        "PRICE",
    }
    level = '<levels><level name="Firm, Inc." isRollup="true" includeDescendants="{}"/></levels>'
    assert {row[3] for row in cube(url, filters=level.format("true") + SPAN)[1:]} == {"US", "US-GENERAL", "US-SALES"}
    assert {row[3] for row in cube(url, filters=level.format("false") + SPAN)[1:]} == {"US"}
    value = '<dimensionValues><dimensionValue dimName="Product" {}/></dimensionValues>'
    for told in ('name="All Products"', 'code="M-CORE"', 'code="ALL" directChildren="true"'):
        header, *rows = cube(url, filters=value.format(told) + SPAN)
        assert header[4] == "Product Name", "what is filtered by becomes a column"
        assert {(row[1], row[4]) for row in rows} == {("VOLUME", "Core"), ("PRICE", "Core")}
    assert {row[1] for row in cube(url, filters=value.format('uncategorized="true"') + SPAN)[1:]} == {"4000", "6100", "HEADCOUNT"}


def test_roll_ups_come_where_they_are_asked_for(url: str) -> None:
    rules = RULES.replace("<rules", '<rules includeRollupAccounts="true" includeRollupLevels="true"')
    rows = {(row[1], row[3]): row[4:] for row in cube(url, rules=rules)[1:]}
    assert rows["Revenue", "US"] == rows["4000", "US"] == ["11022.5", "13022.5", "B"]
    assert rows["Revenue", "US-SALES"] == ["5511.25", "6511.25", "B"]
    assert rows["HEADCOUNT", "CA"] == ["5.0", "6.0", "B"]
    old = called(url, "exportData", f'{BUDGET}{FORMAT}<filters>{SPAN}</filters><rules includeRollups="true"/>')
    assert [each.get("type") for each in old.iterfind("messages/message")] == ["WARNING"], "a success may warn"
    assert old.get("success") == "true"


def test_blanks_and_zero_rows_are_as_the_rules_say(url: str) -> None:
    assert cube(url, rules="<rules/>")[1][4:] == ["5511.25", "6511.25", "0.0"]
    later = SPAN.replace("05/2026", "08/2026").replace("07/2026", "09/2026")
    assert cube(url, filters=later)[1:] == []
    rows = cube(url, filters=later, rules=RULES.replace('includeZeroRows="false"', 'includeZeroRows="true"'))[1:]
    assert len(rows) == 14
    assert {cell for row in rows for cell in row[4:]} == {"B"}


def test_columns_follow_strata_and_time_rollups(url: str) -> None:
    span = '<timeSpan start="01/2026" end="06/2026" stratum="qtr"/>'
    assert cube(url, filters=span)[0][4:] == ["Q1-2026", "Q2-2026"]
    assert cube(url, filters=span)[1][4:] == ["7533.75", "16533.75"]
    span = '<timeSpan start="01/2026" end="Q2-2026"/>'
    header, first, *_ = cube(url, filters=span, rules=RULES.replace("<rules", '<rules timeRollups="single"'))
    assert (header[4:], first[4:]) == (["01/2026 - Q2-2026"], ["24067.5"])
    assert cube(url, filters=span, rules=RULES.replace("<rules", '<rules timeRollups="true"'))[0][-3:] == [
        "06/2026",
        "Q1-2026",
        "Q2-2026",
    ]


def test_one_currency_is_told_the_levels_own_the_corporate_or_another(url: str) -> None:
    def sales(currency: str) -> dict[str, str]:
        rules = f'<rules markBlanks="true"><currency {currency}/></rules>'
        return {row[3]: row[5] for row in cube(url, rules=rules)[1:] if row[1] == "4000"} | {
            row[1]: row[5] for row in cube(url, rules=rules)[1:] if row[1] == "HEADCOUNT"
        }

    assert sales('useLocal="true"')["CA-SALES"] == "6511.25"
    corporate = sales('useCorporate="true"')
    assert (corporate["CA-SALES"], corporate["US-SALES"], corporate["HEADCOUNT"]) == ("5426.0417", "6511.25", "6.0")
    assert sales('override="EUR"')["US-SALES"] == "5209.0"


def test_the_label_form_the_old_columns_and_codes_for_excel(url: str) -> None:
    labels = SPAN.replace("05/2026", "May-2026").replace("07/2026", "Jul-2026")
    old = '<format useInternalCodes="false" includeUnmappedItems="false"/>'
    assert cube(url, form=old, filters=labels)[0] == [
        "Account Name",
        "Account Code",
        "Level Name",
        "May-2026",
        "Jun-2026",
        "Jul-2026",
    ]
    assert cube(url, form=old, filters=labels)[1][1] == "4000"
    root = called(url, "exportData", f"{BUDGET}{old}<filters>{labels}</filters>{RULES}", version=12)
    assert 'Sales,="4000",General US,5511.25' in root.findtext("output")
    ids = '<format useInternalCodes="true" useIds="true" includeCodes="true" includeNames="false" displayNameEnabled="true"/>'
    product = '<dimensions><dimension name="Product"/></dimensions>'
    assert cube(url, form=ids, dimensions=product)[0][:3] == ["Account Code", "Level Code", "Product Code"]
    assert cube(url, form=ids)[1][:2] == ["11", "101"]
    shown = '<format useInternalCodes="true" includeNames="true" includeCodes="false" displayNameEnabled="true"/>'
    assert cube(url, form=shown)[1][:2] == ["Sales", "General"]


def test_a_locale_writes_numbers_months_and_days_in_its_own_way(url: str) -> None:
    german = CREDENTIALS.replace("en_US", "de_DE")
    rows = cube(
        url, filters='<timeSpan start="Mai-2026" end="Mai-2026"/>', form=FORMAT.replace("true", "false", 1), credentials=german
    )
    assert (rows[0][-1], rows[1][-1]) == ("Mai-2026", "5511,25")
    sheet = (
        f'{BUDGET}<modeled-sheet name="Personnel" includeAllColumns="true" isGetAllRows="true"/><job jobNumber="0" pageNumber="0"/>'
    )

    def person(**how: Any) -> list[str]:
        root = called(url, "exportConfigurableModelData", sheet, **how)
        return list(csv.reader(io.StringIO(root.findtext("output/data"))))[1]

    assert person() == ["1", "Sales US", "Zoë Weiß", "zoe@firm.example", "", "2/5/2024", "90000.5"]
    assert person(credentials=german)[-2:] == ["05.02.2024", "90000,5"]
    assert refused(called(url, "exportConfigurableModelData", sheet.replace("Personnel", "Subscriptions"))) == "error-invalid-sheet"


def test_time_changes_what_is_told(firm: Path) -> None:
    june = '<timeSpan start="06/2026" end="06/2026"/>'
    with serving(adaptive, firm) as (url, _):
        before = {(row[1], row[3]): row[4] for row in cube(url, filters=june)[1:]}
        sequence = int(called(url, "exportVersions").find("output/versions").get("seqNo"))
        let_pass(url, 9.8)
        after = {(row[1], row[3]): row[4] for row in cube(url, filters=june)[1:]}
        assert int(called(url, "exportVersions").find("output/versions").get("seqNo")) > sequence
    assert {key: (before[key], after[key]) for key in before if before[key] != after[key]} == {
        ("6100", "US-SALES"): ("6011.0", "14340.0")
    }


def test_a_workday_client_signs_for_a_token_that_ends(running: tuple[str, VirtualClock]) -> None:
    url, clock = running
    key = KEY.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    claims = {"iss": "sandbox-client", "sub": ISU, "aud": "wd", "exp": int(time.time()) + 60}
    grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    host = f"{url}/adaptive/ccx"

    def ask(**other: object) -> httpx.Response:
        assertion = jwt.encode(claims | other, key, algorithm="RS256")
        return httpx.post(f"{host}/oauth2/meridian/token", data={"grant_type": grant, "assertion": assertion})

    for wrong in ({"iss": "other"}, {"sub": "ada"}, {"aud": "x"}, {"exp": int(time.time()) - 60}):
        assert (ask(**wrong).status_code, ask(**wrong).json()["error"]) == (400, "invalid_grant")
    assert httpx.post(f"{host}/oauth2/meridian/token", data={"grant_type": "password"}).json()["error"] == "unsupported_grant_type"
    bearer = ask().json()["access_token"]
    exchange = f"{host}/api/planning/v1/meridian/adaptivePublicAPIAccessToken"
    assert httpx.get(exchange).status_code == 401
    token = httpx.get(exchange, headers={"Authorization": f"Bearer {bearer}"}).json()["access_token"]
    proof = f'<credentials token="{token}"/>'
    assert called(url, "exportInstances", credentials=proof).get("success") == "true"
    clock.advance(31 * 60)
    assert refused(called(url, "exportInstances", credentials=proof)) == "error-authentication-failure"


def test_calls_are_counted_and_faults_can_be_scripted(firm: Path) -> None:
    body = f'<call method="exportInstances">{CREDENTIALS}</call>'
    with serving(adaptive, firm, limits=True) as (url, _), httpx.Client(base_url=f"{url}/adaptive/api") as http:
        for kind, status in (
            ("throttle", 429),
            ("unavailable", 503),
            ("server_error", 500),
            ("error_200", 200),
            ("unauthorized", 200),
        ):
            Controls(url, "adaptive").fault(path="*/v40", kind=kind)
            answer = http.post("/v40", content=body)
            assert answer.status_code == status
            if kind != "unavailable":
                assert etree.fromstring(answer.content).get("success") == "false"
        codes = [http.post("/v40", content=body).status_code for _ in range(CALLS_IN_A_MINUTE + 1)]
        assert (codes[0], codes[-1]) == (200, 429)

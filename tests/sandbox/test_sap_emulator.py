"""SAP's gateway as on the wire: the vendor's client, types, filters, pages, errors, sign-in and limits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pyodata
import pytest
import requests

from sandbox.vendors import sap
from sandbox.vendors.sap.app import API_KEY, CALLS_PER_MINUTE, PASSWORD, USERNAME
from sandbox.vendors.sap.model import services
from sandbox.vendors.wire import VirtualClock
from tests.sandbox.serving import serving

V2 = "/sap/sap/opu/odata/sap"
V4 = "/sap/sap/opu/odata4/sap/api_glaccountlineitem/srvd_a2x/sap/api_glaccountlineitem/0001"
LINES = "API_GLACCOUNTLINEITEM/GLAccountLineItem"
ITEMS = "API_OPLACCTGDOCITEMCUBE_SRV/A_OperationalAcctgDocItemCube"
JSON = {"Accept": "application/json"}
MAY = "FiscalYearPeriod eq '2026005'"
EDM = "{http://schemas.microsoft.com/ado/2008/09/edm}"
SAP = "{http://www.sap.com/Protocols/SAPData}"


@pytest.fixture(scope="module")
def url(meridian: Path) -> Iterator[str]:
    with serving(sap, meridian) as running:
        yield running[0]


@pytest.fixture(scope="module")
def api(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{url}{V2}", auth=(USERNAME, PASSWORD), headers=JSON, timeout=60) as client:
        yield client


def read(api: httpx.Client, path: str, **options: str) -> dict[str, Any]:
    answer = api.get(path, params={f"${name}": value for name, value in options.items()})
    assert answer.status_code == 200, answer.text
    return answer.json()["d"]


def rows(api: httpx.Client, path: str, **options: str) -> list[dict[str, Any]]:
    return read(api, path, **options)["results"]


def client_of_the_vendor(url: str, service: str) -> pyodata.Client:
    session = requests.Session()
    session.auth = (USERNAME, PASSWORD)
    return pyodata.Client(f"{url}{V2}/{service}", session)


def test_the_vendors_client_reads_entities_and_follows_the_pages(url: str) -> None:
    client = client_of_the_vendor(url, "API_OPLACCTGDOCITEMCUBE_SRV")
    entities = client.entity_sets.A_OperationalAcctgDocItemCube
    page = entities.get_entities().filter("FinancialAccountType eq 'D' or FinancialAccountType eq 'K'").count(inline=True).execute()
    total, found = page.total_count, list(page)
    while page.next_url:
        page = entities.get_entities().next_url(page.next_url).execute()
        found += list(page)
    keys = {(item.CompanyCode, item.FiscalYear, item.AccountingDocument, item.AccountingDocumentItem) for item in found}
    assert len(keys) == len(found) == total > 1000
    assert found[0].PostingDate.tzinfo is not None
    assert found[0].IsCleared in {True, False}


def test_the_vendors_client_knows_keys_expansions_and_counts(url: str) -> None:
    centers = client_of_the_vendor(url, "API_COSTCENTER_SRV").entity_sets.A_CostCenter
    found = centers.get_entities().filter("CostCenter eq '10101602'").expand("to_Text").execute()
    assert [(one.ValidityEndDate.year, sorted({text.CostCenterName for text in one.to_Text})) for one in found] == [
        (2024, ["Marketing"]),
        (9999, ["Marketing & Growth", "Marketing & Wachstum"]),
    ]
    one = centers.get_entity(
        ControllingArea="A000", CostCenter="10101602", ValidityEndDate=datetime(9999, 12, 31, tzinfo=UTC)
    ).execute()
    assert one.CostCtrResponsiblePersonName == "E. Frost"
    assert centers.get_entities().count().execute() == 7
    documents = client_of_the_vendor(url, "API_BILLING_DOCUMENT_SRV").entity_sets.A_BillingDocument
    first = documents.get_entities().top(1).expand("to_Item").execute()[0]
    assert sum(Decimal(item.GrossAmount) for item in first.to_Item) == Decimal(first.TotalGrossAmount)


@pytest.mark.parametrize("name", services())
def test_every_row_has_the_properties_that_the_metadata_tells(name: str, api: httpx.Client, url: str) -> None:
    answer = api.get(f"{name}/$metadata", headers={"Accept": "*/*"})
    assert answer.headers["content-type"].startswith("application/xml")
    types = {one.attrib["Name"]: one for one in ET.fromstring(answer.content).iter(f"{EDM}EntityType")}
    for entity in services()[name].sets.values():
        told = {one.attrib["Name"]: one.attrib for one in types[entity.type_name].findall(f"{EDM}Property")}
        ways = {one.attrib["Name"] for one in types[entity.type_name].findall(f"{EDM}NavigationProperty")}
        for row in rows(api, f"{name}/{entity.name}", top="20"):
            assert list(row) == ["__metadata", *told, *(way for way in entity.navigations if way in ways)]
            assert row["__metadata"]["uri"].startswith(f"{url}{V2}/{name}/{entity.name}(")
            assert [(key, value) for key, value in row.items() if key in told and not _fits(value, told[key])] == []


def _fits(value: object, told: dict[str, str]) -> bool:
    """Whether a value has the form of its Edm type: strings no longer than told, decimals as strings within their scale."""
    kind = told["Type"]
    if kind == "Edm.Boolean":
        return isinstance(value, bool)
    if kind == "Edm.String":
        return isinstance(value, str) and len(value) <= int(told.get("MaxLength", 10**6))
    if kind == "Edm.Decimal":
        return isinstance(value, str) and bool(
            re.fullmatch(r"-?\d+(\.\d{1," + told["Scale"] + "})?" if told["Scale"] != "0" else r"-?\d+", value)
        )
    form = {
        "Edm.DateTime": r"/Date\(-?\d+\)/",
        "Edm.DateTimeOffset": r"/Date\(-?\d+\+0000\)/",
        "Edm.Time": r"PT\d\dH\d\dM\d\dS",
        "Edm.Guid": r"[\da-f-]{36}|",
    }[kind]
    return value is None or (isinstance(value, str) and bool(re.fullmatch(form, value)))


def test_the_metadata_tells_dimensions_measures_units_and_what_cannot_be_filtered(api: httpx.Client) -> None:
    root = ET.fromstring(api.get("API_GLACCOUNTLINEITEM/$metadata").content)
    entity = next(root.iter(f"{EDM}EntityType"))
    assert entity.attrib[f"{SAP}semantics"] == "aggregate"
    properties = {one.attrib["Name"]: one.attrib for one in entity.findall(f"{EDM}Property")}
    roles = [one.get(f"{SAP}aggregation-role") for one in properties.values()]
    assert (roles.count("dimension"), roles.count("measure"), len(roles)) == (207, 30, 238)
    amount = properties["AmountInCompanyCodeCurrency"]
    assert (amount[f"{SAP}unit"], amount[f"{SAP}filterable"], amount["Precision"], amount["Scale"]) == (
        "CompanyCodeCurrency", "false", "23", "3",
    )  # fmt: skip
    assert properties["CompanyCodeCurrency"][f"{SAP}semantics"] == "currency-code"


def test_rows_are_grouped_by_what_is_selected_and_their_id_depends_on_it(api: httpx.Client) -> None:
    where = f"Ledger eq '0L' and {MAY} and GLAccount eq '0000006200'"
    lines = rows(api, LINES, filter=where, select="AccountingDocument,LedgerGLLineItem,CostCenter,AmountInCompanyCodeCurrency")
    by_center = rows(api, LINES, filter=where, select="CostCenter,AmountInCompanyCodeCurrency")
    whole = rows(api, LINES, filter=where, select="AmountInCompanyCodeCurrency")
    assert len(lines) > len(by_center) > len(whole) == 1
    totals: dict[str, Decimal] = {}
    for line in lines:
        totals[line["CostCenter"]] = totals.get(line["CostCenter"], Decimal(0)) + Decimal(line["AmountInCompanyCodeCurrency"])
    assert totals == {row["CostCenter"]: Decimal(row["AmountInCompanyCodeCurrency"]) for row in by_center}
    assert sum(totals.values()) == Decimal(whole[0]["AmountInCompanyCodeCurrency"])
    ids = {row["ID"] for row in rows(api, LINES, filter=where, select="ID,CostCenter")}
    assert len(ids) == len(by_center)
    assert ids.isdisjoint(row["ID"] for row in rows(api, LINES, filter=where, select="ID,CostCenter,GLAccount"))


def test_amounts_are_never_summed_over_currencies_and_every_ledger_holds_every_posting(api: httpx.Client) -> None:
    currencies = rows(api, LINES, filter="GLAccount eq '0000001100'", select="AmountInTransactionCurrency")
    assert len(currencies) > 1
    both = rows(api, LINES, filter=MAY, select="Ledger,GLAccount,AmountInCompanyCodeCurrency", orderby="Ledger,GLAccount")
    leading = [row["AmountInCompanyCodeCurrency"] for row in both if row["Ledger"] == "0L"]
    assert leading == [row["AmountInCompanyCodeCurrency"] for row in both if row["Ledger"] == "2L"]


def test_numbers_keep_their_zeros_and_empty_fields_are_those_of_the_wire(api: httpx.Client) -> None:
    line = rows(api, LINES, filter=f"Ledger eq '0L' and {MAY}", top="1")[0]
    assert re.fullmatch(r"0\d{9}", line["GLAccount"])
    assert len(line["AccountingDocument"]) == 10
    assert (line["LedgerGLLineItem"], line["CompanyCode"], line["FiscalPeriod"]) == ("000001", "1010", "005")
    assert (line["Plant"], line["AssetValueDate"], line["AmountInFreeDefinedCurrency1"]) == ("", None, "0.00")
    partner = rows(api, "API_BUSINESS_PARTNER/A_BusinessPartner", top="1")[0]
    assert re.fullmatch(r"00\d{8}", partner["BusinessPartner"])
    assert re.fullmatch(r"PT\d\dH\d\dM\d\dS", partner["CreationTime"])


def test_what_closes_december_after_the_years_end_is_in_a_special_period(api: httpx.Client) -> None:
    special = rows(
        api, LINES, filter="Ledger eq '0L' and FiscalPeriod ge '013'", select="FiscalYearPeriod,PostingDate,AccountingDocumentType"
    )
    assert {row["FiscalYearPeriod"] for row in special} >= {"2023013", "2025013"}
    ends = {datetime.fromtimestamp(int(re.sub(r"\D", "", row["PostingDate"])) / 1000, UTC).strftime("%m-%d") for row in special}
    assert ends == {"12-31"}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (
            "FinancialAccountType eq 'D' and IsCleared eq false",
            lambda row: row["FinancialAccountType"] == "D" and not row["IsCleared"],
        ),
        ("PostingDate ge datetime'2026-06-01T00:00:00'", lambda row: _ms(row["PostingDate"]) >= 1780272000000),
        (
            "(CompanyCode eq '1010' and FiscalYear eq '2025') or not (FiscalPeriod le '011')",
            lambda row: row["FiscalYear"] == "2025" or row["FiscalPeriod"] > "011",
        ),
        ("substringof('INV-0001',AssignmentReference)", lambda row: "INV-0001" in row["AssignmentReference"]),
        ("startswith(AccountingDocument,'14') eq true", lambda row: row["AccountingDocument"].startswith("14")),
        ("AmountInCompanyCodeCurrency lt -1000.50M", lambda row: Decimal(row["AmountInCompanyCodeCurrency"]) < Decimal("-1000.5")),
        ("ClearingDate eq null and FinancialAccountType ne 'S'", lambda row: row["ClearingDate"] is None),
        ("CreationTime gt time'PT23H00M00S'", lambda row: row["CreationTime"] > "PT23H"),
    ],
)
def test_filters_are_evaluated(api: httpx.Client, condition: str, holds: Any) -> None:
    found = rows(api, ITEMS, filter=condition, top="300")
    assert all(holds(row) for row in found)
    every = int(api.get(f"{ITEMS}/$count").text)
    matching = int(api.get(f"{ITEMS}/$count", params={"$filter": condition}).text)
    assert len(found) == min(matching, 300)
    assert matching < every


def _ms(value: str) -> int:
    return int(re.sub(r"\D", "", value))


def test_moments_are_compared_to_the_second(api: httpx.Client) -> None:
    newest = rows(api, LINES, select="LastChangeDateTime", filter="Ledger eq '0L'", orderby="LastChangeDateTime desc", top="1")[0]
    at = datetime.fromtimestamp(_ms(newest["LastChangeDateTime"].split("+")[0]) / 1000, UTC)
    told = f"LastChangeDateTime {{}} datetimeoffset'{at:%Y-%m-%dT%H:%M:%S}Z'"
    assert rows(api, LINES, select="AccountingDocument", filter=told.format("ge"))
    assert rows(api, LINES, select="AccountingDocument", filter=told.format("gt")) == []


@pytest.mark.parametrize(
    ("path", "options", "status", "words"),
    [
        (LINES, {"$filter": "AmountInCompanyCodeCurrency gt 5"}, 400, "Filtering by property 'AmountInCompanyCodeCurrency'"),
        (LINES, {"$filter": "ID eq 'x'"}, 400, "Filtering by property 'ID'"),
        (LINES, {"$orderby": "ID"}, 400, "Sorting"),
        ("API_JOURNALENTRYITEMBASIC_SRV/A_JournalEntryItemBasic", {"$select": "AccountingDocument"}, 400,
         "Property 'AccountingDocument' not found in type 'API_JOURNALENTRYITEMBASIC_SRV.A_JournalEntryItemBasicType'"),
        (LINES, {"$filter": "PostingDate ge '2026-01-01'"}, 400, "Invalid parametertype"),
        (LINES, {"$filter": "PostingDate ge"}, 400, "Syntax error"),
        (LINES, {"$filter": "PostingDate ge datetime'2026-02-30T00:00:00'"}, 400, "Invalid literal"),
        (LINES, {"$top": "many"}, 400, "$top"),
        (LINES, {"$skiptoken": "stolen"}, 400, "$skiptoken"),
        ("API_COSTCENTER_SRV/A_Nothing", {}, 404, "Resource not found for the segment 'A_Nothing'"),
        ("API_COSTCENTER_SRV/A_CostCenter(ControllingArea='A000',CostCenter='1',ValidityEndDate=datetime'9999-12-31T00:00:00')", {}, 404, "Resource"),
        ("API_COSTCENTER_SRV/A_CostCenter", {"$expand": "to_Nothing"}, 404, "segment 'to_Nothing'"),
        ("API_NOTHING_SRV/A_Nothing", {}, 403, "No service found for namespace"),
    ],
)  # fmt: skip
def test_what_the_gateway_refuses_it_refuses_with_its_own_error(
    api: httpx.Client, path: str, options: dict[str, str], status: int, words: str
) -> None:
    answer = api.get(path, params=options)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert words in error["message"]["value"]
    assert error["message"]["lang"] == "en"
    assert error["innererror"]["application"]["service_id"] == path.partition("/")[0]
    assert error["innererror"]["errordetails"][0]["severity"] == "error"
    if status == 403:
        assert error["code"] == "/IWFND/MED/170"


def test_who_does_not_ask_for_json_gets_xml(api: httpx.Client) -> None:
    feed = api.get("API_LEDGER_SRV/A_Ledger", headers={"Accept": "*/*"})
    assert feed.headers["content-type"].startswith("application/atom+xml")
    assert [
        one.text for one in ET.fromstring(feed.content).iter("{http://schemas.microsoft.com/ado/2007/08/dataservices}Ledger")
    ] == ["0L", "2L"]
    refused = api.get("API_LEDGER_SRV/A_Ledger", params={"$filter": "Nothing eq 1"}, headers={"Accept": "*/*"})
    assert (refused.status_code, refused.headers["content-type"].split(";")[0]) == (400, "application/xml")
    assert "Property 'Nothing' not found" in ET.fromstring(refused.content)[1].text
    asked = api.get("API_LEDGER_SRV/A_Ledger", params={"$format": "json"}, headers={"Accept": "*/*"})
    assert len(asked.json()["d"]["results"]) == 2


def test_pages_lead_on_at_the_same_address_with_the_calls_own_options(api: httpx.Client, url: str) -> None:
    first = read(api, LINES, filter="Ledger eq '0L'", inlinecount="allpages", top="1500", orderby="GLAccount,AccountingDocument")
    assert len(first["results"]) == 1000
    assert isinstance(first["__count"], str)
    assert int(first["__count"]) > 8000
    assert first["__next"].startswith(f"{url}{V2}/{LINES}?")
    second = api.get(first["__next"]).json()["d"]
    assert (len(second["results"]), "__next" in second) == (500, False)
    skipped = rows(api, LINES, filter="Ledger eq '0L'", top="500", skip="1000", orderby="GLAccount,AccountingDocument")
    assert [row["__metadata"]["uri"] for row in second["results"]] == [row["__metadata"]["uri"] for row in skipped]
    rebuilt = first["__next"].replace("orderby=GLAccount", "orderby=PostingDate")
    assert api.get(rebuilt).status_code == 400, "a token holds for its own options only"
    expanded = read(api, "API_BILLING_DOCUMENT_SRV/A_BillingDocument", expand="to_Item")
    assert (len(expanded["results"]), "__next" in expanded) == (200, True)


def test_navigations_are_deferred_or_expanded_and_texts_come_in_the_language_asked_for(api: httpx.Client) -> None:
    partner = rows(api, "API_BUSINESS_PARTNER/A_BusinessPartner", filter="Supplier ne ''", top="1")[0]
    address = api.get(partner["to_BusinessPartnerAddress"]["__deferred"]["uri"]).json()["d"]["results"][0]
    assert address["BusinessPartner"] == partner["BusinessPartner"]
    supplier = api.get(partner["to_Supplier"]["__deferred"]["uri"]).json()["d"]
    assert supplier["SupplierName"] == partner["BusinessPartnerName"]
    deep = rows(api, "API_BUSINESS_PARTNER/A_BusinessPartner", expand="to_BusinessPartnerAddress/to_EmailAddress", top="1")[0]
    emails = deep["to_BusinessPartnerAddress"]["results"][0]["to_EmailAddress"]["results"]
    assert "@" in emails[0]["EmailAddress"]
    bank = {"$filter": "GLAccount eq '0000001000'", "$top": "1"}
    texts = [api.get(ITEMS, params={**bank, "sap-language": language}).json()["d"]["results"][0] for language in ("EN", "DE")]
    assert [text["GLAccountName"] for text in texts] == ["Operating Bank Account", "Bankkonto"]


def test_the_newer_protocol_has_its_own_envelope_numbers_and_dates(url: str) -> None:
    with httpx.Client(base_url=f"{url}{V4}", auth=(USERNAME, PASSWORD), headers=JSON) as api:
        query = {
            "$filter": "Ledger eq '0L' and PostingDate ge 2026-05-01",
            "$count": "true",
            "$select": "AmountInCompanyCodeCurrency,PostingDate,LastChangeDateTime",
        }
        answer = api.get("GLAccountLineItem", params={**query, "$top": "1"}).json()
        row = answer["value"][0]
        assert isinstance(answer["@odata.count"], int)
        assert isinstance(row["AmountInCompanyCodeCurrency"], float | int)
        assert re.fullmatch(r"2026-0[5-6]-\d\d", row["PostingDate"])
        assert row["LastChangeDateTime"].endswith("Z")
        exact = api.get(
            "GLAccountLineItem", params={**query, "$top": "1"}, headers={"Accept": "application/json;IEEE754Compatible=true"}
        )
        assert isinstance(exact.json()["value"][0]["AmountInCompanyCodeCurrency"], str)
        many = api.get("GLAccountLineItem", params={"$filter": "Ledger eq '0L'"}).json()
        following = api.get(many["@odata.nextLink"]).json()["value"]
        assert len(following) == 1000
        assert following[0] != many["value"][0]
        refused = api.get("GLAccountLineItem", params={"$filter": "Nothing eq 1"})
        assert refused.status_code == 400
        assert "Nothing" in refused.json()["error"]["message"]


@pytest.fixture(scope="module")
def alone(meridian: Path) -> Iterator[tuple[str, VirtualClock]]:
    """With its limits, and a clock that can be moved."""
    with serving(sap, meridian, limits=True) as running:
        yield running


def test_credentials_are_asked_for_by_the_application_server_in_html(alone: tuple[str, VirtualClock]) -> None:
    url = f"{alone[0]}{V2}/API_LEDGER_SRV/A_Ledger"
    for auth, headers in (
        (None, {}),
        ((USERNAME, "wrong"), {}),
        (None, {"APIKey": "wrong"}),
        (None, {"Authorization": "Bearer wrong"}),
    ):
        answer = httpx.get(url, auth=auth, headers={**JSON, **headers})
        assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (401, "text/html")
        assert answer.headers["www-authenticate"].startswith('Basic realm="SAP NetWeaver')
    assert httpx.get(url, headers={**JSON, "APIKey": API_KEY}).status_code == 200
    assert httpx.get(url, auth=(USERNAME, PASSWORD), params={"sap-client": "200"}).status_code == 401, (
        "another client of the system"
    )
    assert httpx.get(url, auth=(USERNAME, PASSWORD), headers={"sap-client": "100"}).status_code == 200


def test_tokens_come_from_the_platform_or_for_an_assertion_and_die_after_an_hour(alone: tuple[str, VirtualClock]) -> None:
    url, clock = alone
    client = ("sandbox-client", "sandbox-secret")
    platform = httpx.post(f"{url}/sap/oauth/token", data={"grant_type": "client_credentials"}, auth=client).json()
    assert (platform["token_type"], platform["expires_in"]) == ("Bearer", 3600)
    abap = f"{url}/sap/sap/bc/sec/oauth2/token"
    assert httpx.post(abap, data={"grant_type": "client_credentials"}, auth=client).json() == {"error": "unsupported_grant_type"}
    saml = {"grant_type": "urn:ietf:params:oauth:grant-type:saml2-bearer", "assertion": "PHNhbWw+"}
    assert httpx.post(abap, data=saml, auth=client).status_code == 200
    headers = {**JSON, "Authorization": f"Bearer {platform['access_token']}"}
    assert httpx.get(f"{url}{V2}/API_LEDGER_SRV/A_Ledger", headers=headers).status_code == 200
    clock.advance(3700)
    assert httpx.get(f"{url}{V2}/API_LEDGER_SRV/A_Ledger", headers=headers).status_code == 401


def test_nothing_can_be_written(alone: tuple[str, VirtualClock]) -> None:
    url = f"{alone[0]}{V2}/API_BUSINESS_PARTNER/A_BusinessPartner"
    answer = httpx.post(url, json={}, auth=(USERNAME, PASSWORD))
    assert (answer.status_code, answer.headers["x-csrf-token"]) == (403, "Required")
    assert httpx.get(url, params={"$top": "1"}, auth=(USERNAME, PASSWORD), headers={"x-csrf-token": "Fetch"}).headers[
        "x-csrf-token"
    ]


def test_too_many_calls_meet_a_page_of_the_load_balancer(alone: tuple[str, VirtualClock]) -> None:
    with httpx.Client(base_url=alone[0], auth=(USERNAME, PASSWORD)) as client:
        for _ in range(2 * CALLS_PER_MINUTE + 10):
            answer = client.delete(f"{V2}/API_LEDGER_SRV/A_Ledger")
            if answer.status_code == 503:
                break
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (503, "text/html")
    assert 1 <= int(answer.headers["retry-after"]) <= 61

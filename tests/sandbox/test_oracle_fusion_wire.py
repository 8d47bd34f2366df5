"""Oracle Fusion's REST API on the wire: envelopes, paging, filters, children, credentials and errors as the vendor has them."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import jwt
import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from sandbox.server import RunningSandbox
from sandbox.vendors.oracle_fusion import PASSWORD, USERNAME
from sandbox.vendors.oracle_fusion.identity import AUDIENCE, SCOPE

API = "oracle_fusion/fscmRestApi/resources/11.13.18.05/"
ADF_ERROR = "application/vnd.oracle.adf.error+json"
EVERYTHING = "-".join("%" * 7)


@pytest.fixture
def fusion(group: RunningSandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{group.url}/{API}", auth=(USERNAME, PASSWORD), timeout=30) as client:
        yield client


def items(client: httpx.Client, path: str, framework: int = 4, **params: str) -> list[dict[str, Any]]:
    answer = client.get(path, params=params, headers={"REST-Framework-Version": str(framework)})
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def test_a_collection_has_the_vendors_envelope_and_tells_its_size_only_when_asked(fusion: httpx.Client) -> None:
    answer = fusion.get("journalBatches")
    assert answer.headers["content-type"] == "application/vnd.oracle.adf.resourcecollection+json"
    body = answer.json()
    assert list(body) == ["items", "count", "hasMore", "limit", "offset", "links"]
    assert (body["count"], body["limit"], body["offset"], body["hasMore"]) == (25, 25, 0, True)
    total = fusion.get("journalBatches", params={"totalResults": "true", "limit": "1"}).json()["totalResults"]
    assert total > 1000


def test_links_carry_the_servers_own_address_and_a_change_indicator(fusion: httpx.Client, group: RunningSandbox) -> None:
    item = items(fusion, "invoices", limit="1")[0]
    own = item["links"][0]
    assert (own["rel"], own["name"], own["kind"]) == ("self", "invoices", "item")
    assert own["href"].startswith(f"{group.url}/{API}invoices/00010000000EACED00057708")
    assert own["properties"]["changeIndicator"]
    assert {link["name"] for link in item["links"] if link["rel"] == "child"} == {"invoiceLines", "invoiceInstallments"}
    assert fusion.get(own["href"]).json()["InvoiceId"] == item["InvoiceId"]
    assert "links" not in items(fusion, "invoices", limit="1", onlyData="true")[0]


def test_pages_are_lowered_in_silence_and_the_count_leads_on(fusion: httpx.Client) -> None:
    found: list[int] = []
    while True:
        body = fusion.get(
            "journalBatches", params={"limit": "5000", "offset": str(len(found)), "orderBy": "JeBatchId:asc", "onlyData": "true"}
        ).json()
        assert body["limit"] == 499
        found += [item["JeBatchId"] for item in body["items"]]
        if not body["hasMore"]:
            break
    assert found == sorted(set(found))
    assert len(found) == fusion.get("journalBatches", params={"totalResults": "true"}).json()["totalResults"]


def test_children_are_reached_by_opaque_keys_that_nobody_can_build(fusion: httpx.Client) -> None:
    batch = items(fusion, "journalBatches", limit="1", q="UserJeSourceName = 'Payroll'")[0]
    header = items(fusion, f"journalBatches/{batch['JeBatchId']}/child/journalHeaders")[0]
    lines = next(link["href"] for link in header["links"] if link["rel"] == "child")
    body = fusion.get(lines, params={"limit": "499"}).json()
    assert body["limit"] == body["count"] == 10, "lines come in smaller pages than asked for"
    assert body["hasMore"]
    built = f"journalBatches/{batch['JeBatchId']}/child/journalHeaders/{header['JeHeaderId']}/child/journalLines"
    assert fusion.get(built).status_code == 404


def test_expanded_children_are_arrays_at_first_and_pages_from_framework_3_on(fusion: httpx.Client) -> None:
    params = {"expand": "journalHeaders.journalLines", "q": "UserJeSourceName='Payroll'", "limit": "1"}
    old = items(fusion, "journalBatches", framework=1, **params)[0]["journalHeaders"]
    new = items(fusion, "journalBatches", framework=4, **params)[0]["journalHeaders"]
    assert isinstance(old, list)
    assert len(old[0]["journalLines"]) > 10
    assert (new["count"], new["hasMore"], new["offset"], new["limit"]) == (1, False, 0, 25)
    assert new["items"][0]["journalLines"]["hasMore"]


def test_each_framework_has_its_own_filters(fusion: httpx.Client) -> None:
    posted = items(fusion, "journalBatches", framework=1, q="Status='P';UserJeSourceName LIKE 'Pay*'", limit="400", onlyData="true")
    same = items(
        fusion, "journalBatches", q="Status = 'P' and (UserJeSourceName in ('Payroll', 'Payables'))", limit="400", onlyData="true"
    )
    assert {item["UserJeSourceName"] for item in posted} <= {"Payables", "Payroll"}
    assert {item["JeBatchId"] for item in posted} == {item["JeBatchId"] for item in same}
    since = items(fusion, "journalBatches", q="LastUpdateDate>'2026-06-29T00:00:00+00:00'", onlyData="true", limit="100")
    assert since
    assert all(item["LastUpdateDate"] > "2026-06-29" for item in since)
    for framework, query in ((1, "Status='P' and Status='P'"), (4, "Status='P';Status='P'"), (4, "Colour='red'")):
        refused = fusion.get("journalBatches", params={"q": query}, headers={"REST-Framework-Version": str(framework)})
        assert refused.status_code == 400, query


def test_fields_narrow_and_are_deadly_for_the_state_of_receipts(fusion: httpx.Client) -> None:
    narrow = items(fusion, "standardReceipts", fields="ReceiptNumber,Amount", onlyData="true", limit="1")[0]
    assert set(narrow) == {"ReceiptNumber", "Amount"}
    assert fusion.get("standardReceipts", params={"fields": "ReceiptNumber,Status"}).status_code == 500
    both = items(fusion, "invoices", fields="InvoiceId", expand="invoiceLines", limit="1", onlyData="true")[0]
    assert set(both) == {"InvoiceId"}, "fields wins over expand"


def test_balances_and_rates_answer_through_their_finders_only(fusion: httpx.Client) -> None:
    assert fusion.get("ledgerBalances").status_code == 400
    assert fusion.get("ledgerBalances", params={"finder": "AccountBalanceFinder;currency=JPY,mode=Detail"}).status_code == 400
    finder = f"AccountBalanceFinder;accountCombination={EVERYTHING},accountingPeriod=Jan-26,currency=JPY,ledgerName=Meridian Japan KK Primary Ledger"
    detail = items(fusion, "ledgerBalances", finder=f"{finder},mode=Detail", limit="499", onlyData="true")
    assert len(detail) > 30
    assert sum(row["PeriodActivity"] for row in detail) == 0 == sum(row["EndingBalance"] for row in detail)
    assert all(row["BeginningBalance"] + row["PeriodActivity"] == row["EndingBalance"] for row in detail)
    summary = items(fusion, "ledgerBalances", finder=f"{finder},mode=Summary", onlyData="true")
    assert [(row["PeriodName"], row["DetailAccountCombination"]) for row in summary] == [(None, None)]
    rates = items(
        fusion,
        "currencyRates",
        finder="CurrencyRatesFinder;fromCurrency=USD,toCurrency=JPY,userConversionType=Corporate,startDate=2026-01-01,endDate=2026-01-31",
    )
    assert 18 <= len(rates) <= 23
    assert all(100 < rate["ConversionRate"] < 200 for rate in rates)
    assert fusion.get("journalBatches", params={"finder": "JournalsFinder;Colour=red"}).status_code == 400


def test_yen_have_no_decimals_and_every_number_is_a_number(fusion: httpx.Client) -> None:
    body = fusion.get("invoices", params={"limit": "200", "onlyData": "true"}).content
    exact = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    for item in msgspec.json.decode(exact["items"], type=list[dict[str, msgspec.Raw]]):
        amount = bytes(item["InvoiceAmount"])
        assert b'"' not in amount
        assert bytes(item["InvoiceCurrency"]) != b'"JPY"' or Decimal(amount.decode()) % 1 == 0
        assert bytes(item["InvoiceDate"])[:3] == b'"20'
    created = fusion.get("invoices", params={"limit": "1"}).json()["items"][0]["CreationDate"]
    assert datetime.fromisoformat(created).utcoffset() == timedelta(0)


def test_errors_are_plain_text_unless_the_caller_takes_json(fusion: httpx.Client) -> None:
    plain = fusion.get("invoices", params={"q": "Colour='red'"})
    assert (plain.status_code, plain.headers["content-type"].split(";")[0]) == (400, "text/plain")
    told = fusion.get("invoices", params={"q": "Colour='red'"}, headers={"Accept": ADF_ERROR})
    assert told.headers["content-type"] == ADF_ERROR
    assert told.json()["o:errorDetails"][0]["o:errorCode"]
    assert fusion.get("colours").status_code == 404
    assert fusion.get("invoices", headers={"REST-Framework-Version": "77"}).status_code == 400


def test_a_resource_describes_its_attributes_and_finders(fusion: httpx.Client) -> None:
    told = fusion.get("standardReceipts/describe").json()["Resources"]["standardReceipts"]
    attributes = {attribute["name"]: attribute for attribute in told["attributes"]}
    assert attributes["Amount"]["type"] == "number"
    assert attributes["LastUpdateDate"]["queryable"] is False
    assert told["collection"]["finders"][0]["name"] == "PrimaryKey"


def test_statuses_tell_what_is_not_final(fusion: httpx.Client) -> None:
    assert {row["Status"] for row in items(fusion, "journalBatches", q="Status = 'U'", onlyData="true")} == {"U"}
    canceled = items(fusion, "invoices", q="ValidationStatus = 'Canceled'", onlyData="true")
    assert canceled
    assert all((row["CanceledFlag"], row["InvoiceAmount"]) == (True, 0) and row["CanceledDate"] for row in canceled)
    reversed_batches = items(fusion, "journalBatches", q="ReversalFlag = true", limit="100", onlyData="true")
    assert {"Revaluation", "Manual"} <= {row["UserJeSourceName"] for row in reversed_batches}


def token(url: str, secret: str = "sandbox-secret", **form: str) -> httpx.Response:
    return httpx.post(f"{url}/oracle_fusion/oauth2/v1/token", data=form, auth=("sandbox-client", secret), timeout=60)


def test_the_identity_domain_issues_tokens_that_end(group: RunningSandbox) -> None:
    granted = token(group.url, grant_type="client_credentials", scope=SCOPE)
    assert granted.json().keys() == {"access_token", "token_type", "expires_in"}
    assert granted.json()["expires_in"] == 3600
    url = f"{group.url}/{API}ledgersLOV"
    assert httpx.get(url, headers={"Authorization": f"Bearer {granted.json()['access_token']}"}).status_code == 200
    ended = token(group.url, grant_type="client_credentials", scope=f"{SCOPE} urn:opc:resource:expiry=0").json()["access_token"]
    for headers in ({"Authorization": f"Bearer {ended}"}, {}, {"Authorization": "Basic bm9ib2R5OngK"}):
        refused = httpx.get(url, headers=headers)
        assert refused.status_code == 401
        assert "html" in refused.headers["content-type"]
    assert token(group.url, secret="wrong", grant_type="client_credentials", scope=SCOPE).json()["error"] == "invalid_client"
    assert token(group.url, grant_type="client_credentials", scope="other").json()["error"] == "invalid_scope"


def key_and_certificate() -> tuple[str, str]:
    """A private key and a certificate of its own, both PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hub")])
    now = datetime.now(UTC)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    certificate = built.not_valid_before(now).not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return private, certificate.public_bytes(Encoding.PEM).decode()


@pytest.fixture(scope="module")
def trusted(group: RunningSandbox) -> tuple[str, str]:
    """A key whose certificate the pod trusts."""
    private, certificate = key_and_certificate()
    httpx.post(f"{group.url}/oracle_fusion/_sandbox/certificate", content=certificate, timeout=60)
    return private, certificate


def test_jwts_of_a_trusted_issuer_and_users_assertions_are_accepted_when_signed_right(
    group: RunningSandbox, trusted: tuple[str, str]
) -> None:
    der = x509.load_pem_x509_certificate(trusted[1].encode()).public_bytes(Encoding.DER)
    digest = hashes.Hash(hashes.SHA1())
    digest.update(der)
    now = int(time.time())
    claims = {"iss": "hub", "prn": USERNAME, "iat": now, "exp": now + 300}
    head = {"x5t": base64.b64encode(digest.finalize()).decode()}
    url = f"{group.url}/{API}ledgersLOV"
    for key, status in ((trusted[0], 200), (key_and_certificate()[0], 401)):
        signed = jwt.encode(claims, key, algorithm="RS256", headers=head)
        assert httpx.get(url, headers={"Authorization": f"Bearer {signed}"}).status_code == status
    assertion = jwt.encode(
        {"iss": "sandbox-client", "sub": USERNAME, "aud": AUDIENCE, "iat": now, "exp": now + 300}, trusted[0], "RS256"
    )
    grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    assert token(group.url, grant_type=grant, assertion=assertion, scope=SCOPE).status_code == 200
    assert token(group.url, grant_type=grant, assertion="x.y.z", scope=SCOPE).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(("kind", "status"), [("throttle", 503), ("day_limit", 503), ("unauthorized", 401), ("forbidden", 403)])
def test_overload_is_503_for_no_limits_are_published(kind: str, status: int, fusion: httpx.Client, group: RunningSandbox) -> None:
    httpx.post(f"{group.url}/_sandbox/faults", json={"vendor": "oracle_fusion", "path": "*/ledgersLOV", "kind": kind})
    assert fusion.get("ledgersLOV").status_code == status
    assert fusion.get("ledgersLOV").status_code == 200


def test_a_fault_can_be_bound_to_a_parameter_or_change_one(fusion: httpx.Client, group: RunningSandbox) -> None:
    only = {"vendor": "oracle_fusion", "path": "*/invoices", "kind": "server_error", "query": "*totalResults=true*", "times": 1}
    httpx.post(f"{group.url}/_sandbox/faults", json=only)
    assert fusion.get("invoices").status_code == 200
    assert fusion.get("invoices", params={"totalResults": "true"}).status_code == 500
    httpx.post(
        f"{group.url}/_sandbox/faults",
        json={"vendor": "oracle_fusion", "path": "*/invoices", "kind": "rewrite", "set": {"limit": "7"}},
    )
    lowered = fusion.get("invoices", params={"limit": "100"}).json()
    assert (lowered["limit"], lowered["count"], lowered["hasMore"]) == (7, 7, True)

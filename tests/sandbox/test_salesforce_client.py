"""The org through `simple-salesforce`, with nothing changed but where its calls go."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import duckdb
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce, SalesforceAuthenticationFailed, SalesforceMalformedRequest, format_soql

from sandbox.vendors import salesforce
from sandbox.vendors.salesforce.access import USERNAME
from sandbox.vendors.wire import Vendor, VirtualClock
from tests.sandbox.serving import serving

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Signed:
    """The vendor whose connected app knows the certificate of ``KEY``."""

    @staticmethod
    def vendor(company: Path, clock: VirtualClock, *, limits: bool = True) -> Vendor:
        return salesforce.vendor(company, clock, limits=limits, certificate=KEY.public_key())


class ToSandbox(HTTPAdapter):
    """Sends what is meant for the vendor's hosts to the sandbox: scheme and host are replaced, and nothing else."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._netloc = urlsplit(url).netloc

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        parts = urlsplit(request.url or "")
        request.url = urlunsplit(("http", self._netloc, parts.path, parts.query, ""))
        return super().send(request, *args, **kwargs)


@pytest.fixture(scope="module")
def url(meridian: Path) -> Iterator[str]:
    with serving(Signed, meridian) as (url, _clock):  # type: ignore[arg-type]
        yield url


def session(url: str) -> requests.Session:
    made = requests.Session()
    made.mount("https://", ToSandbox(url))
    return made


@pytest.fixture(scope="module")
def org(url: str) -> Salesforce:
    app = {"consumer_key": "sandbox-client", "consumer_secret": "sandbox-secret"}
    return Salesforce(**app, domain="acme.my", version="62.0", session=session(url))


def deals(company: Path) -> list[tuple[str, float]]:
    """The company's deals that were not deleted by the end of its history."""
    with duckdb.connect() as db:
        db.execute(f"attach '{company}' as meridian (read_only)")
        return db.execute("""
            select o.name, o.amount::double from meridian.company.opportunity o join meridian.company.entity e using (entity_id)
            where e.crm = 'salesforce' and o.created_at <= timestamp '2026-06-30 23:59:59' and (o.deleted_at > timestamp '2026-06-30 23:59:59') is not false
            order by all
        """).fetchall()


def test_every_page_of_a_query_is_read_and_equals_the_company(org: Salesforce, meridian: Path) -> None:
    found = org.query_all_iter("SELECT Name, Amount FROM Opportunity WHERE IsDeleted = false", include_deleted=True)
    assert sorted((row["Name"], row["Amount"]) for row in found) == deals(meridian)
    contacts = org.query_all("SELECT Id, Account.Name FROM Contact ORDER BY CreatedDate")
    assert contacts["totalSize"] == len(contacts["records"]) > 1000
    assert all(row["Account"]["Name"] for row in contacts["records"])
    counted = org.query("SELECT COUNT() FROM Lead")["totalSize"]
    assert len(org.query_all("SELECT Id FROM Lead")["records"]) == counted > 2000


def test_the_days_calls_are_counted_in_a_header_and_in_the_limits(org: Salesforce) -> None:
    org.query("SELECT Id FROM User LIMIT 1")
    used, most = org.api_usage["api-usage"]
    limits = org.limits()
    assert limits["DailyApiRequests"] == {"Max": most, "Remaining": most - used - 1}
    assert org.api_usage["api-usage"].used == used + 1


def test_objects_are_described_listed_and_read_singly(org: Salesforce) -> None:
    fields = {field["name"]: field for field in org.Opportunity.describe()["fields"]}
    assert (fields["Amount"]["type"], fields["Selling_Entity__c"]["custom"]) == ("currency", True)
    assert fields["AccountId"]["referenceTo"] == ["Account"]
    assert {one["name"] for one in org.describe()["sobjects"]} > {"Lead", "Contact", "OpportunityFieldHistory"}
    first = org.query("SELECT Id, Name FROM Account LIMIT 1")["records"][0]
    assert org.Account.get(first["Id"])["Name"] == first["Name"]
    statement = format_soql(
        "SELECT Id FROM Account WHERE Name = {} AND CreatedDate > {}", first["Name"], datetime(2020, 1, 1, tzinfo=UTC)
    )
    assert first["Id"] in {row["Id"] for row in org.query(statement)["records"]}


def test_a_job_gives_what_the_query_gives_page_by_page(org: Salesforce) -> None:
    statement = "SELECT Id, Amount, IsWon, CloseDate FROM Opportunity"
    pages = list(org.bulk2.Opportunity.query(statement, max_records=400, wait=0))
    rows = [row for page in pages for row in csv.DictReader(io.StringIO(page))]
    wanted = org.query_all(statement)["records"]
    assert len(pages) == -(-len(wanted) // 400) > 2
    assert [(row["Id"], row["Amount"], row["IsWon"], row["CloseDate"]) for row in rows] == [
        (row["Id"], str(row["Amount"]), str(row["IsWon"]).lower(), row["CloseDate"]) for row in wanted
    ]


def test_an_assertion_whose_end_is_a_text_is_accepted_and_a_strange_user_is_not(url: str) -> None:
    pem = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    org = Salesforce(username=USERNAME, consumer_key="sandbox-client", privatekey=pem, session=session(url))
    assert org.query("SELECT Id FROM Organization")["totalSize"] == 1
    with pytest.raises(SalesforceAuthenticationFailed, match="hasn't approved"), pytest.warns(UserWarning, match="authorize this"):
        Salesforce(username="nobody@meridian.example", consumer_key="sandbox-client", privatekey=pem, session=session(url))


def test_a_refused_query_reaches_the_caller_with_its_code(org: Salesforce) -> None:
    with pytest.raises(SalesforceMalformedRequest) as refused:
        org.query("SELECT Nothing FROM Lead")
    assert refused.value.content[0]["errorCode"] == "INVALID_FIELD"


def test_what_changed_and_what_was_deleted_is_told_for_a_span(org: Salesforce) -> None:
    start, end = datetime(2026, 6, 10, tzinfo=UTC), datetime(2026, 6, 30, tzinfo=UTC)
    gone = {row["id"] for row in org.Account.deleted(start, end)["deletedRecords"]}
    merged = org.query_all("SELECT Id, MasterRecordId FROM Account WHERE IsDeleted = true", include_deleted=True)["records"]
    assert gone <= {row["Id"] for row in merged}
    assert all(row["MasterRecordId"] for row in merged)
    changed = org.Opportunity.updated(start, end)["ids"]
    asked = "SELECT Id FROM Opportunity WHERE SystemModstamp >= 2026-06-10T00:00:00Z AND SystemModstamp <= 2026-06-30T00:00:00Z ORDER BY Id"
    assert changed == [row["Id"] for row in org.query_all(asked)["records"]]

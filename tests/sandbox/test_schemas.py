"""The emulators' answers against the response schemas that the vendors' own packages carry: no unknown field, every type right."""

from __future__ import annotations

import enum
import importlib
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import httpx
import pytest

from sandbox.server import RunningSandbox
from tests.sandbox.test_hubspot_wire import called
from tests.sandbox.test_xero_emulator import Xero, grant

PLAIN = {
    "str": str,
    "int": int,
    "float": (int, float),
    "bool": bool,
    "datetime": str,
    "date": str,
    "object": object,
    "file": object,
}
# What the APIs send and the generated schemas lack: Xero's envelope and its dates as text, the UTM name of a HubSpot e-mail.
BEYOND = {"Id", "Status", "ProviderName", "DateTimeUTC", "DateString", "DueDateString", "campaignUtm"} | {
    "primaryEmailCampaignId",  # the ids that the event log knows an e-mail by
    "emailCampaignGroupId",
    "allEmailCampaignIds",
}


def violations(schema: str, value: Any, models: ModuleType, path: str = "") -> Iterator[str]:
    """Where a JSON value breaks a schema: ``list[Invoice]``, ``dict[str, X]``, a plain type or a model of the package."""
    if value is None:
        return
    if found := re.fullmatch(r"list\[(.+)\]", schema):
        if not isinstance(value, list):
            yield f"{path}: a list is expected"
            return
        for number, item in enumerate(value):
            yield from violations(found[1], item, models, f"{path}[{number}]")
    elif found := re.fullmatch(r"dict[\[(]str, (.+)[\])]", schema):
        for name, item in value.items():
            yield from violations(found[1], item, models, f"{path}.{name}")
    elif (plain := schema.partition("[")[0]) in PLAIN:
        if not isinstance(value, PLAIN[plain]) or (plain in {"int", "float"} and isinstance(value, bool)):
            yield f"{path}: {schema} is expected, not {value!r}"
    else:
        yield from _of_model(getattr(models, schema), value, models, path)


def _of_model(model: Any, value: Any, models: ModuleType, path: str) -> Iterator[str]:
    if isinstance(model, type) and issubclass(model, enum.Enum):
        if value not in {member.value for member in model}:
            yield f"{path}: {value!r} is none of {model.__name__}"
        return
    if not hasattr(model, "attribute_map") or not isinstance(value, dict):
        return
    names = {sent: name for name, sent in model.attribute_map.items()}
    for sent, item in value.items():
        if sent in names:
            yield from violations(model.openapi_types[names[sent]], item, models, f"{path}.{sent}")
        elif sent not in BEYOND:
            yield f"{path}.{sent}: unknown to {model.__name__}"


XERO = {
    "Organisation": "Organisations",
    "Accounts": "Accounts",
    "Journals": "Journals",
    "Invoices?page=1": "Invoices",
    "CreditNotes?page=1": "CreditNotes",
    "BankTransactions?page=1": "BankTransactions",
    "Payments?page=1": "Payments",
    "Contacts?page=1": "Contacts",
    "Prepayments?page=1": "Prepayments",
    "Overpayments?page=1": "Overpayments",
    "BatchPayments": "BatchPayments",
    "ManualJournals?page=1": "ManualJournals",
    "Items": "Items",
    "TaxRates": "TaxRates",
    "Currencies": "Currencies",
    "TrackingCategories": "TrackingCategories",
    "Budgets": "Budgets",
}
HUBSPOT = {
    "crm/v3/objects/contacts?limit=100": (
        "hubspot.crm.contacts.models",
        "CollectionResponseSimplePublicObjectWithAssociationsForwardPaging",
    ),
    "crm/v3/objects/companies?limit=100": (
        "hubspot.crm.companies.models",
        "CollectionResponseSimplePublicObjectWithAssociationsForwardPaging",
    ),
    "crm/v3/objects/deals?limit=100": (
        "hubspot.crm.deals.models",
        "CollectionResponseSimplePublicObjectWithAssociationsForwardPaging",
    ),
    "crm/v3/objects/line_items?limit=100": (
        "hubspot.crm.line_items.models",
        "CollectionResponseSimplePublicObjectWithAssociationsForwardPaging",
    ),
    "crm/v3/owners": ("hubspot.crm.owners.models", "CollectionResponsePublicOwnerForwardPaging"),
    "crm/v3/pipelines/deals": ("hubspot.crm.pipelines.models", "CollectionResponsePipelineNoPaging"),
    "marketing/v3/forms": ("hubspot.marketing.forms.models", "CollectionResponseFormDefinitionBaseForwardPaging"),
    "marketing/v3/emails?includeStats=true": (
        "hubspot.marketing.emails.models",
        "CollectionResponseWithTotalPublicEmailForwardPaging",
    ),
}


@pytest.mark.parametrize("path", XERO)
def test_xero_answers_are_those_of_the_vendors_schema(path: str, group: RunningSandbox) -> None:
    _matches(group, path, XERO[path])


@pytest.mark.parametrize("path", ["BankTransfers?includeDeleted=true", "ManualJournals?page=1", "Currencies"])
def test_xero_answers_from_real_shaped_books_are_too(path: str, sandbox: RunningSandbox) -> None:
    _matches(sandbox, path, path.partition("?")[0])


def _matches(running: RunningSandbox, path: str, schema: str) -> None:
    xero = Xero(running.url, grant(running.url, grant_type="client_credentials"))
    headers = {"Authorization": f"Bearer {xero.token['access_token']}", "xero-tenant-id": xero.tenant, "Accept": "application/json"}
    answer = httpx.get(f"{running.url}/xero/api.xro/2.0/{path}", headers=headers).json()
    models = importlib.import_module("xero_python.accounting.models")
    assert any(answer[name] for name in answer if isinstance(answer[name], list))
    assert sorted(set(violations(schema, answer, models)))[:10] == []


@pytest.mark.parametrize("path", HUBSPOT)
def test_hubspot_answers_are_those_of_the_vendors_schema(path: str, group: RunningSandbox) -> None:
    module, schema = HUBSPOT[path]
    models = importlib.import_module(module)
    with called(group) as client:
        answer = client.get(path).json()
    assert answer["results"]
    assert sorted(set(violations(schema, answer, models)))[:10] == []


def test_the_comparison_finds_what_is_wrong() -> None:
    models = importlib.import_module("xero_python.accounting.models")
    wrong = {"Invoices": [{"Total": "12.30", "Colour": "red", "LineItems": {}}]}
    assert len(list(violations("Invoices", wrong, models))) == 3

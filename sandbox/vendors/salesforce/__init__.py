"""Salesforce: REST queries and the Bulk API 2.0 of one org that serves several entities of the company."""

from __future__ import annotations

from pathlib import Path

from sandbox.vendors.salesforce.access import Access, PublicKey
from sandbox.vendors.salesforce.app import CALLS_IN_A_DAY, NAME, SalesforceApi
from sandbox.vendors.salesforce.store import SalesforceStore
from sandbox.vendors.tokens import CLIENT_ID, CLIENT_SECRET
from sandbox.vendors.wire import Vendor, VirtualClock


def vendor(
    company: Path,
    clock: VirtualClock,
    *,
    limits: bool = True,
    hidden: frozenset[str] = frozenset(),
    multi_currency: bool = True,
    only_rest: frozenset[str] = frozenset(),
    calls_a_day: int = CALLS_IN_A_DAY,
    certificate: PublicKey | None = None,
) -> Vendor:
    """An emulator that shows the customer relations of all entities that share the org, as of the clock's horizon.

    ``hidden`` are objects (``LeadHistory``) and fields (``Lead.Phone``) that the user may not see; an org without
    ``multi_currency`` has no currencies at all; ``only_rest`` are objects that the Bulk API does not support; ``certificate`` is
    what assertions of the JWT bearer flow are checked with.
    """
    store = SalesforceStore(company)
    store.move(clock.horizon)
    access = Access(clock.now, certificate)
    api = SalesforceApi(
        store,
        clock,
        access,
        limits=limits,
        hidden=hidden,
        multi_currency=multi_currency,
        only_rest=only_rest,
        calls_a_day=calls_a_day,
    )
    keys = {
        "system": NAME,
        "entity": store.entity_name,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "base_url": f"{{url}}/{NAME}",
        "token_url": f"{{url}}/{NAME}/services/oauth2/token",
        "entity_field": "Selling_Entity__c",
        "mql_field": "MQL_Date__c",
        "sql_field": "SQL_Date__c",
        "utm_field": "UTM_Campaign__c",
        "term_field": "Term_Months__c",
    }
    return Vendor(NAME, api.app(), store.move, api.error, {"salesforce_group": keys}, at_root=("/services",))


def identifiers(company: Path) -> dict[str, dict[str, str]]:
    """Kind of record -> id in the simulated company -> id in this org, for those who score what was found against the truth.

    A person is a lead, a contact, or both: a lead that was converted into the contact.
    """
    return SalesforceStore(company).identifiers()


__all__ = ["NAME", "identifiers", "vendor"]

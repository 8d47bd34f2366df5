"""Every system that the hub can read: one entry each. A new source is a folder and an entry here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType

import msgspec

from dlt_sources.anaplan import AnaplanSettings
from dlt_sources.anaplan.records import TABLES as ANAPLAN_TABLES
from dlt_sources.database import DatabaseSettings
from dlt_sources.database.records import TABLES as DATABASE_TABLES
from dlt_sources.ecb import TABLES as ECB_TABLES
from dlt_sources.ecb import EcbSettings
from dlt_sources.google_ads import GoogleAdsSettings
from dlt_sources.google_ads.records import TABLES as GOOGLE_ADS_TABLES
from dlt_sources.hubspot import HubSpotSettings
from dlt_sources.hubspot.records import TABLES as HUBSPOT_TABLES
from dlt_sources.linkedin_ads import LinkedInAdsSettings
from dlt_sources.linkedin_ads.records import TABLES as LINKEDIN_ADS_TABLES
from dlt_sources.mailchimp import MailchimpSettings
from dlt_sources.mailchimp.records import TABLES as MAILCHIMP_TABLES
from dlt_sources.marketo import MarketoSettings
from dlt_sources.marketo.records import TABLES as MARKETO_TABLES
from dlt_sources.meta_ads import MetaAdsSettings
from dlt_sources.meta_ads.records import TABLES as META_ADS_TABLES
from dlt_sources.netsuite import NetSuiteSettings
from dlt_sources.netsuite.records import TABLES as NETSUITE_TABLES
from dlt_sources.oracle_fusion import TABLES as ORACLE_FUSION_TABLES
from dlt_sources.oracle_fusion import OracleSettings
from dlt_sources.pipedrive import PipedriveSettings
from dlt_sources.pipedrive.records import TABLES as PIPEDRIVE_TABLES
from dlt_sources.quickbooks import QuickBooksSettings
from dlt_sources.quickbooks.records import TABLES as QUICKBOOKS_TABLES
from dlt_sources.records import Table
from dlt_sources.records.intake import EXTRACTION, QUARANTINE
from dlt_sources.salesforce import SalesforceSettings
from dlt_sources.salesforce.records import TABLES as SALESFORCE_TABLES
from dlt_sources.sap import SapSettings
from dlt_sources.sap.records import TABLES as SAP_TABLES
from dlt_sources.vena import VenaSettings
from dlt_sources.vena.records import TABLES as VENA_TABLES
from dlt_sources.web_events import WebEventsSettings
from dlt_sources.web_events.records import TABLES as WEB_EVENTS_TABLES
from dlt_sources.xero import XeroSettings
from dlt_sources.xero.records import TABLES as XERO_TABLES


@dataclass(frozen=True)
class System:
    """One vendor's system. ``kind`` is erp, crm, marketing, planning or reference; ``cron`` is when its data is fetched."""

    name: str
    title: str
    kind: str
    tables: tuple[Table, ...]
    settings: type[msgspec.Struct]
    cron: str
    docs: str

    @property
    def all_tables(self) -> tuple[Table, ...]:
        """Its own tables, and the two that every system has: what was set aside, and what each extraction did."""
        return (*self.tables, QUARANTINE, EXTRACTION)

    def module(self) -> ModuleType:
        """The source's package: ``source(connection, unavailable)`` and ``check(connection)``."""
        return import_module(f"dlt_sources.{self.name}")


SYSTEMS: Mapping[str, System] = {
    system.name: system
    for system in (
        System(
            name="xero",
            title="Xero",
            kind="erp",
            tables=XERO_TABLES,
            settings=XeroSettings,
            cron="7 * * * *",
            docs="dlt_sources/xero/README.md",
        ),
        System(
            name="quickbooks",
            title="QuickBooks Online",
            kind="erp",
            tables=QUICKBOOKS_TABLES,
            settings=QuickBooksSettings,
            cron="12 * * * *",
            docs="dlt_sources/quickbooks/README.md",
        ),
        System(
            name="database",
            title="Database (ODBC, JDBC)",
            kind="erp",
            tables=DATABASE_TABLES,
            settings=DatabaseSettings,
            cron="52 * * * *",
            docs="dlt_sources/database/README.md",
        ),
        System(
            name="netsuite",
            title="NetSuite",
            kind="erp",
            tables=NETSUITE_TABLES,
            settings=NetSuiteSettings,
            cron="37 * * * *",
            docs="dlt_sources/netsuite/README.md",
        ),
        System(
            name="sap",
            title="SAP S/4HANA",
            kind="erp",
            tables=SAP_TABLES,
            settings=SapSettings,
            cron="13 * * * *",
            docs="dlt_sources/sap/README.md",
        ),
        System(
            name="oracle_fusion",
            title="Oracle Fusion Cloud Financials",
            kind="erp",
            tables=ORACLE_FUSION_TABLES,
            settings=OracleSettings,
            cron="47 * * * *",
            docs="dlt_sources/oracle_fusion/README.md",
        ),
        System(
            name="hubspot",
            title="HubSpot",
            kind="crm",
            tables=HUBSPOT_TABLES,
            settings=HubSpotSettings,
            cron="17 * * * *",
            docs="dlt_sources/hubspot/README.md",
        ),
        System(
            name="pipedrive",
            title="Pipedrive",
            kind="crm",
            tables=PIPEDRIVE_TABLES,
            settings=PipedriveSettings,
            cron="32 * * * *",
            docs="dlt_sources/pipedrive/README.md",
        ),
        System(
            name="marketo",
            title="Marketo Engage",
            kind="marketing",
            tables=MARKETO_TABLES,
            settings=MarketoSettings,
            cron="22 * * * *",
            docs="dlt_sources/marketo/README.md",
        ),
        System(
            name="mailchimp",
            title="Mailchimp",
            kind="marketing",
            tables=MAILCHIMP_TABLES,
            settings=MailchimpSettings,
            cron="32 * * * *",
            docs="dlt_sources/mailchimp/README.md",
        ),
        System(
            name="google_ads",
            title="Google Ads",
            kind="marketing",
            tables=GOOGLE_ADS_TABLES,
            settings=GoogleAdsSettings,
            cron="3 */4 * * *",
            docs="dlt_sources/google_ads/README.md",
        ),
        System(
            name="meta_ads",
            title="Meta Ads",
            kind="marketing",
            tables=META_ADS_TABLES,
            settings=MetaAdsSettings,
            cron="8 */4 * * *",
            docs="dlt_sources/meta_ads/README.md",
        ),
        System(
            name="linkedin_ads",
            title="LinkedIn Ads",
            kind="marketing",
            tables=LINKEDIN_ADS_TABLES,
            settings=LinkedInAdsSettings,
            cron="18 */4 * * *",
            docs="dlt_sources/linkedin_ads/README.md",
        ),
        System(
            name="web_events",
            title="Web events (files)",
            kind="marketing",
            tables=WEB_EVENTS_TABLES,
            settings=WebEventsSettings,
            cron="23 * * * *",
            docs="dlt_sources/web_events/README.md",
        ),
        System(
            name="salesforce",
            title="Salesforce",
            kind="crm",
            tables=SALESFORCE_TABLES,
            settings=SalesforceSettings,
            cron="22 * * * *",
            docs="dlt_sources/salesforce/README.md",
        ),
        System(
            name="anaplan",
            title="Anaplan",
            kind="planning",
            tables=ANAPLAN_TABLES,
            settings=AnaplanSettings,
            cron="42 * * * *",
            docs="dlt_sources/anaplan/README.md",
        ),
        System(
            name="vena",
            title="Vena",
            kind="planning",
            tables=VENA_TABLES,
            settings=VenaSettings,
            cron="57 * * * *",
            docs="dlt_sources/vena/README.md",
        ),
        System(
            name="ecb",
            title="European Central Bank",
            kind="reference",
            tables=ECB_TABLES,
            settings=EcbSettings,
            cron="27 * * * *",
            docs="dlt_sources/ecb/README.md",
        ),
    )
}

"""What SAP sends of what costs are for: cost centres, profit centres, internal orders. Centres hold from one day to another."""

from __future__ import annotations

from typing import ClassVar

from dlt_sources.records import Day, Filled, Record, Table, names
from dlt_sources.records.intake import Endpoint
from dlt_sources.sap.wire import KNOWN, Listing, SapRecord


class CostCenter(SapRecord):
    """A cost centre as it is from one day to another."""

    controlling_area: str
    cost_center: str
    validity_end_date: Day
    validity_start_date: Day | None = None
    company_code: Filled | None = None
    cost_center_category: Filled | None = None
    cost_center_currency: Filled | None = None
    profit_center: Filled | None = None
    functional_area: Filled | None = None
    department: Filled | None = None
    cost_center_standard_hier_area: Filled | None = None
    cost_ctr_responsible_person_name: Filled | None = None
    cost_ctr_responsible_user: Filled | None = None
    country: Filled | None = None
    is_blkd_for_primary_costs_posting: Filled | None = None
    is_blocked_for_plan_primary_costs: Filled | None = None
    cost_center_creation_date: Day | None = None


class CostCenters(SapRecord):
    """All validities of one cost centre."""

    rows: list[CostCenter]


class CostCenterText(SapRecord):
    """The name of a cost centre in a language, from one day to another."""

    controlling_area: str
    cost_center: str
    language: str
    validity_end_date: Day
    validity_start_date: Day | None = None
    cost_center_name: Filled | None = None
    cost_center_description: Filled | None = None


class CostCenterTexts(SapRecord):
    """All names of one cost centre."""

    rows: list[CostCenterText]


class ProfitCenter(SapRecord):
    """A profit centre as it is from one day to another."""

    controlling_area: str
    profit_center: str
    validity_end_date: Day
    validity_start_date: Day | None = None
    company_code: Filled | None = None
    segment: Filled | None = None
    department: Filled | None = None
    profit_center_standard_hierarchy: Filled | None = None
    profit_ctr_responsible_person_name: Filled | None = None
    profit_ctr_responsible_user: Filled | None = None
    address_name: Filled | None = None
    additional_name: Filled | None = None
    profit_center_is_blocked: Filled | None = None
    country: Filled | None = None
    profit_center_creation_date: Day | None = None


class ProfitCenters(SapRecord):
    """All validities of one profit centre."""

    rows: list[ProfitCenter]


class InternalOrder(SapRecord):
    """An internal order: what costs are collected for, such as a campaign."""

    LEFT_OUT: ClassVar[frozenset[str]] = KNOWN | names(
        "BusinessArea Plant ReferenceOrder LastChangedByUser LastChangeTime ControllingObject ControllingObjectClass"
    )

    internal_order: str
    internal_order_description: Filled | None = None
    order_type: Filled | None = None
    order_category: Filled | None = None
    company_code: Filled | None = None
    controlling_area: Filled | None = None
    profit_center: Filled | None = None
    functional_area: Filled | None = None
    responsible_cost_center: Filled | None = None
    internal_order_responsible_user: Filled | None = None
    currency: Filled | None = None
    is_statistical_order: bool | None = None
    is_deleted: bool | None = None
    creation_date: Day | None = None
    created_by_user: Filled | None = None


def _own_rows(document: CostCenters | CostCenterTexts | ProfitCenters) -> list[tuple[Record]]:
    return [(row,) for row in document.rows]


COST_CENTERS = Listing(
    Endpoint(
        "cost_centers",
        CostCenters,
        (
            Table(
                "cost_centers",
                CostCenter,
                ("controlling_area", "cost_center", "validity_end_date"),
                "Cost centres. One row per cost centre and validity.",
                rows=_own_rows,
                replace=("controlling_area", "cost_center"),
            ),
        ),
        lambda d: f"{d.rows[0].controlling_area}|{d.rows[0].cost_center}",
    ),
    ("API_COSTCENTER_SRV/A_CostCenter", "API_JOURNALENTRYITEMBASIC_SRV/A_CostCenter"),
    ("ControllingArea", "CostCenter", "ValidityEndDate"),
    "grouped",
    group=("ControllingArea", "CostCenter"),
)
COST_CENTER_TEXTS = Listing(
    Endpoint(
        "cost_center_texts",
        CostCenterTexts,
        (
            Table(
                "cost_center_texts",
                CostCenterText,
                ("controlling_area", "cost_center", "language", "validity_end_date"),
                "Names of cost centres. One row per cost centre, language and validity.",
                rows=_own_rows,
                replace=("controlling_area", "cost_center"),
            ),
        ),
        lambda d: f"{d.rows[0].controlling_area}|{d.rows[0].cost_center}",
    ),
    ("API_COSTCENTER_SRV/A_CostCenterText",),
    ("ControllingArea", "CostCenter", "Language", "ValidityEndDate"),
    "grouped",
    group=("ControllingArea", "CostCenter"),
)
PROFIT_CENTERS = Listing(
    Endpoint(
        "profit_centers",
        ProfitCenters,
        (
            Table(
                "profit_centers",
                ProfitCenter,
                ("controlling_area", "profit_center", "validity_end_date"),
                "Profit centres. One row per profit centre and validity.",
                rows=_own_rows,
                replace=("controlling_area", "profit_center"),
            ),
        ),
        lambda d: f"{d.rows[0].controlling_area}|{d.rows[0].profit_center}",
    ),
    ("API_JOURNALENTRYITEMBASIC_SRV/A_ProfitCenter", "API_PROFITCENTER_SRV/A_ProfitCenter"),
    ("ControllingArea", "ProfitCenter", "ValidityEndDate"),
    "grouped",
    group=("ControllingArea", "ProfitCenter"),
)
INTERNAL_ORDERS = Listing(
    Endpoint(
        "internal_orders",
        InternalOrder,
        (Table("internal_orders", InternalOrder, ("internal_order",), "Internal orders: what costs are collected for."),),
        lambda d: str(d.internal_order),
    ),
    ("API_INTERNALORDER_SRV/A_InternalOrder",),
    ("InternalOrder",),
)

LISTINGS = (COST_CENTERS, COST_CENTER_TEXTS, PROFIT_CENTERS, INTERNAL_ORDERS)

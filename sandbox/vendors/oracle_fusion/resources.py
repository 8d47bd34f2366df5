"""The resources of Oracle Fusion's Financials REST API that the emulator has: keys, children, finders and caps."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

LARGEST_PAGE = 499
DEFAULT_PAGE = 25
_KEY_HEAD = "ACED00057708"  # a serialised block of eight bytes
_KEY_LENGTH = 14


@dataclass(frozen=True)
class Resource:
    """One resource. Its table has the same name; ``key`` names the attributes that identify an item.

    ``opaque``: the item's address holds a hash of its key, not the key. ``parent`` are the hidden columns that hold the key of the
    item around it, in the order of the addresses. ``cap`` is the page size that the server silently falls back to.
    """

    name: str
    key: tuple[str, ...]
    opaque: bool = False
    parent: tuple[str, ...] = ()
    children: tuple[Resource, ...] = ()
    cap: int = LARGEST_PAGE
    finders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unqueryable: frozenset[str] = frozenset()
    title: str = ""

    def child(self, name: str) -> Resource | None:
        """The child of this name."""
        return next((child for child in self.children if child.name == name), None)


def _child(
    name: str, *key: str, parent: tuple[str, ...], children: tuple[Resource, ...] = (), cap: int = LARGEST_PAGE, opaque: bool = True
) -> Resource:
    return Resource(name, key, opaque=opaque, parent=parent, children=children, cap=cap)


RESOURCES: Mapping[str, Resource] = {
    resource.name: resource
    for resource in (
        Resource(
            "journalBatches",
            ("JeBatchId",),
            children=(
                _child(
                    "journalHeaders",
                    "JeHeaderId",
                    parent=("$JeBatchId",),
                    children=(_child("journalLines", "$JeHeaderId", "JeLineNumber", parent=("$JeHeaderId",), cap=10),),
                ),
            ),
            finders={
                "PrimaryKey": ("JeBatchId",),
                "JournalsFinder": ("BatchName", "DefaultPeriodName", "Status", "UserJeSourceName"),
            },
        ),
        Resource("ledgerBalances", ("$Combination",), opaque=True),
        Resource(
            "invoices",
            ("InvoiceId",),
            opaque=True,
            children=(
                _child(
                    "invoiceLines",
                    "$InvoiceId",
                    "LineNumber",
                    parent=("$InvoiceId",),
                    children=(
                        _child("invoiceDistributions", "InvoiceDistributionId", parent=("$InvoiceId", "$LineNumber"), opaque=False),
                    ),
                ),
                _child("invoiceInstallments", "$InvoiceId", "InstallmentNumber", parent=("$InvoiceId",)),
            ),
            finders={"PrimaryKey": ("InvoiceId",)},
        ),
        Resource(
            "payablesPayments",
            ("CheckId",),
            children=(_child("relatedInvoices", "InvoicePaymentId", parent=("$CheckId",), opaque=False),),
            finders={"PrimaryKey": ("CheckId",)},
        ),
        Resource(
            "receivablesInvoices",
            ("CustomerTransactionId",),
            children=(
                _child("receivablesInvoiceLines", "CustomerTransactionLineId", parent=("$CustomerTransactionId",), opaque=False),
                _child("receivablesInvoiceDistributions", "DistributionId", parent=("$CustomerTransactionId",), opaque=False),
                _child("receivablesInvoiceInstallments", "InstallmentId", parent=("$CustomerTransactionId",), opaque=False),
            ),
            finders={
                "PrimaryKey": ("CustomerTransactionId",),
                "invoiceSearch": (
                    "TransactionNumber",
                    "BillToCustomerName",
                    "BillToCustomerNumber",
                    "BusinessUnit",
                    "TransactionDate",
                ),
            },
        ),
        Resource(
            "receivablesCreditMemos",
            ("CustomerTransactionId",),
            children=(
                _child("receivablesCreditMemoLines", "CustomerTransactionLineId", parent=("$CustomerTransactionId",), opaque=False),
            ),
            finders={"PrimaryKey": ("CustomerTransactionId",)},
        ),
        Resource(
            "standardReceipts",
            ("StandardReceiptId",),
            children=(_child("remittanceReferences", "RemittanceReferenceId", parent=("$StandardReceiptId",), opaque=False),),
            finders={"PrimaryKey": ("StandardReceiptId",)},
            unqueryable=frozenset({"LastUpdateDate"}),
        ),
        Resource(
            "suppliers",
            ("SupplierId",),
            children=(
                _child("addresses", "SupplierAddressId", parent=("$SupplierId",), opaque=False),
                _child("sites", "SupplierSiteId", parent=("$SupplierId",), opaque=False),
            ),
            finders={"PrimaryKey": ("SupplierId",)},
        ),
        Resource("ledgersLOV", ("LedgerId",), finders={"PrimaryKey": ("LedgerId",)}),
        Resource("chartOfAccountsLOV", ("StructureInstanceNumber",), opaque=True),
        Resource("accountCombinationsLOV", ("_CODE_COMBINATION_ID",), finders={"PrimaryKey": ("_CODE_COMBINATION_ID",)}),
        Resource("accountingPeriodsLOV", ("StartDate",), opaque=True),
        Resource("accountingPeriodStatusLOV", ("ApplicationId", "LedgerId", "EffectivePeriodNumber"), opaque=True),
        Resource("valueSets", ("ValueSetId",), children=(_child("values", "ValueId", parent=("$ValueSetId",), opaque=False),)),
        Resource("currencyRates", ("FromCurrency", "ToCurrency", "ConversionDate"), opaque=True),
    )
}


def every(resources: Mapping[str, Resource] = RESOURCES) -> dict[str, Resource]:
    """All resources and their children, by name."""
    found: dict[str, Resource] = {}

    def add(resource: Resource) -> None:
        found[resource.name] = resource
        for child in resource.children:
            add(child)

    for resource in resources.values():
        add(resource)
    return found


def unique_id(values: tuple[object, ...]) -> str:
    """The opaque key of an item: its key's serialised parts in hexadecimal, as Fusion writes them."""
    parts = []
    for value in values:
        number = value if isinstance(value, int) else int.from_bytes(str(value).encode()[:8], "big") >> 1
        parts.append(f"{_KEY_LENGTH:08X}{_KEY_HEAD}{struct.pack('>q', number).hex().upper()}")
    return f"{len(parts):04X}{''.join(parts)}"

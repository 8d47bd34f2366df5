"""Documents and payments: what people enter, from which the journals follow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from dlt_sources.records import COUNT, TEXT, Day, Instant, Money, Table, names
from dlt_sources.records.declare import Row
from dlt_sources.records.intake import Endpoint
from dlt_sources.xero.wire import AccountOf, ContactOf, LineItem, LineOf, Tracking, XeroRecord


class _Document(XeroRecord):
    """What invoices, credit notes, bank transactions, prepayments and overpayments share."""

    LEFT_OUT: ClassVar[frozenset[str]] = names(
        "DateString DueDateString Url SentToContact ExpectedPaymentDate PlannedPaymentDate CISDeduction CISRate Payments "
        "CreditNotes Prepayments Overpayments RepeatingInvoiceID BrandingThemeID HasAttachments HasErrors IsDiscounted "
        "TotalDiscount InvoiceAddresses Attachments ValidationErrors Warnings StatusAttributeString AppliedAmount "
        "UpdatedDateUTCString BatchPayment ID"
    )

    type: str | None = None
    status: str | None = None
    date: Day | None = None
    reference: str | None = None
    currency_code: str | None = None
    currency_rate: Money | None = None
    line_amount_types: str | None = None
    sub_total: Money | None = None
    total_tax: Money | None = None
    total: Money | None = None
    updated_date_utc: Instant | None = None
    contact: ContactOf | None = None


class Invoice(_Document, kw_only=True):
    """A sales invoice (ACCREC) or a bill (ACCPAY)."""

    invoice_id: str
    due_date: Day | None = None
    fully_paid_on_date: Day | None = None
    invoice_number: str | None = None
    amount_due: Money | None = None
    amount_paid: Money | None = None
    amount_credited: Money | None = None
    line_items: list[LineItem] = []


class InvoiceOf(XeroRecord):
    """The invoice inside a payment or allocation."""

    invoice_id: str | None = None
    invoice_number: str | None = None


class Allocation(XeroRecord):
    """Part of a credit note, prepayment or overpayment set against an invoice."""

    allocation_id: str | None = None
    amount: Money | None = None
    date: Day | None = None
    is_deleted: bool | None = None
    invoice: InvoiceOf | None = None


class CreditNote(_Document, kw_only=True):
    """A credit note, given (ACCRECCREDIT) or received (ACCPAYCREDIT)."""

    credit_note_id: str
    credit_note_number: str | None = None
    due_date: Day | None = None
    fully_paid_on_date: Day | None = None
    remaining_credit: Money | None = None
    line_items: list[LineItem] = []
    allocations: list[Allocation] = []


class Prepayment(_Document, kw_only=True):
    """Money received or spent ahead of an invoice, on the accounts of its lines."""

    prepayment_id: str
    invoice_number: str | None = None
    remaining_credit: Money | None = None
    line_items: list[LineOf] = []
    allocations: list[Allocation] = []


class Overpayment(_Document, kw_only=True):
    """Money received or spent beyond what was invoiced, on the control account."""

    overpayment_id: str
    remaining_credit: Money | None = None
    line_items: list[LineOf] = []
    allocations: list[Allocation] = []


class BankTransaction(_Document, kw_only=True):
    """Money spent or received without an invoice; one of a prepayment or overpayment names it."""

    bank_transaction_id: str
    prepayment_id: str | None = None
    overpayment_id: str | None = None
    is_reconciled: bool | None = None
    bank_account: AccountOf | None = None
    line_items: list[LineItem] = []


class BankTransfer(XeroRecord):
    """Money moved between bank accounts."""

    LEFT_OUT: ClassVar[frozenset[str]] = names(
        "DateString HasAttachments FromTracking ToTracking FromIsReconciled ToIsReconciled ValidationErrors"
    )

    bank_transfer_id: str
    status: str | None = None
    date: Day | None = None
    amount: Money | None = None
    currency_rate: Money | None = None
    reference: str | None = None
    from_bank_transaction_id: str | None = None
    to_bank_transaction_id: str | None = None
    created_date_utc: Instant | None = None
    from_bank_account: AccountOf | None = None
    to_bank_account: AccountOf | None = None


class CreditNoteOf(XeroRecord):
    """The credit note inside a payment."""

    credit_note_id: str | None = None


class PrepaymentOf(XeroRecord):
    """The prepayment inside a payment."""

    prepayment_id: str | None = None


class OverpaymentOf(XeroRecord):
    """The overpayment inside a payment."""

    overpayment_id: str | None = None


class BatchPaymentOf(XeroRecord):
    """The batch that a payment is part of."""

    batch_payment_id: str | None = None


class Payment(XeroRecord):
    """A payment of an invoice or bill, or the refund of a credit note, prepayment or overpayment."""

    LEFT_OUT: ClassVar[frozenset[str]] = names(
        "HasAccount HasValidationErrors InvoiceNumber CreditNoteNumber BankAccountNumber Particulars Details Code "
        "UpdatedDateUTCString StatusAttributeString ValidationErrors Warnings"
    )

    payment_id: str
    payment_type: str | None = None
    status: str | None = None
    date: Day | None = None
    amount: Money | None = None
    bank_amount: Money | None = None
    currency_rate: Money | None = None
    reference: str | None = None
    is_reconciled: bool | None = None
    batch_payment_id: str | None = None
    updated_date_utc: Instant | None = None
    invoice: InvoiceOf | None = None
    credit_note: CreditNoteOf | None = None
    prepayment: PrepaymentOf | None = None
    overpayment: OverpaymentOf | None = None
    batch_payment: BatchPaymentOf | None = None
    account: AccountOf | None = None

    def __post_init__(self) -> None:
        """The batch travels as a field of its own, or inside a record."""
        if self.batch_payment_id is None and self.batch_payment is not None:
            self.batch_payment_id = self.batch_payment.batch_payment_id


class PaymentOf(XeroRecord):
    """A payment inside a batch."""

    payment_id: str
    amount: Money | None = None
    invoice: InvoiceOf | None = None


class BatchPayment(XeroRecord):
    """Payments that moved the bank account as one sum."""

    LEFT_OUT: ClassVar[frozenset[str]] = names("DateString Amount Particulars Code ValidationErrors")

    batch_payment_id: str
    type: str | None = None
    status: str | None = None
    date: Day | None = None
    total_amount: Money | None = None
    reference: str | None = None
    narrative: str | None = None
    details: str | None = None
    is_reconciled: bool | None = None
    updated_date_utc: Instant | None = None
    account: AccountOf | None = None
    payments: list[PaymentOf] = []


def _with_contact(document: Any) -> Iterable[Row]:
    contact = document.contact
    return ((document, contact.contact_id if contact else None, contact.name if contact else None),)


def _id_and_code(account: AccountOf | None) -> tuple[str | None, str | None]:
    return (account.account_id, account.code) if account else (None, None)


def _lines(name: str, key: str, description: str, record: type[LineOf] = LineItem) -> Table:
    """The lines of a document, which an edit replaces; they have an identity where their record says so."""
    return Table(
        name,
        record,
        (key, "line_item_id" if record is LineItem else "line_number"),
        description,
        within={key: TEXT, "line_number": COUNT},
        rows=lambda document: [(line, getattr(document, key), number) for number, line in enumerate(document.line_items, 1)],
        replace=(key,),
    )


def _line_tracking(name: str, key: str, description: str) -> Table:
    return Table(
        name,
        Tracking,
        (key, "line_item_id", "tracking_category_id", "option"),
        description,
        within={key: TEXT, "line_item_id": TEXT},
        rows=lambda document: [
            (tracking, getattr(document, key), line.line_item_id) for line in document.line_items for tracking in line.tracking
        ],
        replace=(key,),
    )


def _allocations(name: str, key: str, description: str) -> Table:
    return Table(
        name,
        Allocation,
        (key, "position"),
        description,
        within={key: TEXT, "position": COUNT, "invoice_id": TEXT},
        rows=lambda document: [
            (allocation, getattr(document, key), position, allocation.invoice.invoice_id if allocation.invoice else None)
            for position, allocation in enumerate(document.allocations, 1)
        ],
        replace=(key,),
    )


_CONTACT = {"contact_id": TEXT, "contact_name": TEXT}
_VERSION = lambda document: document.updated_date_utc or ""  # noqa: E731 - one for all documents

INVOICES = Endpoint(
    "invoices",
    Invoice,
    (
        Table(
            "invoices",
            Invoice,
            ("invoice_id",),
            "Sales invoices and bills, voided and deleted ones too.",
            within=_CONTACT,
            rows=_with_contact,
        ),
        _lines("invoice_lines", "invoice_id", "Lines of invoices and bills, in the document's currency."),
        _line_tracking("invoice_line_tracking", "invoice_id", "Tracking options of invoice lines."),
    ),
    lambda d: d.invoice_id,
    _VERSION,
)
CREDIT_NOTES = Endpoint(
    "credit_notes",
    CreditNote,
    (
        Table(
            "credit_notes", CreditNote, ("credit_note_id",), "Credit notes given and received.", within=_CONTACT, rows=_with_contact
        ),
        _lines("credit_note_lines", "credit_note_id", "Lines of credit notes, in the document's currency."),
        _line_tracking("credit_note_line_tracking", "credit_note_id", "Tracking options of credit note lines."),
        _allocations("credit_note_allocations", "credit_note_id", "Parts of credit notes set against invoices."),
    ),
    lambda d: d.credit_note_id,
    _VERSION,
)
PREPAYMENTS = Endpoint(
    "prepayments",
    Prepayment,
    (
        Table(
            "prepayments",
            Prepayment,
            ("prepayment_id",),
            "Money received or spent ahead of an invoice, voided ones too.",
            within=_CONTACT,
            rows=_with_contact,
        ),
        _lines("prepayment_lines", "prepayment_id", "Lines of prepayments, in the document's currency.", LineOf),
        _allocations("prepayment_allocations", "prepayment_id", "Parts of prepayments set against invoices."),
    ),
    lambda d: d.prepayment_id,
    _VERSION,
)
OVERPAYMENTS = Endpoint(
    "overpayments",
    Overpayment,
    (
        Table(
            "overpayments",
            Overpayment,
            ("overpayment_id",),
            "Money received or spent beyond what was invoiced, voided ones too.",
            within=_CONTACT,
            rows=_with_contact,
        ),
        _lines("overpayment_lines", "overpayment_id", "Lines of overpayments, in the document's currency.", LineOf),
        _allocations("overpayment_allocations", "overpayment_id", "Parts of overpayments set against invoices."),
    ),
    lambda d: d.overpayment_id,
    _VERSION,
)
BANK_TRANSACTIONS = Endpoint(
    "bank_transactions",
    BankTransaction,
    (
        Table(
            "bank_transactions",
            BankTransaction,
            ("bank_transaction_id",),
            "Money spent or received without an invoice, and the bank's side of prepayments and overpayments.",
            within={**_CONTACT, "bank_account_id": TEXT, "bank_account_code": TEXT},
            rows=lambda d: [(*next(iter(_with_contact(d))), *_id_and_code(d.bank_account))],
        ),
        _lines("bank_transaction_lines", "bank_transaction_id", "Lines of bank transactions."),
        _line_tracking("bank_transaction_line_tracking", "bank_transaction_id", "Tracking options of bank transaction lines."),
    ),
    lambda d: d.bank_transaction_id,
    _VERSION,
)
BANK_TRANSFERS = Endpoint(
    "bank_transfers",
    BankTransfer,
    (
        Table(
            "bank_transfers",
            BankTransfer,
            ("bank_transfer_id",),
            "Money moved between bank accounts, deleted ones too.",
            within=dict.fromkeys(("from_account_id", "from_account_code", "to_account_id", "to_account_code"), TEXT),
            rows=lambda d: [(d, *_id_and_code(d.from_bank_account), *_id_and_code(d.to_bank_account))],
        ),
    ),
    lambda d: d.bank_transfer_id,
)
PAYMENTS = Endpoint(
    "payments",
    Payment,
    (
        Table(
            "payments",
            Payment,
            ("payment_id",),
            "Payments of invoices and bills, refunds of credit notes, prepayments and overpayments; deleted ones too.",
            within=dict.fromkeys(
                ("invoice_id", "invoice_number", "credit_note_id", "prepayment_id", "overpayment_id", "account_id", "account_code"),
                TEXT,
            ),
            rows=lambda d: [
                (
                    d,
                    d.invoice.invoice_id if d.invoice else None,
                    d.invoice.invoice_number if d.invoice else None,
                    d.credit_note.credit_note_id if d.credit_note else None,
                    d.prepayment.prepayment_id if d.prepayment else None,
                    d.overpayment.overpayment_id if d.overpayment else None,
                    *_id_and_code(d.account),
                )
            ],
        ),
    ),
    lambda d: d.payment_id,
    _VERSION,
)
BATCH_PAYMENTS = Endpoint(
    "batch_payments",
    BatchPayment,
    (
        Table(
            "batch_payments",
            BatchPayment,
            ("batch_payment_id",),
            "Payments that moved the bank account as one sum.",
            within={"account_id": TEXT, "account_code": TEXT},
            rows=lambda d: [(d, *_id_and_code(d.account))],
        ),
        Table(
            "batch_payment_payments",
            PaymentOf,
            ("batch_payment_id", "payment_id"),
            "The payments of each batch.",
            within={"batch_payment_id": TEXT, "invoice_id": TEXT},
            rows=lambda d: [
                (payment, d.batch_payment_id, payment.invoice.invoice_id if payment.invoice else None) for payment in d.payments
            ],
            replace=("batch_payment_id",),
        ),
    ),
    lambda d: d.batch_payment_id,
    _VERSION,
)

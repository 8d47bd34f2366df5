"""QuickBooks' transactions: thirteen entities that post, in one table of headers and one of each of their parts.

Everything that an entity has and the ledger may need is a column; what an entity does not have is empty. Names of columns are the
vendor's; references are the ids of the objects that they point to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import msgspec

from dlt_sources.quickbooks.shapes import NO_REF, NO_STAMPS, STAMPED, Flat, Inner, QuickBooksRecord, Ref, Stamps
from dlt_sources.records import COUNT, DAY, FLAG, INSTANT, MONEY, TEXT, Day, Money, Table, names
from dlt_sources.records.declare import Row
from dlt_sources.records.intake import Endpoint


class LinkedTxn(QuickBooksRecord):
    """Another transaction that a transaction, or a line of it, is linked with."""

    txn_id: str | None = None
    txn_type: str | None = None
    txn_line_id: str | None = None


class Party(Inner, frozen=True):
    """Who a line is about: in journal entries a reference with its type, in deposits the reference itself."""

    type: str | None = None
    entity_ref: Ref | None = NO_REF
    value: str | None = msgspec.field(name="value", default=None)
    kind: str | None = msgspec.field(name="type", default=None)


class Markup(Inner, frozen=True):
    """What is added when an expense is billed on."""

    percent: Money | None = None
    mark_up_income_account_ref: Ref | None = NO_REF


NO_PARTY, NO_MARKUP = Party(), Markup()


class Detail(Inner, frozen=True):
    """The detail of a line, whatever its type: each type has some of these."""

    item_ref: Ref | None = NO_REF
    item_account_ref: Ref | None = NO_REF
    account_ref: Ref | None = NO_REF
    class_ref: Ref | None = NO_REF
    department_ref: Ref | None = NO_REF
    customer_ref: Ref | None = NO_REF
    tax_code_ref: Ref | None = NO_REF
    tax_classification_ref: Ref | None = NO_REF
    price_level_ref: Ref | None = NO_REF
    discount_account_ref: Ref | None = NO_REF
    payment_method_ref: Ref | None = NO_REF
    journal_code_ref: Ref | None = NO_REF
    group_item_ref: Ref | None = NO_REF
    entity: Party | None = NO_PARTY
    markup_info: Markup | None = NO_MARKUP
    qty: Money | None = None
    quantity: Money | None = None
    unit_price: Money | None = None
    service_date: Day | None = None
    tax_inclusive_amt: Money | None = None
    tax_amount: Money | None = None
    discount_rate: Money | None = None
    discount_amt: Money | None = None
    discount_percent: Money | None = None
    percent_based: bool | None = None
    posting_type: str | None = None
    billable_status: str | None = None
    tax_applicable_on: str | None = None
    check_num: str | None = None
    txn_type: str | None = None
    line: list[Line] | None = None


NO_DETAIL = Detail()


class Line(QuickBooksRecord):
    """A line of a transaction, in the transaction's currency; its amount has no sign of its own."""

    line_id: str | None = msgspec.field(name="Id", default=None)
    line_num: Money | None = None
    description: str | None = None
    amount: Money | None = None
    detail_type: str | None = None
    linked_txn: list[LinkedTxn] | None = None
    sales_item_line_detail: Detail | None = None
    item_based_expense_line_detail: Detail | None = None
    account_based_expense_line_detail: Detail | None = None
    journal_entry_line_detail: Detail | None = None
    deposit_line_detail: Detail | None = None
    discount_line_detail: Detail | None = None
    group_line_detail: Detail | None = None
    description_line_detail: Detail | None = None

    def detail(self) -> Detail:
        """The detail of this line; an empty one where its type has none that matters (subtotals, lines of payments)."""
        attribute = _DETAILS.get(self.detail_type)
        return (getattr(self, attribute) if attribute else None) or NO_DETAIL


_DETAILS: dict[str | None, str] = {
    "SalesItemLineDetail": "sales_item_line_detail",
    "ItemBasedExpenseLineDetail": "item_based_expense_line_detail",
    "AccountBasedExpenseLineDetail": "account_based_expense_line_detail",
    "JournalEntryLineDetail": "journal_entry_line_detail",
    "DepositLineDetail": "deposit_line_detail",
    "DiscountLineDetail": "discount_line_detail",
    "GroupLineDetail": "group_line_detail",
    "DescriptionOnly": "description_line_detail",
    # A line that is linked with a payment carries the detail of a deposit without saying so.
    None: "deposit_line_detail",
}


class TaxLineDetail(Inner, frozen=True):
    """How a tax was computed."""

    tax_rate_ref: Ref | None = NO_REF
    percent_based: bool | None = None
    tax_percent: Money | None = None
    net_amount_taxable: Money | None = None
    tax_inclusive_amount: Money | None = None
    override_delta_amount: Money | None = None


class TaxLine(QuickBooksRecord):
    """One tax of a transaction; its amount has the sign of the transaction's lines."""

    amount: Money | None = None
    detail_type: str | None = None
    tax_line_detail: TaxLineDetail | None = TaxLineDetail()


class TxnTaxDetail(Inner, frozen=True):
    """The taxes of a transaction."""

    total_tax: Money | None = None
    txn_tax_code_ref: Ref | None = NO_REF
    tax_line: list[TaxLine] | None = None


class CheckPayment(Inner, frozen=True):
    """Of a bill payment: the bank account; of a refund: the check."""

    bank_account_ref: Ref | None = NO_REF
    check_num: str | None = None


class CardPayment(Inner, frozen=True):
    """Of a bill payment: the credit card account. Charges of customers' cards are left out."""

    cc_account_ref: Ref | None = NO_REF


class CashBack(Inner, frozen=True):
    """What was taken out of a deposit in cash."""

    account_ref: Ref | None = NO_REF
    amount: Money | None = None
    memo: str | None = None


class Memo(Inner, frozen=True):
    """A message to the customer."""

    value: str | None = msgspec.field(name="value", default=None)


class Email(Inner, frozen=True):
    """An e-mail address."""

    address: str | None = None


class Address(Inner, frozen=True):
    """A postal address."""

    city: str | None = None
    country_sub_division_code: str | None = None
    postal_code: str | None = None
    country: str | None = None


class CustomField(QuickBooksRecord):
    """A field that the company has added to its forms."""

    definition_id: str | None = None
    name: str | None = None
    type: str | None = None
    string_value: str | None = None


class Transaction(QuickBooksRecord):
    """A transaction of any of the thirteen entities, in its own currency."""

    LEFT_OUT: ClassVar[frozenset[str]] = names(
        "domain sparse AllowIPNPayment AllowOnlinePayment AllowOnlineCreditCardPayment AllowOnlineACHPayment DeliveryInfo ShipAddr "
        "ShipFromAddr BillEmailCc BillEmailBcc FreeFormAddress InvoiceLink ShipMethodRef RemitToAddr PurchaseEx VendorAddr "
        "ReplyEmail TaxFormType TaxFormNum HomeBalanceAmt CreditCardPaymentEx TxnApprovalInfo EInvoiceStatus"
    )

    id: str
    sync_token: str | None = None
    doc_number: str | None = None
    txn_date: Day | None = None
    due_date: Day | None = None
    ship_date: Day | None = None
    private_note: str | None = None
    total_amt: Money | None = None
    home_total_amt: Money | None = None
    balance: Money | None = None
    home_balance: Money | None = None
    remaining_credit: Money | None = None
    unapplied_amt: Money | None = None
    deposit: Money | None = None
    amount: Money | None = None
    exchange_rate: Money | None = None
    global_tax_calculation: str | None = None
    apply_tax_after_discount: bool | None = None
    adjustment: bool | None = None
    credit: bool | None = None
    payment_type: str | None = None
    pay_type: str | None = None
    payment_ref_num: str | None = None
    process_payment: bool | None = None
    process_bill_payment: bool | None = None
    include_in_annual_tpar: bool | None = None
    email_status: str | None = None
    print_status: str | None = None
    txn_status: str | None = None
    txn_source: str | None = None
    transaction_location_type: str | None = None
    tracking_num: str | None = None
    check_num: str | None = None
    memo: str | None = None
    meta_data: Stamps | None = NO_STAMPS
    currency_ref: Ref | None = NO_REF
    customer_ref: Ref | None = NO_REF
    vendor_ref: Ref | None = NO_REF
    entity_ref: Ref | None = NO_REF
    account_ref: Ref | None = NO_REF
    ar_account_ref: Ref | None = NO_REF
    ap_account_ref: Ref | None = NO_REF
    deposit_to_account_ref: Ref | None = NO_REF
    bank_account_ref: Ref | None = NO_REF
    credit_card_account_ref: Ref | None = NO_REF
    from_account_ref: Ref | None = NO_REF
    to_account_ref: Ref | None = NO_REF
    class_ref: Ref | None = NO_REF
    department_ref: Ref | None = NO_REF
    sales_term_ref: Ref | None = NO_REF
    payment_method_ref: Ref | None = NO_REF
    project_ref: Ref | None = NO_REF
    invoice_ref: Ref | None = NO_REF
    recur_data_ref: Ref | None = NO_REF
    journal_code_ref: Ref | None = NO_REF
    tax_rate_ref: Ref | None = NO_REF
    tax_exemption_ref: Ref | None = NO_REF
    check_payment: CheckPayment | None = CheckPayment()
    credit_card_payment: CardPayment | None = CardPayment()
    cash_back: CashBack | None = CashBack()
    customer_memo: Memo | None = Memo()
    bill_email: Email | None = Email()
    bill_addr: Address | None = Address()
    txn_tax_detail: TxnTaxDetail | None = TxnTaxDetail()
    line: list[Line] | None = None
    linked_txn: list[LinkedTxn] | None = None
    custom_field: list[CustomField] | None = None


_HEADER = Flat(
    {
        **STAMPED,
        "currency": "currency_ref.value",
        "customer_id": "customer_ref.value",
        "vendor_id": "vendor_ref.value",
        "entity_id": "entity_ref.value",
        "entity_type": "entity_ref.type",
        "account_id": "account_ref.value",
        "ar_account_id": "ar_account_ref.value",
        "ap_account_id": "ap_account_ref.value",
        "deposit_to_account_id": "deposit_to_account_ref.value",
        "bank_account_id": "bank_account_ref.value|check_payment.bank_account_ref.value",
        "credit_card_account_id": "credit_card_account_ref.value|credit_card_payment.cc_account_ref.value",
        "from_account_id": "from_account_ref.value",
        "to_account_id": "to_account_ref.value",
        "cash_back_account_id": "cash_back.account_ref.value",
        "cash_back_amount": "cash_back.amount",
        "cash_back_memo": "cash_back.memo",
        "class_id": "class_ref.value",
        "department_id": "department_ref.value",
        "sales_term_id": "sales_term_ref.value",
        "payment_method_id": "payment_method_ref.value",
        "project_id": "project_ref.value",
        "invoice_id": "invoice_ref.value",
        "recurring_id": "recur_data_ref.value",
        "journal_code_id": "journal_code_ref.value",
        "tax_rate_id": "tax_rate_ref.value",
        "tax_exemption_id": "tax_exemption_ref.value",
        "tax_code_id": "txn_tax_detail.txn_tax_code_ref.value",
        "total_tax": "txn_tax_detail.total_tax",
        "customer_memo": "customer_memo.value",
        "bill_email": "bill_email.address",
        "bill_city": "bill_addr.city",
        "bill_region": "bill_addr.country_sub_division_code",
        "bill_postal_code": "bill_addr.postal_code",
        "bill_country": "bill_addr.country",
    },
    {"created_at": INSTANT, "updated_at": INSTANT, "cash_back_amount": MONEY, "total_tax": MONEY},
)
_LINE = Flat(
    {
        "item_id": "item_ref.value",
        "item_account_id": "item_account_ref.value",
        "account_id": "account_ref.value",
        "class_id": "class_ref.value",
        "department_id": "department_ref.value",
        "customer_id": "customer_ref.value",
        "entity_id": "entity.entity_ref.value|entity.value",
        "entity_type": "entity.type|entity.kind",
        "posting_type": "posting_type",
        "quantity": "qty|quantity",
        "unit_price": "unit_price",
        "service_date": "service_date",
        "tax_code_id": "tax_code_ref.value",
        "tax_inclusive_amt": "tax_inclusive_amt",
        "tax_amount": "tax_amount",
        "tax_applicable_on": "tax_applicable_on",
        "tax_classification_id": "tax_classification_ref.value",
        "discount_account_id": "discount_account_ref.value",
        "percent_based": "percent_based",
        "discount_percent": "discount_percent",
        "discount_rate": "discount_rate",
        "discount_amt": "discount_amt",
        "billable_status": "billable_status",
        "markup_percent": "markup_info.percent",
        "markup_account_id": "markup_info.mark_up_income_account_ref.value",
        "price_level_id": "price_level_ref.value",
        "payment_method_id": "payment_method_ref.value",
        "check_num": "check_num",
        "deposit_txn_type": "txn_type",
        "journal_code_id": "journal_code_ref.value",
        "group_item_id": "group_item_ref.value",
    },
    {
        "service_date": DAY,
        "percent_based": FLAG,
        **dict.fromkeys(
            names("quantity unit_price tax_inclusive_amt tax_amount discount_percent discount_rate discount_amt markup_percent"),
            MONEY,
        ),
    },
)
_TAX = Flat(
    {
        "tax_rate_id": "tax_line_detail.tax_rate_ref.value",
        "percent_based": "tax_line_detail.percent_based",
        "tax_percent": "tax_line_detail.tax_percent",
        "net_amount_taxable": "tax_line_detail.net_amount_taxable",
        "tax_inclusive_amount": "tax_line_detail.tax_inclusive_amount",
        "override_delta_amount": "tax_line_detail.override_delta_amount",
    },
    {
        "percent_based": FLAG,
        **dict.fromkeys(names("tax_percent net_amount_taxable tax_inclusive_amount override_delta_amount"), MONEY),
    },
)

Rows = Callable[[Any], list[Row]]


def _headers(entity: str) -> Rows:
    return lambda d: [(d, entity, *_HEADER.of(d))]


def _lines(entity: str) -> Rows:
    """The lines in order, those of a bundle after the line that stands for it."""

    def rows(document: Transaction) -> list[Row]:
        found: list[Row] = []
        for line in document.line or ():
            detail, group = line.detail(), len(found) + 1
            found.append((line, entity, document.id, group, None, *_LINE.of(detail)))
            for inner in detail.line or ():
                found.append((inner, entity, document.id, len(found) + 1, group, *_LINE.of(inner.detail())))
        return found

    return rows


def _tax_lines(entity: str) -> Rows:
    return lambda d: [
        (line, entity, d.id, number, *_TAX.of(line))
        for number, line in enumerate((d.txn_tax_detail.tax_line if d.txn_tax_detail else None) or (), 1)
    ]


def _links(entity: str) -> Rows:
    """The links of the transaction itself (line 0) and those of its lines."""

    def rows(document: Transaction) -> list[Row]:
        found: list[Row] = [(link, entity, document.id, 0, number) for number, link in enumerate(document.linked_txn or (), 1)]
        numbered = 0
        for line in document.line or ():
            numbered += 1
            found += [(link, entity, document.id, numbered, number) for number, link in enumerate(line.linked_txn or (), 1)]
            numbered += len(line.detail().line or ())
        return found

    return rows


def _custom_fields(entity: str) -> Rows:
    return lambda d: [(field, entity, d.id, number) for number, field in enumerate(d.custom_field or (), 1)]


_OWNER = {"transaction_type": TEXT, "transaction_id": TEXT}
_PARTS = ("transaction_type", "transaction_id")


def _endpoint(name: str, entity: str) -> Endpoint:
    """One entity: it feeds the tables of all transactions, each row once in an extraction."""
    tables = (
        Table(
            "transactions",
            Transaction,
            ("transaction_type", "id"),
            "Transactions of the thirteen entities that post, voided ones too; deleted ones stay, see deletions.",
            within={"transaction_type": TEXT, **_HEADER.within},
            rows=_headers(entity),
            once=True,
        ),
        Table(
            "transaction_lines",
            Line,
            (*_PARTS, "line_number"),
            "Lines of transactions, in the transaction's currency; lines of a bundle name the line that stands for it.",
            within={**_OWNER, "line_number": COUNT, "group_line_number": COUNT, **_LINE.within},
            rows=_lines(entity),
            replace=_PARTS,
            once=True,
        ),
        Table(
            "transaction_tax_lines",
            TaxLine,
            (*_PARTS, "position"),
            "Taxes of transactions, by tax rate.",
            within={**_OWNER, "position": COUNT, **_TAX.within},
            rows=_tax_lines(entity),
            replace=_PARTS,
            once=True,
        ),
        Table(
            "transaction_links",
            LinkedTxn,
            (*_PARTS, "line_number", "position"),
            "Other transactions that a transaction (line 0) or a line of it is linked with.",
            within={**_OWNER, "line_number": COUNT, "position": COUNT},
            rows=_links(entity),
            replace=_PARTS,
            once=True,
        ),
        Table(
            "transaction_custom_fields",
            CustomField,
            (*_PARTS, "position"),
            "The company's own fields on its forms.",
            within={**_OWNER, "position": COUNT},
            rows=_custom_fields(entity),
            replace=_PARTS,
            once=True,
        ),
    )
    return Endpoint(name, Transaction, tables, lambda d: d.id)


TRANSACTIONS = {
    entity: _endpoint(name, entity)
    for name, entity in (
        ("journal_entries", "JournalEntry"),
        ("invoices", "Invoice"),
        ("payments", "Payment"),
        ("credit_memos", "CreditMemo"),
        ("sales_receipts", "SalesReceipt"),
        ("refund_receipts", "RefundReceipt"),
        ("bills", "Bill"),
        ("bill_payments", "BillPayment"),
        ("vendor_credits", "VendorCredit"),
        ("purchases", "Purchase"),
        ("deposits", "Deposit"),
        ("transfers", "Transfer"),
        ("credit_card_payments", "CreditCardPayment"),
    )
}
"""The entities that post, by the vendor's names."""

"""What NetSuite tells through SuiteQL, as far as the hub uses it, and how each table is listed.

The statements follow from the declarations: a field is a column of the same name, days and moments through TO_CHAR with a mask of
their own. Every value travels as text; nulls are left out. Ids are texts. Moments are in the account's time zone, as NetSuite keeps
them. On lines, debits are positive.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from dlt_sources.records import CountText, Day, FlagLetter, Instant, MoneyText, RateText, Record, Table, names
from dlt_sources.records.intake import Endpoint


class NetSuiteRecord(Record, rename={"class_": "class"}):
    """Base: fields that the account or the role lacks are not asked for, and nulls do not come."""

    LEFT_OUT: ClassVar[frozenset[str]] = names("links")


class Transaction(NetSuiteRecord):
    """The head of a transaction of any type; drafts do not post."""

    id: str
    tranid: str | None = None
    transactionnumber: str | None = None
    trandisplayname: str | None = None
    type: str | None = None
    abbrevtype: str | None = None
    recordtype: str | None = None
    externalid: str | None = None
    entity: str | None = None
    employee: str | None = None
    trandate: Day | None = None
    duedate: Day | None = None
    closedate: Day | None = None
    createddate: Instant | None = None
    createdby: str | None = None
    lastmodifieddate: Instant | None = None
    lastmodifiedby: str | None = None
    postingperiod: str | None = None
    posting: FlagLetter | None = None
    status: str | None = None
    currency: str | None = None
    exchangerate: RateText | None = None
    foreigntotal: MoneyText | None = None
    foreignamountpaid: MoneyText | None = None
    foreignamountunpaid: MoneyText | None = None
    memo: str | None = None
    otherrefnum: str | None = None
    journaltype: str | None = None
    isreversal: FlagLetter | None = None
    reversal: str | None = None
    reversaldate: Day | None = None
    reversaldefer: FlagLetter | None = None
    intercoadj: FlagLetter | None = None
    voided: FlagLetter | None = None
    void: FlagLetter | None = None


class TransactionLine(NetSuiteRecord):
    """A line; amounts in the transaction's currency (``foreignamount``) and in that of the subsidiary (``netamount``)."""

    transaction: str
    id: str
    uniquekey: str | None = None
    linesequencenumber: CountText | None = None
    linelastmodifieddate: Instant | None = None
    mainline: FlagLetter | None = None
    taxline: FlagLetter | None = None
    iscogs: FlagLetter | None = None
    isclosed: FlagLetter | None = None
    cleared: FlagLetter | None = None
    eliminate: FlagLetter | None = None
    item: str | None = None
    entity: str | None = None
    subsidiary: str | None = None
    department: str | None = None
    class_: str | None = None
    location: str | None = None
    memo: str | None = None
    quantity: MoneyText | None = None
    netamount: MoneyText | None = None
    foreignamount: MoneyText | None = None


class TransactionAccountingLine(NetSuiteRecord):
    """What a line posts to the general ledger in one accounting book, in the subsidiary's own currency."""

    transaction: str
    transactionline: str
    accountingbook: str | None = None
    account: str | None = None
    amount: MoneyText | None = None
    debit: MoneyText | None = None
    credit: MoneyText | None = None
    netamount: MoneyText | None = None
    amountlinked: MoneyText | None = None
    amountpaid: MoneyText | None = None
    amountunpaid: MoneyText | None = None
    paymentamountused: MoneyText | None = None
    paymentamountunused: MoneyText | None = None
    exchangerate: RateText | None = None
    posting: FlagLetter | None = None
    lastmodifieddate: Instant | None = None


class Account(NetSuiteRecord):
    """An account of the chart."""

    id: str
    acctnumber: str | None = None
    accountsearchdisplayname: str | None = None
    accountsearchdisplaynamecopy: str | None = None
    displaynamewithhierarchy: str | None = None
    fullname: str | None = None
    description: str | None = None
    accttype: str | None = None
    sspecacct: str | None = None
    parent: str | None = None
    currency: str | None = None
    cashflowrate: str | None = None
    generalrate: str | None = None
    eliminate: FlagLetter | None = None
    issummary: FlagLetter | None = None
    includechildren: FlagLetter | None = None
    isinactive: FlagLetter | None = None
    externalid: str | None = None
    lastmodifieddate: Instant | None = None


class AccountType(NetSuiteRecord):
    """A type of accounts."""

    id: str
    longname: str | None = None
    balancesheet: FlagLetter | None = None


class AccountingPeriod(NetSuiteRecord):
    """A month, quarter or year of the books."""

    id: str
    periodname: str | None = None
    parent: str | None = None
    quarter: str | None = None
    startdate: Day | None = None
    enddate: Day | None = None
    closedondate: Day | None = None
    closed: FlagLetter | None = None
    alllocked: FlagLetter | None = None
    arlocked: FlagLetter | None = None
    aplocked: FlagLetter | None = None
    allownonglchanges: FlagLetter | None = None
    isposting: FlagLetter | None = None
    isadjust: FlagLetter | None = None
    isquarter: FlagLetter | None = None
    isyear: FlagLetter | None = None
    isinactive: FlagLetter | None = None
    lastmodifieddate: Instant | None = None


class AccountingBook(NetSuiteRecord):
    """A set of books; lines post to each of them."""

    id: str
    name: str | None = None
    isprimary: FlagLetter | None = None


class Subsidiary(NetSuiteRecord):
    """A company of the group that keeps its books in this account, or one for eliminations."""

    id: str
    name: str | None = None
    fullname: str | None = None
    edition: str | None = None
    parent: str | None = None
    currency: str | None = None
    fiscalcalendar: str | None = None
    country: str | None = None
    state: str | None = None
    iselimination: FlagLetter | None = None
    isinactive: FlagLetter | None = None


class Segment(NetSuiteRecord):
    """A department, class or location."""

    id: str
    name: str | None = None
    fullname: str | None = None
    parent: str | None = None
    isinactive: FlagLetter | None = None


class Item(NetSuiteRecord):
    """What is sold or bought."""

    id: str
    itemid: str | None = None
    displayname: str | None = None
    fullname: str | None = None
    description: str | None = None
    itemtype: str | None = None
    isinactive: FlagLetter | None = None
    lastmodifieddate: Instant | None = None


class Currency(NetSuiteRecord):
    """A currency; ``symbol`` is its ISO code, ``exchangerate`` today's, in base currency for one unit."""

    id: str
    name: str | None = None
    symbol: str | None = None
    displaysymbol: str | None = None
    currencyprecision: CountText | None = None
    exchangerate: RateText | None = None
    isbasecurrency: FlagLetter | None = None
    isinactive: FlagLetter | None = None
    lastmodifieddate: Instant | None = None


class CurrencyRate(NetSuiteRecord):
    """Units of the base currency for one unit of the transaction currency, from a day on."""

    basecurrency: str
    transactioncurrency: str
    effectivedate: Day
    exchangerate: RateText | None = None


class ConsolidatedExchangeRate(NetSuiteRecord):
    """Rates of a period from one subsidiary to another."""

    id: str
    postingperiod: str | None = None
    fromsubsidiary: str | None = None
    fromcurrency: str | None = None
    tosubsidiary: str | None = None
    tocurrency: str | None = None
    accountingbook: str | None = None
    averagerate: RateText | None = None
    currentrate: RateText | None = None
    historicalrate: RateText | None = None


class Customer(NetSuiteRecord):
    """A customer."""

    id: str
    entityid: str | None = None
    externalid: str | None = None
    altname: str | None = None
    companyname: str | None = None
    firstname: str | None = None
    lastname: str | None = None
    email: str | None = None
    phone: str | None = None
    vatregnumber: str | None = None
    parent: str | None = None
    isperson: FlagLetter | None = None
    currency: str | None = None
    receivablesaccount: str | None = None
    defaultbillingaddress: str | None = None
    firstorderdate: Day | None = None
    isinactive: FlagLetter | None = None
    datecreated: Instant | None = None
    lastmodifieddate: Instant | None = None


class Vendor(NetSuiteRecord):
    """A supplier."""

    id: str
    entityid: str | None = None
    externalid: str | None = None
    altname: str | None = None
    companyname: str | None = None
    email: str | None = None
    phone: str | None = None
    vatregnumber: str | None = None
    category: str | None = None
    currency: str | None = None
    expenseaccount: str | None = None
    isinactive: FlagLetter | None = None
    datecreated: Instant | None = None
    lastmodifieddate: Instant | None = None


class Budget(NetSuiteRecord):
    """A budget of one account; ``year`` is a period, ``category`` its version. Amounts by month are in ``budgetsmachine``."""

    id: str
    year: str | None = None
    account: str | None = None
    accountingbook: str | None = None
    category: str | None = None
    class_: str | None = None
    currency: str | None = None
    customer: str | None = None
    department: str | None = None
    item: str | None = None
    location: str | None = None
    subsidiary: str | None = None
    total: MoneyText | None = None


class BudgetMonth(NetSuiteRecord):
    """The amount of a budget in a period, with the natural sign of its account."""

    budget: str
    period: str
    amount: MoneyText | None = None


class BudgetCategory(NetSuiteRecord):
    """A version of budgets."""

    id: str
    name: str | None = None
    isinactive: FlagLetter | None = None


class DeletedRecord(NetSuiteRecord):
    """A record that was deleted, of any type."""

    recordid: str
    recordtypeid: str | None = None
    scriptid: str | None = None
    type: str | None = None
    name: str | None = None
    context: str | None = None
    deletedby: str | None = None
    deleteddate: Instant | None = None
    iscustomlist: FlagLetter | None = None
    iscustomrecord: FlagLetter | None = None
    iscustomtransaction: FlagLetter | None = None

    def __post_init__(self) -> None:
        """Parts of the key may be absent: standard records have no script."""
        self.recordtypeid = self.recordtypeid or ""
        self.scriptid = self.scriptid or ""


@dataclass(frozen=True)
class Listing:
    """How one SuiteQL table is read.

    ``order`` is unique: pages follow each other by it, by value where it is whole numbers. ``changed`` is the moment of change, or
    the day, by which later runs read on. ``needed`` are the fields without which the table says nothing.
    """

    endpoint: Endpoint
    order: tuple[str, ...]
    changed: str = ""
    needed: frozenset[str] = field(default_factory=frozenset)

    @property
    def table(self) -> str:
        """The name of the table, here and there."""
        return self.endpoint.name


def _listing(
    name: str,
    record: type[Record],
    description: str,
    *,
    keys: tuple[str, ...] = ("id",),
    order: tuple[str, ...] = (),
    changed: str = "",
    needed: str = "",
    replace: tuple[str, ...] = (),
    once: bool = False,
    deletable: bool = True,
) -> Listing:
    table = Table(name, record, keys, description, replace=replace, once=once, deletable=deletable)
    return Listing(Endpoint(name, record, (table,), _identity(keys)), order or keys, changed, names(needed) or frozenset(keys))


def _identity(keys: tuple[str, ...]) -> Callable[[Any], str]:
    return lambda document: "|".join(getattr(document, key) for key in keys)


TRANSACTION = _listing(
    "transaction",
    Transaction,
    "Heads of transactions of every type; deleted ones are taken out.",
    changed="lastmodifieddate",
    needed="id type trandate lastmodifieddate",
    once=True,
)
LINES = _listing(
    "transactionline",
    TransactionLine,
    "Lines of transactions.",
    keys=("transaction", "id"),
    changed="linelastmodifieddate",
    replace=("transaction",),
    once=True,
)
ACCOUNTING_LINES = _listing(
    "transactionaccountingline",
    TransactionAccountingLine,
    "What lines post to the general ledger, of one accounting book, debit positive.",
    keys=("transaction", "transactionline"),
    changed="lastmodifieddate",
    needed="transaction transactionline account amount",
    replace=("transaction",),
    once=True,
)
ACCOUNTS = _listing("account", Account, "Chart of accounts, inactive ones too.", needed="id accttype")
PERIODS = _listing("accountingperiod", AccountingPeriod, "Months, quarters and years of the books.", needed="id startdate enddate")
BOOKS = _listing("accountingbook", AccountingBook, "Accounting books.")
CUSTOMERS = _listing("customer", Customer, "Customers, inactive ones too.", changed="lastmodifieddate", once=True)
VENDORS = _listing("vendor", Vendor, "Suppliers, inactive ones too.", changed="lastmodifieddate", once=True)
ITEMS = _listing("item", Item, "Items, inactive ones too.", changed="lastmodifieddate", once=True)
CURRENCY_RATES = _listing(
    "currencyrate",
    CurrencyRate,
    "Exchange rates by day.",
    keys=("basecurrency", "transactioncurrency", "effectivedate"),
    order=("effectivedate", "basecurrency", "transactioncurrency"),
    changed="effectivedate",
    needed="basecurrency transactioncurrency effectivedate exchangerate",
    deletable=False,
)
DELETED = _listing(
    "deletedrecord",
    DeletedRecord,
    "Records that were deleted, of every type.",
    keys=("recordid", "recordtypeid", "scriptid"),
    order=("deleteddate", "recordid", "recordtypeid", "scriptid"),
    changed="deleteddate",
    needed="recordid deleteddate",
    deletable=False,
)
WHOLE = (
    ACCOUNTS,
    _listing("accounttype", AccountType, "Types of accounts."),
    PERIODS,
    BOOKS,
    _listing("subsidiary", Subsidiary, "Subsidiaries, those for eliminations too."),
    _listing("department", Segment, "Departments."),
    _listing("classification", Segment, "Classes."),
    _listing("location", Segment, "Locations."),
    _listing("currency", Currency, "Currencies, with today's rates."),
    _listing("consolidatedexchangerate", ConsolidatedExchangeRate, "Rates of consolidation by period and subsidiary."),
    _listing("budgets", Budget, "Budgets, one row for each account, segment and year."),
    _listing(
        "budgetsmachine", BudgetMonth, "Amounts of budgets by period.", keys=("budget", "period"), needed="budget period amount"
    ),
    _listing("budgetcategory", BudgetCategory, "Versions of budgets."),
)
LEDGER = Endpoint(
    "transaction",
    Transaction,
    tuple(listing.endpoint.tables[0] for listing in (TRANSACTION, LINES, ACCOUNTING_LINES)),
    TRANSACTION.endpoint.identity,
)
CHANGING = (CUSTOMERS, VENDORS, ITEMS)
DATED = (DELETED, CURRENCY_RATES)
LISTINGS = (TRANSACTION, LINES, ACCOUNTING_LINES, *WHOLE, *CHANGING, *DATED)
ENDPOINTS = (*(listing.endpoint for listing in WHOLE), LEDGER, *(listing.endpoint for listing in (*CHANGING, *DATED)))
TABLES = tuple(table for endpoint in ENDPOINTS for table in endpoint.tables)

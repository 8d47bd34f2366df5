"""Reports over what the ledger holds: general ledger, trial balance, profit and loss, balance sheet, with sections as QuickBooks nests them.

They are made from the company's own journals, not from the objects, so that they can judge whoever rebuilds the ledger from these.
Every cell is text; an empty one is nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sandbox.vendors.quickbooks.query import pacific
from sandbox.vendors.quickbooks.store import Books
from sandbox.vendors.tables import Row

MOST_CELLS = 40_000  # the vendor's own is higher: a small company must be able to show it
TOO_MUCH = "Unable to display more data. Please reduce the date range."
_DEFAULT_COLUMNS = "tx_date,txn_type,doc_num,name,memo,split_acc,subt_nat_amount,rbal_nat_amount"
_TITLES = {
    "tx_date": ("Date", "Date"), "txn_type": ("Transaction Type", "String"), "doc_num": ("Num", "String"), "name": ("Name", "String"),
    "memo": ("Memo/Description", "String"), "split_acc": ("Split", "String"), "account_name": ("Account", "String"),
    "account_num": ("Account #", "String"), "klass_name": ("Class", "String"), "dept_name": ("Location", "String"),
    "subt_nat_amount": ("Amount", "Money"), "rbal_nat_amount": ("Balance", "Money"), "debt_home_amt": ("Debit", "Money"),
    "credit_home_amt": ("Credit", "Money"), "debt_amt": ("Debit", "Money"), "credit_amt": ("Credit", "Money"),
    "currency": ("Currency", "String"), "exch_rate": ("Exchange Rate", "Number"), "last_mod_date": ("Last Modified", "Date"),
}  # fmt: skip
_TYPES = {
    "CreditMemo": "Credit Memo", "VendorCredit": "Vendor Credit", "JournalEntry": "Journal Entry", "SalesReceipt": "Sales Receipt",
    "RefundReceipt": "Refund", "CreditCardPayment": "Credit Card Payment", "BillPayment": "Bill Payment (Check)", "Purchase": "Expense",
}  # fmt: skip
_STATEMENT = (  # group, title, account types, whether debits count positive
    ("Income", "Income", ("Income",), False),
    ("COGS", "Cost of Goods Sold", ("Cost of Goods Sold",), True),
    ("Expenses", "Expenses", ("Expense",), True),
    ("OtherIncome", "Other Income", ("Other Income",), False),
    ("OtherExpenses", "Other Expenses", ("Other Expense",), True),
)
_RESULTS = {"COGS": ("GrossProfit", "Gross Profit"), "Expenses": ("NetOperatingIncome", "Net Operating Income"), "OtherExpenses": ("NetIncome", "Net Income")}  # fmt: skip
_POSITION = (("TotalAssets", "ASSETS", "Asset", True), ("Liabilities", "Liabilities", "Liability", False), ("Equity", "Equity", "Equity", False))  # fmt: skip
_RESULT_CLASSES = ("Revenue", "Expense")


class UnknownReportError(ValueError):
    """There is no such report, or its dates cannot be read."""


@dataclass(frozen=True)
class Period:
    """From the first to the last day, both included; ``fiscal_start`` begins the year that the last day lies in."""

    first: date
    last: date
    fiscal_start: date


def report(books: Books, name: str, options: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """A report as the vendor's JSON. Raises :class:`UnknownReportError`."""
    today = pacific(now).date()
    try:
        first = date.fromisoformat(options["start_date"]) if "start_date" in options else today.replace(day=1)
        last = date.fromisoformat(options["end_date"]) if "end_date" in options else today
    except ValueError as trouble:
        raise UnknownReportError(str(trouble)) from None
    period = Period(first, last, last.replace(month=1, day=1))
    makers = {
        "GeneralLedger": _general_ledger,
        "TrialBalance": _trial_balance,
        "ProfitAndLoss": _profit_and_loss,
        "BalanceSheet": _balance_sheet,
    }
    if name not in makers:
        raise UnknownReportError(f"There is no report {name}")
    columns, rows = makers[name](books, period, options)
    head = {
        "Time": pacific(now).isoformat(timespec="seconds"),
        "ReportName": name,
        "ReportBasis": options.get("accounting_method", "Accrual"),
        "StartPeriod": str(first),
        "EndPeriod": str(last),
        "Currency": books.currency,
        "Option": [{"Name": "NoReportData", "Value": "false" if rows else "true"}],
    }
    if options.get("summarize_column_by"):
        head["SummarizeColumnsBy"] = options["summarize_column_by"]
    return {"Header": head, "Columns": {"Column": columns}, "Rows": {"Row": rows}}


def _money(value: Decimal | None) -> str:
    return f"{value:.2f}" if value else ""


def _cells(values: Iterable[object]) -> list[dict[str, str]]:
    return [{"value": "" if value is None else str(value)} for value in values]


def _debits(classification: str) -> int:
    """The side on which an account grows: 1 debit, -1 credit."""
    return 1 if classification in {"Asset", "Expense"} else -1


def _general_ledger(books: Books, period: Period, options: Mapping[str, str]) -> tuple[list[Any], list[Any]]:
    """A section an account, sub-accounts inside their parents'; balance sheet accounts begin with their opening balance."""
    keys = [key for key in options.get("columns", _DEFAULT_COLUMNS).split(",") if key in _TITLES]
    keys = [key for key in _TITLES if key in keys]  # the vendor keeps an order of its own, whatever was asked for
    columns = [
        {"ColTitle": _TITLES[key][0], "ColType": _TITLES[key][1], "MetaData": [{"Name": "ColKey", "Value": key}]} for key in keys
    ]
    lines = books.rows(
        "select * from posting where txn_date between ? and ? order by txn_date, txn_id::integer", [period.first, period.last]
    )
    if len(lines) * len(keys) > MOST_CELLS:
        return columns, [{"ColData": [{"value": TOO_MUCH}], "type": "Data"}]
    opening = {
        row["account_id"]: row["amount"]
        for row in books.rows(
            "select account_id, sum(amount) as amount from posting where txn_date < ? and classification not in ('Revenue', 'Expense') group by 1",
            [period.first],
        )
    }
    types = {(row["entity"], row["id"]): row["kind"] for row in books.rows(_KINDS)}
    others: dict[str, set[str]] = {}
    for line in lines:
        others.setdefault(line["txn_id"], set()).add(line["account_id"])
    by_account: dict[str, list[Row]] = {}
    for line in lines:
        by_account.setdefault(line["account_id"], []).append(line)
    accounts = books.rows(_ACCOUNTS)
    names = {account["id"]: account["name"] for account in accounts}

    def section(account: Row) -> dict[str, Any] | None:
        own = by_account.get(account["id"], [])
        inner = [found for child in accounts if child["parent_id"] == account["id"] and (found := section(child))]
        start = opening.get(account["id"])
        if not own and not inner and not start:
            return None
        side = _debits(account["classification"])
        balance = (start or Decimal(0)) * side
        rows: list[Any] = []
        if account["classification"] not in _RESULT_CLASSES:
            cells: dict[str, object] = {"tx_date": "Beginning Balance", "rbal_nat_amount": _money(balance)}
            rows.append({"ColData": _cells(cells.get(key) for key in keys), "type": "Data"})
        for line in own:
            balance += line["amount"] * side
            split = others[line["txn_id"]] - {account["id"]}
            cells = _ledger_cells(line, account, types, balance, side)
            cells["split_acc"] = names[next(iter(split))] if len(split) == 1 else "-Split-"
            data = _cells(cells[key] for key in keys)
            for key, cell in zip(keys, data, strict=True):
                if key == "txn_type":
                    cell["id"] = line["txn_id"]
                elif key == "account_name":
                    cell["id"] = account["id"]
            rows.append({"ColData": data, "type": "Data"})
        total = sum((line["amount"] for line in own), Decimal(0)) * side
        summary = {"subt_nat_amount": _money(total)}
        return {
            "Header": {"ColData": [{"value": account["name"], "id": account["id"]}, *_cells([""] * (len(keys) - 1))]},
            "Rows": {"Row": rows + inner},
            "Summary": {"ColData": [{"value": f"Total for {account['name']}"}, *_cells(summary.get(key) for key in keys[1:])]},
            "type": "Section",
        }

    return columns, [found for account in accounts if account["parent_id"] is None and (found := section(account))]


_ACCOUNTS = """
    select id, number, body->>'Name' as name, body->>'AcctNum' as code, body->>'Classification' as classification, body->>'AccountType' as account_type,
        body->>'AccountSubType' as account_sub_type, body->'ParentRef'->>'value' as parent_id
    from object where entity = 'Account' order by number
"""
_KINDS = """
    select entity, id, coalesce(body->>'PayType', (body->>'PaymentType') || case when (body->>'Credit') = 'true' then ' Credit' else '' end) as kind
    from object where entity in ('BillPayment', 'Purchase')
"""
_KIND_NAMES = {"CreditCard Credit": "Credit Card Credit", "Check": "Check", "Cash": "Expense"}


def _ledger_cells(line: Row, account: Row, types: Mapping[tuple[str, str], str], balance: Decimal, side: int) -> dict[str, object]:
    entity, amount = line["entity"], line["amount"]
    label = _TYPES.get(entity, entity)
    kind = types.get((entity, line["txn_id"]))
    if entity == "BillPayment" and kind == "CreditCard":
        label = "Bill Payment (Credit Card)"
    elif entity == "Purchase" and kind:
        label = _KIND_NAMES.get(kind, "Credit Card Expense")
    debit, credit = (amount, None) if amount > 0 else (None, -amount)
    return {
        "tx_date": line["txn_date"],
        "txn_type": label,
        "doc_num": line["doc_number"],
        "name": line["party_name"],
        "memo": line["memo"],
        "account_name": account["name"],
        "account_num": account["code"],
        "klass_name": line["class_name"],
        "dept_name": None,
        "subt_nat_amount": _money(amount * side),
        "rbal_nat_amount": f"{balance:.2f}",
        "debt_home_amt": _money(debit),
        "credit_home_amt": _money(credit),
        "debt_amt": _money(debit),
        "credit_amt": _money(credit),
        "currency": None,
        "exch_rate": None,
        "last_mod_date": f"{line['changed_at']:%Y-%m-%d}" if line["changed_at"] else None,
    }


def _balances(books: Books, period: Period) -> list[Row]:
    """Balances at the last day: results since the year began, those of the years before in retained earnings."""
    return books.rows(
        f"""
        with accounts as ({_ACCOUNTS}),
        moved as (
            select case when classification in ('Revenue', 'Expense') and txn_date < ? then (select id from accounts where account_sub_type = 'RetainedEarnings' limit 1)
                else account_id end as id, amount
            from posting where txn_date <= ?
        )
        select accounts.*, sum(amount) as amount from moved join accounts using (id) group by all having sum(amount) <> 0 order by number
        """,
        [period.fiscal_start, period.last],
    )


def _trial_balance(books: Books, period: Period, _options: Mapping[str, str]) -> tuple[list[Any], list[Any]]:
    columns = [
        {"ColTitle": "", "ColType": "Account"},
        {"ColTitle": "Debit", "ColType": "Money"},
        {"ColTitle": "Credit", "ColType": "Money"},
    ]
    balances = _balances(books, period)
    rows: list[Any] = [
        {
            "ColData": [
                {"value": row["name"], "id": row["id"]},
                *_cells([_money(max(row["amount"], Decimal(0))), _money(max(-row["amount"], Decimal(0)))]),
            ]
        }
        for row in balances
    ]
    total = _money(sum((max(row["amount"], Decimal(0)) for row in balances), Decimal(0)))
    rows.append({"Summary": {"ColData": _cells(["TOTAL", total, total])}, "type": "Section", "group": "GrandTotal"})
    return columns, rows


def _months(period: Period, options: Mapping[str, str]) -> list[tuple[str, date, date]]:
    """The columns of a statement: one for each month, or one for all."""
    if options.get("summarize_column_by", "").lower() != "month":
        return [("Total", period.first, period.last)]
    months, first = [], period.first
    while first <= period.last:
        following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
        months.append((f"{first:%b %Y}", first, min(period.last, date.fromordinal(following.toordinal() - 1))))
        first = following
    return months


def _statement_columns(months: Sequence[tuple[str, date, date]]) -> list[Any]:
    return [
        {"ColTitle": "", "ColType": "Account", "MetaData": [{"Name": "ColKey", "Value": "account"}]},
        *({"ColTitle": title, "ColType": "Money", "MetaData": [{"Name": "StartDate", "Value": str(first)}, {"Name": "EndDate", "Value": str(last)}]} for title, first, last in months),
    ]  # fmt: skip


def _sums(books: Books, months: Sequence[tuple[str, date, date]], *, cumulative: bool) -> list[Row]:
    """By account, a list of amounts, debit positive, one for each column."""
    parts = ", ".join(f"sum(case when txn_date {'<=' if cumulative else 'between ? and'} ? then amount else 0 end)" for _ in months)
    values = [each for _, first, last in months for each in ((last,) if cumulative else (first, last))]
    sql = f"with accounts as ({_ACCOUNTS}) select accounts.*, [{parts}] as amounts from posting join accounts on id = account_id group by all order by number"
    return books.rows(sql, values)


def _profit_and_loss(books: Books, period: Period, options: Mapping[str, str]) -> tuple[list[Any], list[Any]]:
    months = _months(period, options)
    sums = _sums(books, months, cumulative=False)
    rows: list[Any] = []
    result = [Decimal(0)] * len(months)
    for group, title, types, debits in _STATEMENT:
        found = [row for row in sums if row["account_type"] in types and any(row["amounts"])]
        section, totals = _section(title, f"Total {title}", group, found, 1 if debits else -1, len(months))
        if found:
            rows.append(section)
        result = [so_far - total if debits else so_far + total for so_far, total in zip(result, totals, strict=True)]
        if group in _RESULTS:
            key, label = _RESULTS[group]
            rows.append({"Summary": {"ColData": _cells([label, *map(_money, result)])}, "type": "Section", "group": key})
    return _statement_columns(months), rows


def _balance_sheet(books: Books, period: Period, options: Mapping[str, str]) -> tuple[list[Any], list[Any]]:
    months = _months(period, options)
    sums = _sums(books, months, cumulative=True)
    rows: list[Any] = []
    for group, title, classification, debits in _POSITION:
        found = [row for row in sums if row["classification"] == classification and any(row["amounts"])]
        section, totals = _section(title, f"Total {title}", group, found, 1 if debits else -1, len(months))
        if classification == "Equity":
            profits = [-sum((row["amounts"][at] for row in sums if row["classification"] in _RESULT_CLASSES), Decimal(0)) for at in range(len(months))]  # fmt: skip
            section["Rows"]["Row"].append(
                {"ColData": _cells(["Net Income", *map(_money, profits)]), "type": "Data", "group": "NetIncome"}
            )
            section["Summary"]["ColData"] = _cells(["Total Equity", *(_money(a + b) for a, b in zip(totals, profits, strict=True))])
        rows.append(section)
    return _statement_columns(months), rows


def _section(
    title: str, total_title: str, group: str, found: Sequence[Row], side: int, width: int
) -> tuple[dict[str, Any], list[Decimal]]:
    data = [
        {
            "ColData": [{"value": row["name"], "id": row["id"]}, *_cells(_money(each * side) for each in row["amounts"])],
            "type": "Data",
        }
        for row in found
    ]
    totals = [sum((row["amounts"][at] for row in found), Decimal(0)) * side for at in range(width)]
    section = {
        "Header": {"ColData": _cells([title, *[""] * width])},
        "Rows": {"Row": data},
        "Summary": {"ColData": _cells([total_title, *map(_money, totals)])},
        "type": "Section",
        "group": group,
    }
    return section, totals

"""The two resources that answer through a finder only: balances of account combinations, and currency rates."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from sandbox.vendors.oracle_fusion.query import Refusal, parse_finder
from sandbox.vendors.tables import Row, ShownTables

_BALANCES: Mapping[str, tuple[str, ...]] = {
    "AccountBalanceFinder": ("accountCombination", "accountingPeriod", "currency", "ledgerName", "ledgerSetName", "mode")
}
_RATES: Mapping[str, tuple[str, ...]] = {
    "CurrencyRatesFinder": ("fromCurrency", "toCurrency", "userConversionType", "startDate", "endDate")
}


def _variables(text: str | None, known: Mapping[str, tuple[str, ...]], optional: frozenset[str] = frozenset()) -> dict[str, str]:
    name, wanted = next(iter(known.items()))
    if not text:
        raise Refusal(f"The finder {name} is mandatory for this resource.")
    variables = parse_finder(text, known)[1]
    if missing := [each for each in wanted if each not in variables and each not in optional]:
        raise Refusal(f"URL request parameter finder with value {text} is not valid: the variable {missing[0]} is required.")
    return variables


def balances(tables: ShownTables, finder: str | None) -> Sequence[Row]:
    """One row for the whole pattern (mode Summary), or one for each combination within it (Detail)."""
    asked = _variables(finder, _BALANCES, frozenset({"ledgerName", "ledgerSetName"}))
    ledger = tables.one('select "LedgerName", "CurrencyCode" from "ledgersLOV"')
    if asked.get("ledgerName", ledger["LedgerName"]) != ledger["LedgerName"] or asked["mode"] not in {"Detail", "Summary"}:
        return []
    pattern = "-".join(re.escape(part).replace("%", "[^-]*") for part in asked["accountCombination"].split("-"))
    parts = tables.rows(
        """
        select "$Combination", "CurrencyType", "$Beginning", "$Activity" from "ledgerBalances"
        where "$Period" = ? and "Currency" = ? and regexp_full_match("$Combination", ?) order by "$Combination"
        """,
        [asked["accountingPeriod"], asked["currency"], pattern],
    )
    head = {"LedgerName": ledger["LedgerName"], "LedgerSetName": asked.get("ledgerSetName"), "Currency": asked["currency"]}
    head |= {"CurrentAccountingPeriod": asked["accountingPeriod"], "AccountCombination": asked["accountCombination"]}
    if asked["mode"] == "Detail":
        return [
            _row(head, part["$Combination"], part["CurrencyType"], part["$Beginning"], part["$Activity"], asked["accountingPeriod"])
            for part in parts
        ]
    beginning, activity = sum(part["$Beginning"] for part in parts), sum(part["$Activity"] for part in parts)
    return [_row(head, None, "Total", beginning, activity, None)] if parts else []


def _row(head: Row, combination: str | None, currency_type: str, beginning: object, activity: object, period: str | None) -> Row:
    ending = beginning + activity  # type: ignore[operator]
    row = {
        **head,
        "PeriodName": period,
        "DetailAccountCombination": combination,
        "BeginningBalance": beginning,
        "PeriodActivity": activity,
        "EndingBalance": ending,
    }
    row |= {"AmountType": "YTD", "CurrencyType": currency_type, "Scenario": "Actual", "AccountGroupName": None, "AccountName": None}
    return row | {
        "CurrentPeriodBalance": activity,
        "ActualBalance": ending,
        "BudgetBalance": None,
        "$Combination": combination or head["AccountCombination"],
    }


def rates(tables: ShownTables, finder: str | None) -> Sequence[Row]:
    """The daily rates of one pair of currencies."""
    asked = _variables(finder, _RATES)
    return tables.rows(
        """
        from "currencyRates" where "FromCurrency" = $fromCurrency and "ToCurrency" = $toCurrency and "UserConversionType" = $userConversionType
            and "ConversionDate" between $startDate::date and $endDate::date order by "ConversionDate"
        """,
        asked,  # type: ignore[arg-type]
    )

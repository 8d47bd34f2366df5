"""The cube: ``exportData``, wide by period, and the rows of modelled sheets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from starlette.responses import Response

from sandbox.vendors.adaptive.locales import Locale, line
from sandbox.vendors.adaptive.replies import Element, Refusal, answer, element, flag, message, text
from sandbox.vendors.adaptive.store import AdaptiveStore
from sandbox.vendors.adaptive.trees import SHEETS

NEWER = 20
"""Versions of the API before this one know no choice of names and codes, and give codes as Excel keeps them."""
_COLUMNS = {"Product": "product_id", "Channel": "channel_id", "Seller": "seller_id"}
_STRATA = {"month": "month", "qtr": "quarter", "quarter": "quarter", "year": "year"}
_UNCATEGORIZED = "Uncategorized"


@dataclass(frozen=True)
class Period:
    """A column: its code and label, and its first and last month."""

    code: str
    label: str
    first: date
    last: date


@dataclass(frozen=True)
class _Span:
    columns: Sequence[Period]
    first: date
    last: date


def export(store: AdaptiveStore, call: Element, locale: Locale, api_version: int) -> Response:
    """``exportData``; the parts of the call may stand in any order. Raises :class:`Refusal`."""
    wanted = call.find("format")
    filters, rules = call.find("filters"), call.find("rules")
    by_code = flag(wanted, "useInternalCodes")
    version = _version(store, call.find("version"))
    rollups = flag(rules, "includeRollups")
    rollup_accounts = flag(rules, "includeRollupAccounts", otherwise=rollups)
    rollup_levels = flag(rules, "includeRollupLevels", otherwise=rollups)
    accounts = _accounts(store, filters, rollups=rollup_accounts)
    levels = _levels(store, filters, rollups=rollup_levels)
    dimensions = _dimensions(store, call)
    kept, values = _values_kept(store, filters)
    rolled = rules.get("timeRollups", "false").lower() if rules is not None else "false"
    span = _span(store, filters, locale, rolled, by_code=by_code)
    rows = _rows(
        store,
        version,
        (accounts, levels),
        dimensions,
        span,
        (kept, values),
        _currency(store, rules),
        flag(rules, "includeZeroRows"),
    )
    blank = "B" if flag(rules, "markBlanks") else locale.number(Decimal(0))
    header, keys = _keys(wanted, dimensions, api_version)
    header += [period.code if by_code else period.label for period in span.columns]
    lines = [line(header)]
    for row in rows:
        amounts = (row[f"p{at}"] for at in range(len(span.columns)))
        lines.append(line([*(key(row) for key in keys), *(blank if each is None else locale.number(each) for each in amounts)]))
    old = rules is not None and "includeRollups" in rules.attrib
    warnings = [message("warning-deprecated", "includeRollups is deprecated: use includeRollupAccounts.", "WARNING")] if old else []
    streamed = len(rows) if flag(call, "stream") else None
    return answer(text("output", "\n".join(lines) + "\n"), warnings=warnings, rows=streamed)


def _version(store: AdaptiveStore, told: Element | None) -> int:
    if told is None or not (told.get("name") or flag(told, "isDefault")):
        raise Refusal("error-missing-version", "The call names no version.")
    if flag(told, "isDefault"):
        found = store.read("select id from shown_version where is_default")
    else:
        found = store.read("select id from shown_version where name = ?", [told.get("name")])
    if not found:
        raise Refusal("error-invalid-version", f"The version '{told.get('name', '')}' does not exist.")
    return int(found[0][0])


def _accounts(store: AdaptiveStore, filters: Element | None, *, rollups: bool) -> list[int]:
    chosen = [] if filters is None else filters.findall("accounts/account")
    rows = store.records("from account order by id")
    ids: set[int] = {row["id"] for row in rows} if not chosen else set()
    for each in chosen:
        wanted = [row for row in rows if row["code"] == each.get("code") and row["is_assumption"] == flag(each, "isAssumption")]
        if not wanted:
            raise Refusal("error-invalid-account", f"The account '{each.get('code')}' does not exist.")
        ids.add(wanted[0]["id"])
        if flag(each, "includeDescendants"):
            ids |= {row["id"] for row in rows if row["parent_id"] == wanted[0]["id"]}
    return [row["id"] for row in rows if row["id"] in ids and (not row["is_group"] or (rollups and not row["is_assumption"]))]


def _levels(store: AdaptiveStore, filters: Element | None, *, rollups: bool) -> list[tuple[int, bool]]:
    """The levels to show, and whether each shows what lies below it, too."""
    rows = store.records("select *, parent_id is null as is_rollup from level order by id")
    chosen = [] if filters is None else filters.findall("levels/level")
    if not chosen:
        return [(row["id"], rollups and row["is_rollup"]) for row in rows]
    found: dict[int, bool] = {}
    for each in chosen:
        name = each.get("name") or each.get("code")
        wanted = next((row for row in rows if name in {row["name"], row["code"]}), None)
        if wanted is None:
            raise Refusal("error-invalid-level", f"The level '{name}' does not exist.")
        found[wanted["id"]] = rollups and wanted["is_rollup"]
        if flag(each, "includeDescendants"):
            found |= {row["id"]: False for row in rows if row["parent_id"] == wanted["id"]}
    return [(row["id"], found[row["id"]]) for row in rows if row["id"] in found]


def _dimensions(store: AdaptiveStore, call: Element) -> list[str]:
    """Names of the dimensions that become columns: those that are named, and those that are filtered by."""
    known = {str(name) for (name,) in store.read("select name from dimension")}
    named = [each.get("name") for each in call.findall("dimensions/dimension")]
    named += [each.get("dimName") for each in call.findall("filters/dimensionValues/dimensionValue")]
    for name in named:
        if name not in known:
            raise Refusal("error-invalid-dimension", f"The dimension '{name}' does not exist.")
    return list(dict.fromkeys(named))


def _values_kept(store: AdaptiveStore, filters: Element | None) -> tuple[list[str], list[object]]:
    """Conditions of the values that are filtered by, those of one dimension joined by or, and what is put in them."""
    by_dimension: dict[str, list[str]] = {}
    values: list[object] = []
    for each in [] if filters is None else filters.findall("dimensionValues/dimensionValue"):
        column = _COLUMNS[each.get("dimName")]
        if flag(each, "uncategorized"):
            by_dimension.setdefault(column, []).append(f"{column} is null")
            continue
        found = store.read(
            "select v.id from dimension_value v join dimension d on d.id = dimension_id where d.name = ? and (v.name = ? or v.code = ?)",
            [each.get("dimName"), each.get("name"), each.get("code")],
        )
        if not found:
            raise Refusal("error-invalid-dimension-value", f"The value '{each.get('name') or each.get('code')}' does not exist.")
        below = "parent_id = ?" if flag(each, "directChildren") else "? in (id, parent_id)"
        by_dimension.setdefault(column, []).append(f"{column} in (select id from dimension_value where {below})")
        values.append(found[0][0])
    return [f"({' or '.join(conditions)})" for conditions in by_dimension.values()], values


def _span(store: AdaptiveStore, filters: Element | None, locale: Locale, rolled: str, *, by_code: bool) -> _Span:
    told = None if filters is None else filters.find("timeSpan")
    if told is None or not told.get("start") or not told.get("end"):
        raise Refusal("error-missing-time-span", "The filters name no time span.")
    periods = _periods(store, locale)
    named = {(each.code if by_code else each.label): each for stratum in periods.values() for each in stratum}
    for end in ("start", "end"):
        if told.get(end) not in named:
            raise Refusal("error-invalid-time-span", f"The period '{told.get(end)}' does not exist.")
    first, last = named[told.get("start")].first, named[told.get("end")].last
    if first > last:
        raise Refusal("error-invalid-time-span", "The time span ends before it begins.")
    stratum = _STRATA.get((told.get("stratum") or "month").lower())
    if stratum is None:
        raise Refusal("error-invalid-time-span", f"The stratum '{told.get('stratum')}' does not exist.")
    columns = [each for each in periods[stratum] if first <= each.first and each.last <= last]
    if rolled == "single":
        whole = f"{told.get('start')} - {told.get('end')}"
        columns = [Period(whole, whole, first, last)]
    elif rolled == "true" and stratum == "month":
        above = [each for name in ("quarter", "year") for each in periods[name] if first <= each.first and each.last <= last]
        columns += above
    return _Span(columns, first, last)


def _periods(store: AdaptiveStore, locale: Locale) -> dict[str, list[Period]]:
    found: dict[str, dict[str, Period]] = {"month": {}, "quarter": {}, "year": {}}
    for month, year, quarter in store.read("select month, fiscal_year, fiscal_quarter from period order by month"):
        for stratum, code, label in (
            ("month", f"{month:%m/%Y}", locale.month(month)),
            ("quarter", f"Q{quarter}-{year}", f"Q{quarter}-FY{year % 100:02}"),
            ("year", f"{year}", f"FY{year}"),
        ):
            first = found[stratum][code].first if code in found[stratum] else month
            found[stratum][code] = Period(code, label, first, month)
    return {stratum: list(periods.values()) for stratum, periods in found.items()}


def _currency(store: AdaptiveStore, rules: Element | None) -> str | None:
    """The currency in which all is told; None: each level's own. Exactly one way may be chosen, the corporate one where none is."""
    told = None if rules is None else rules.find("currency")
    override = None if told is None else told.get("override")
    if [flag(told, "useCorporate"), flag(told, "useLocal"), bool(override)].count(True) > 1:
        raise Refusal("error-invalid-currency", "Exactly one currency may be chosen.")
    if flag(told, "useLocal"):
        return None
    if override and not store.read(
        "select 1 from rate where currency = ? union select 1 from entity where currency = ?", [override, override]
    ):
        raise Refusal("error-invalid-currency", f"The currency '{override}' is not active.")
    return override or str(store.read("select min_by(currency, n) from entity")[0][0])


def _rows(
    store: AdaptiveStore,
    version: int,
    places: tuple[Sequence[int], Sequence[tuple[int, bool]]],
    dimensions: Sequence[str],
    span: _Span,
    kept: tuple[Sequence[str], Sequence[object]],
    currency: str | None,
    zero_rows: bool,
) -> list[dict[str, Any]]:
    accounts, levels = places
    if not accounts or not levels:
        return []
    columns = [_COLUMNS[name] for name in dimensions]
    amount = "amount"
    if currency is not None:
        amount = f"case when display_as = 'CURRENCY' and own.currency <> '{currency}' then round(amount * theirs.units / ours.units, 4) else amount end"
    sums = [
        f"sum(amount) filter (month between date '{each.first}' and date '{each.last}')::decimal(38, 4) as p{at}"
        for at, each in enumerate(span.columns)
    ]
    some = f"coalesce(sum(abs(amount)) filter (month between date '{span.first}' and date '{span.last}'), 0) <> 0"
    below = [number for number, is_rollup in levels if is_rollup] or [-1]
    grouped = ", ".join(["account_id", "level_id", *columns])
    told = ", ".join(
        [
            "g.*",
            "a.code as account_code",
            "a.name as account_name",
            "l.code as level_code",
            "l.name as level_name",
            "l.display_name",
        ]
        + [f"d{at}.name as dim{at}, d{at}.code as code{at}" for at in range(len(columns))]
    )
    joined = " ".join(f"left join dimension_value d{at} on d{at}.id = g.{column}" for at, column in enumerate(columns))
    sql = f"""
        with placed as (
            select au.shown_id as account_id, lu.shown_id as level_id, product_id, channel_id, seller_id, c.month, {amount} as amount
            from cell c
            join account_up au on au.account_id = c.account_id and au.shown_id in ({_list(accounts)})
            join level_up lu on lu.level_id = c.level_id and lu.shown_id in ({_list([number for number, _ in levels])})
                and (lu.shown_id = c.level_id or lu.shown_id in ({_list(below)}))
            join account on account.id = c.account_id
            join level own on own.id = c.level_id
            left join rate ours on ours.month = c.month and ours.currency = own.currency
            left join rate theirs on theirs.month = c.month and theirs.currency = ?
            where version_id = ? {"".join(f" and {condition}" for condition in kept[0])}
        ),
        grouped as (select {", ".join([grouped, *sums])} from placed group by {grouped} {"" if zero_rows else f"having {some}"})
        select {told} from grouped g join account a on a.id = g.account_id join level l on l.id = g.level_id {joined}
        order by {", ".join(["a.id", "l.id", *(f"g.{column} nulls first" for column in columns)])}
    """
    return store.records(sql, [currency, version, *kept[1]])


def _list(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


def _keys(wanted: Element | None, dimensions: Sequence[str], api_version: int) -> tuple[list[str], list[Any]]:
    """Headers of the key columns, and what each takes of a row.

    Whoever names neither codes nor names gets the three columns of old.
    """
    numbered = {"includeCodes", "includeNames", "includeDisplayNames"} & set(wanted.attrib if wanted is not None else ())
    level = "display_name" if flag(wanted, "displayNameEnabled") else "level_name"
    found: list[tuple[str, Any]] = []
    safe = api_version < NEWER
    if safe or not numbered:
        found = [
            ("Account Name", lambda row: row["account_name"]),
            ("Account Code", lambda row: f'="{row["account_code"]}"' if safe else row["account_code"]),
            ("Level Name", lambda row: row["level_name"]),
        ]
        found += [(f"{name} Name", lambda row, at=at: row[f"dim{at}"] or _UNCATEGORIZED) for at, name in enumerate(dimensions)]
        return [header for header, _ in found], [key for _, key in found]
    ids, names = flag(wanted, "useIds"), flag(wanted, "includeNames") or not flag(wanted, "includeCodes")
    for kind, name in (("Account", "account_name"), ("Level", level)):
        if names:
            found.append((f"{kind} Name", lambda row, name=name: row[name]))
        if flag(wanted, "includeCodes"):
            column = f"{kind.lower()}_id" if ids else f"{kind.lower()}_code"
            found.append((f"{kind} Code", lambda row, column=column: str(row[column])))
        if flag(wanted, "includeDisplayNames"):
            shown = "account_name" if kind == "Account" else "display_name"
            found.append((f"{kind} Display Name", lambda row, shown=shown: row[shown]))
    for at, name in enumerate(dimensions):
        if names:
            found.append((f"{name} Name", lambda row, at=at: row[f"dim{at}"] or _UNCATEGORIZED))
        else:
            found.append((f"{name} Code", lambda row, at=at: row[f"code{at}"] or ""))
    return [header for header, _ in found], [key for _, key in found]


def modelled(store: AdaptiveStore, call: Element, locale: Locale) -> Response:
    """``exportConfigurableModelData``: the rows of a modelled sheet; all of them are the first page of the first job."""
    _version(store, call.find("version"))
    sheet = call.find("modeled-sheet")
    name = "" if sheet is None else sheet.get("name", "")
    if name not in {title for title, kind in SHEETS.values() if kind == "MODELED"}:
        raise Refusal("error-invalid-sheet", f"The modeled sheet '{name}' does not exist.")
    job = call.find("job")
    first = job is None or (job.get("jobNumber", "0"), job.get("pageNumber", "0")) == ("0", "0")
    rows = (
        store.records("select p.*, l.name as level_name from shown_person p join level l on l.id = level_id order by employee_id")
        if first
        else []
    )
    lines = [line(["Internal ID", "Level Name", "Employee", "E-mail", "Job Title", "Start Date", "Annual Salary"])]
    for at, row in enumerate(rows, 1):
        told = [str(at), row["level_name"], row["name"], row["email"], row["job_title"] or ""]
        salary = "" if row["annual_salary"] is None else locale.number(row["annual_salary"])
        lines.append(line([*told, "" if row["hired_date"] is None else locale.date(row["hired_date"]), salary]))
    return answer(element("output", {}, [text("data", "\n".join(lines) + "\n")]))

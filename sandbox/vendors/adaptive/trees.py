"""What the instance is made of, as nested trees: the parent of an element is the one around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox.vendors.adaptive.access import INSTANCE, LOGIN
from sandbox.vendors.adaptive.replies import Element, Refusal, element, flag
from sandbox.vendors.adaptive.store import AdaptiveStore

SHEETS = {1: ("Income Statement", "STANDARD"), 2: ("Subscriptions", "CUBE"), 3: ("Personnel", "MODELED")}
Row = dict[str, Any]


def nested(rows: Sequence[Row], shape: Callable[[Row], Element], parent: object = None) -> list[Element]:
    """Rows that know their ``parent_id`` as elements, each around those below it."""
    found = []
    for row in rows:
        if row["parent_id"] == parent:
            made = shape(row)
            made.extend(nested(rows, shape, row["id"]))
            found.append(made)
    return found


def accounts(store: AdaptiveStore, call: Element) -> Element:
    """``exportAccounts``."""
    wanted = call.find("include")
    _known_version(store, wanted)
    with_attributes = flag(wanted, "attributes")

    def shape(row: Row) -> Element:
        made = element(
            "account",
            {
                "id": row["id"],
                "code": row["code"],
                "name": row["name"],
                "accountTypeCode": row["type"],
                "description": "",
                "shortName": "",
                "timeStratum": "month",
                "displayAs": row["display_as"],
                "isAssumption": int(row["is_assumption"]),
                "suppressZeroes": 1,
                "isDefaultRoot": int(row["parent_id"] is None),
                "decimalPrecision": 2,
                "planBy": "DELTA",
                "exchangeRateType": "AVERAGE",
                "isImportable": int(not row["is_group"]),
                "balanceType": None if row["is_assumption"] else "FLOW",
                "dataEntryType": "STANDARD",
                "timeRollUp": "SUM",
                "isGroup": int(row["is_group"]),
                "isIntercompany": 0,
                "isLinked": 0,
                "isSystem": 0,
                "enableActuals": 1,
            },
        )
        if with_attributes and not row["is_group"]:
            told = {
                "attributeId": 1,
                "name": "Source",
                "valueId": 1 + row["is_assumption"],
                "value": _SOURCES[row["is_assumption"]],
            }
            made.append(element("attributes", {}, [element("attribute", told)]))
        return made

    rows = store.records("from account order by id")
    return element("accounts", {"seqNo": store.changes(), "displayNameType": "NAME"}, nested(rows, shape))


_SOURCES = {False: "Ledger", True: "Planning"}


def levels(store: AdaptiveStore, call: Element) -> Element:
    """``exportLevels``."""
    wanted = call.find("include")
    _known_version(store, wanted)
    rows = store.records("select *, id in (select parent_id from level) as has_children from level order by id")

    def shape(row: Row) -> Element:
        return element(
            "level",
            {
                "id": row["id"],
                "code": row["code"],
                "name": row["name"],
                "displayName": row["display_name"] if flag(wanted, "displayNameEnabled") else None,
                "currency": row["currency"],
                "publishCurrency": row["currency"],
                "shortName": "",
                "availableStart": "",
                "availableEnd": "",
                "isImportable": int(not row["has_children"]),
                "workflowStatus": "I",
                "isElimination": 0,
                "isLinked": 0,
                "hasChildren": bool(row["has_children"]),
                "description": "",
            },
        )

    return element("levels", {"seqNo": store.changes()}, nested(rows, shape))


def versions(store: AdaptiveStore, call: Element) -> Element:
    """``exportVersions``: actuals tell from when to when they go, plans from when on they plan; what-ifs are as their plan is."""
    wanted = call.find("include")
    rows = store.records("""
        select v.*, min(p.fiscal_year) as first, max(p.fiscal_year) as last, strftime((select today from saved) - interval 1 month, '%m/%Y') as completed,
            strftime(max(c.month) filter (last_day(c.month) < (select today from saved)), '%m/%Y') as known, strftime(min(c.month), '%m/%Y') as begins,
            strftime(min(c.month) filter (c.month >= date_trunc('month', v.created_at)), '%m/%Y') as plans
        from shown_version v left join cell c on c.version_id = v.id left join period p using (month) group by all order by v.id
    """)

    def shape(row: Row) -> Element:
        is_plan = row["type"] == "PLANNING"
        return element(
            "version",
            {
                "id": row["id"],
                "name": row["name"],
                "shortName": "",
                "type": row["type"],
                "isVirtual": False,
                "description": f"Created {row['created_at']:%Y-%m-%d}",
                "isDefaultVersion": row["is_default"],
                "isLocked": row["is_locked"],
                "hasAuditTrail": is_plan,
                "enabledForWorkflow": False,
                "isImportable": int(row["type"] != "SCENARIO"),
                **_span(row),
                "lockLeading": "" if row["type"] != "SCENARIO" else None,
                "isPredictive": False if row["type"] == "SCENARIO" else None,
            },
        )

    if not flag(wanted, "rootActuals", otherwise=True):
        rows = [row for row in rows if row["type"] != "ACTUALS"]
    if not flag(wanted, "scenarios", otherwise=True):
        rows = [row for row in rows if row["type"] != "SCENARIO"]
    return element("versions", {"seqNo": store.changes()}, nested(rows, shape))


def _span(row: Row) -> Mapping[str, object | None]:
    if row["type"] == "ACTUALS":
        years = {"startVer": row["first"], "endVer": row["last"]}
        return years | {"startScroll": row["begins"], "completedValuesThru": row["known"] or row["completed"]}
    if row["type"] == "SCENARIO":
        return {}
    return {"leftScroll": row["first"], "startPlan": row["plans"] or row["begins"], "endPlan": row["last"]}


def dimensions(store: AdaptiveStore, call: Element) -> Element:
    """``exportDimensions``."""
    wanted = call.find("include")
    _known_version(store, wanted)
    values = store.records("from dimension_value order by id") if flag(wanted, "dimensionValues", otherwise=True) else []

    def value(row: Row) -> Element:
        told = {
            "id": row["id"],
            "code": row["code"],
            "name": row["name"],
            "displayName": row["name"],
            "shortName": "",
            "description": "",
        }
        made = element("dimensionValue", told)
        if row["email"] and flag(wanted, "attributes"):
            told = {"attributeId": 2, "name": "Email", "valueId": row["id"], "value": row["email"]}
            made.append(element("attributes", {}, [element("attribute", told)]))
        return made

    found = []
    for row in store.records("from dimension order by id"):
        about = {
            "id": row["id"],
            "name": row["name"],
            "code": row["name"].upper(),
            "displayNameType": "NAME",
            "shortName": "",
            "autoCreate": 0,
            "listDimension": int(row["is_list"]),
            "keepSorted": 0,
            "useOnLevels": 0,
            "seqNo": row["id"],
        }
        found.append(element("dimension", about, nested([each for each in values if each["dimension_id"] == row["id"]], value)))
    return element("dimensions", {}, found)


def attributes(store: AdaptiveStore, call: Element) -> Element:  # noqa: ARG001 - every method has both
    """``exportAttributes``."""
    emails = store.records("select id, email from dimension_value where email is not null order by id")
    kinds = (
        (1, "Source", "account", None, [(1, _SOURCES[False]), (2, _SOURCES[True])]),
        (2, "Email", "dimension", 3, [(row["id"], row["email"]) for row in emails]),
    )
    found = []
    for number, name, kind, dimension, values in kinds:
        about = {
            "id": number,
            "name": name,
            "displayNameType": "NAME",
            "type": kind,
            "autoCreate": 0,
            "keepSorted": 0,
            "dimensionId": dimension,
        }
        told = [
            element("attributeValue", {"id": at, "code": "", "name": text, "displayName": text, "description": ""})
            for at, text in values
        ]
        found.append(element("attribute", about, told))
    return element("attributes", {}, found)


def time(store: AdaptiveStore, call: Element) -> Element:
    """``exportTime``: the strata, and the periods of each within those of the one above; a period ends before its ``end``."""
    legacy = flag(call.find("options"), "includeLegacyInformation")
    months = store.records("select *, (month + interval 1 month)::date as next from period order by month")
    years: dict[int, Element] = {}
    quarters: dict[tuple[int, int], Element] = {}
    for row in months:
        year, quarter, short = row["fiscal_year"], row["fiscal_quarter"], row["fiscal_year"] % 100
        if year not in years:
            years[year] = _period(f"{year}", f"FY{year}", 3, year - 2000, legacy=legacy)
        if (year, quarter) not in quarters:
            made = _period(f"Q{quarter}-{year}", f"Q{quarter}-FY{short:02}", 2, 4 * (year - 2000) + quarter - 1, legacy=legacy)
            quarters[year, quarter] = made
            years[year].append(made)
        slot = 12 * (row["month"].year - 2000) + row["month"].month - 1
        leaf = _period(f"{row['month']:%m/%Y}", f"{row['month']:%b-%Y}", 1, slot, legacy=legacy)
        for each in (leaf, quarters[year, quarter], years[year]):
            each.set("end", row["next"].isoformat())
        quarters[year, quarter].append(leaf)
    strata = None
    for number, code, label, short_name in ((1, "month", "Month", "Mon"), (2, "qtr", "Quarter", "Qtr"), (3, "year", "Year", "Yr")):
        about = {
            "code": code,
            "label": label,
            "shortName": short_name,
            "id": number,
            "inUse": 1,
            "isDefault": 1 if number == 1 else None,
        }
        strata = element("stratum", about, [] if strata is None else [strata])
    first = months[0]["month"].month if months else 1
    about = {"isCustom": 0, "qFirstMonth": first, "lastMonthIsFy": int(first > 1), "seqNo": store.changes()}
    return element("time", about, [strata, *years.values()])


def _period(code: str, label: str, stratum: int, slot: int, *, legacy: bool) -> Element:
    about = {"code": code, "label": label, "shortName": label, "stratumId": stratum, "timeslot": slot}
    old = {"legacyReportTimeId": slot, "legacySheetTimeId": slot} if legacy else {}
    return element("period", about | {"encodedTimePeriod": f"{stratum}::{slot}", "id": 1000 * slot + stratum} | old)


def currencies(store: AdaptiveStore, call: Element) -> Element:  # noqa: ARG001 - every method has both
    """``exportActiveCurrencies``."""
    found = []
    for at, row in enumerate(store.records(ACTIVE_CURRENCIES), 1):
        about = {"id": at, "code": row["currency"], "precision": 0 if row["currency"] == "JPY" else 2}
        about |= {"isReportingCurrency": int(row["is_corporate"]), "userDefined": 0, "description": row["currency"]}
        found.append(element("currency", about))
    return element("currencies", {"seqNo": store.changes()}, found)


ACTIVE_CURRENCIES = """
    with corporate as (select min_by(currency, n) as currency from entity)
    select a.currency, a.currency = corporate.currency as is_corporate
    from (select currency from rate union select currency from entity) a cross join corporate order by all desc
"""


def users(store: AdaptiveStore, call: Element) -> Element:  # noqa: ARG001 - every method has both
    """``exportUsers``."""
    about = {"id": 1, "guid": "8A81B09D5E8C6F27015ECE3402487D33", "login": LOGIN, "email": LOGIN, "name": "Finance Hub"}
    return element(
        "users",
        {},
        [
            element(
                "user",
                about | {"permissionSetIds": "1", "createdDate": "2022-11-28 09:00:00.0", "lastLogin": "2026-06-29 06:00:00.0"},
            )
        ],
    )


def groups(store: AdaptiveStore, call: Element) -> Element:  # noqa: ARG001 - every method has both
    """``exportGroups``."""
    member = element("members", {}, [element("member", {"id": 1})])
    return element("groups", {}, [element("group", {"id": 1, "name": "Finance", "isGlobal": 1}, [member])])


def permission_sets(store: AdaptiveStore, call: Element) -> Element:  # noqa: ARG001 - every method has both
    """``exportPermissionSets``."""
    return element("permission_sets", {}, [element("permission_set", {"id": 1, "name": "Reader", "permissions": ""})])


def roles(store: AdaptiveStore, call: Element) -> Element:  # noqa: ARG001 - every method has both
    """``exportRoles``."""
    return element("roles", {}, [element("role", {"id": 1, "name": "Reader", "permissions": ""})])


def instances(store: AdaptiveStore, call: Element) -> Element:  # noqa: ARG001 - every method has both
    """``exportInstances``."""
    return element("instances", {}, [element("instance", {"code": INSTANCE, "name": store.names[0], "isDefault": 1})])


def sheets(store: AdaptiveStore, call: Element) -> Element:  # noqa: ARG001 - every method has both
    """``exportSheets``."""
    return element("sheets", {}, [element("sheet", {"id": at, "name": name, "type": kind}) for at, (name, kind) in SHEETS.items()])


def _known_version(store: AdaptiveStore, wanted: Element | None) -> None:
    name = None if wanted is None else wanted.get("versionName")
    if name and not store.read("select 1 from shown_version where name = ?", [name]):
        raise Refusal("error-invalid-version", f"The version '{name}' does not exist.")


METHODS: Mapping[str, Callable[[AdaptiveStore, Element], Element]] = {
    "exportAccounts": accounts,
    "exportActiveCurrencies": currencies,
    "exportAttributes": attributes,
    "exportDimensions": dimensions,
    "exportGroups": groups,
    "exportInstances": instances,
    "exportLevels": levels,
    "exportPermissionSets": permission_sets,
    "exportRoles": roles,
    "exportSheets": sheets,
    "exportTime": time,
    "exportUsers": users,
    "exportVersions": versions,
}
"""Method of a call -> what gives its output."""

"""The query language of Google Ads, as far as accounts, campaigns, ad groups and what they cost go: from text to SQL."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from sandbox.vendors.google_ads.replies import Refusal

_MICROS = "(({})::decimal(30, 4) * 1000000)::bigint"


@dataclass(frozen=True)
class Field:
    """One field: its SQL, and whether it is a 64-bit number, which travels as a string."""

    sql: str
    kind: str = "text"

    def json(self) -> str:
        """Its SQL as the wire shows it."""
        return f"({self.sql})::varchar" if self.kind in {"int64", "date"} else f"({self.sql})"


def _of(prefix: str, **columns: str) -> dict[str, Field]:
    fields = {}
    for name, told in columns.items():
        sql, _, kind = told.partition(" :: ")
        fields[f"{prefix}.{name}"] = Field(sql, kind or "text")
    return fields


_CUSTOMER = _of(
    "customer",
    id="a.id::bigint :: int64",
    descriptive_name="a.name",
    currency_code="a.currency",
    time_zone="a.time_zone",
    manager="false :: bool",
    test_account="false :: bool",
    status="'ENABLED'",
)
_CLIENT = _of(
    "customer_client",
    id="a.id::bigint :: int64",
    client_customer="'customers/' || a.id",
    descriptive_name="a.name",
    currency_code="a.currency",
    time_zone="a.time_zone",
    manager="false :: bool",
    hidden="false :: bool",
    level="1 :: int64",
    status="'ENABLED'",
)
_CAMPAIGN = _of(
    "campaign",
    id="c.id :: int64",
    name="c.name",
    status="case when c.is_over then 'PAUSED' else 'ENABLED' end",
    advertising_channel_type="case c.channel when 'display' then 'DISPLAY' else 'SEARCH' end",
    start_date_time="c.start_date::varchar || ' 00:00:00'",
    end_date_time="c.end_date::varchar || ' 23:59:59'",
    final_url_suffix="concat_ws('&', 'utm_source=' || c.utm_source, 'utm_medium=' || c.utm_medium, 'utm_campaign=' || c.utm_campaign)",
)
_BUDGET = _of(
    "campaign_budget",
    id="c.id + 1 :: int64",
    period="'CUSTOM_PERIOD'",
    total_amount_micros=_MICROS.format("c.budget_amount") + " :: int64",
)
_AD_GROUP = _of(
    "ad_group",
    id="g.id :: int64",
    name="g.name",
    status="case when g.is_over then 'PAUSED' else 'ENABLED' end",
    type="case c.channel when 'display' then 'DISPLAY_STANDARD' else 'SEARCH_STANDARD' end",
)
_SEGMENTS = _of(
    "segments",
    date="r.day :: date",
    month="date_trunc('month', r.day)::date :: date",
    year="year(r.day)::integer :: int32",
)
_METRICS = _of(
    "metrics",
    cost_micros=_MICROS.format("coalesce(sum(r.amount), 0)") + " :: int64",
    clicks="coalesce(sum(r.clicks), 0)::bigint :: int64",
    impressions="coalesce(sum(r.impressions), 0)::bigint :: int64",
    conversions="coalesce(sum(r.conversions), 0)::double :: double",
    conversions_value="0::double :: double",
)
_NAMES = {"customer": "'customers/' || a.id"}
_NAMES["customer_client"] = "'customers/' || a.id"
_NAMES["campaign"] = "'customers/' || a.id || '/campaigns/' || c.id"
_NAMES["campaign_budget"] = "'customers/' || a.id || '/campaignBudgets/' || (c.id + 1)"
_NAMES["ad_group"] = "'customers/' || a.id || '/adGroups/' || g.id"
_ORDER = {"customer": "a.id", "customer_client": "a.id", "campaign": "c.id", "ad_group": "g.id"}
_RESOURCES = {
    "customer": ("accounts a", "r.account_id = a.id", {**_CUSTOMER, **_SEGMENTS, **_METRICS}),
    "customer_client": ("accounts a", "", _CLIENT),
    "campaign": (
        "accounts a join campaigns c on c.account_id = a.id",
        "r.account_id = a.id and r.campaign_id = c.id",
        {**_CUSTOMER, **_CAMPAIGN, **_BUDGET, **_SEGMENTS, **_METRICS},
    ),
    "ad_group": (
        "accounts a join campaigns c on c.account_id = a.id join ad_groups g on g.account_id = a.id and g.campaign_id = c.id",
        "r.account_id = a.id and r.campaign_id = c.id and r.ad_group_id = g.id",
        {**_CUSTOMER, **_CAMPAIGN, **_AD_GROUP, **_SEGMENTS, **_METRICS},
    ),
}
_QUERY = re.compile(
    r"\s*select\s+(?P<select>.+?)\s+from\s+(?P<from>\w+)(?:\s+where\s+(?P<where>.+?))?(?:\s+order\s+by\s+(?P<order>.+?))?"
    r"(?:\s+limit\s+(?P<limit>\d+))?(?:\s+parameters\s+(?P<parameters>.+?))?\s*;?\s*",
    re.IGNORECASE | re.DOTALL,
)
_CONDITION = re.compile(
    r"(?P<field>[\w.]+)\s*(?P<test>!=|<=|>=|=|<|>|\bnot\s+in\b|\bin\b|\bbetween\b|\bduring\b|\blike\b|\bis\s+not\s+null\b|\bis\s+null\b)\s*(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_LITERAL = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|-?\d+(?:\.\d+)?|\w+")
_LAST_DAYS = re.compile(r"LAST_(7|14|30)_DAYS")


@dataclass
class Query:
    """A query as SQL: rows as JSON, in a settled order; ``mask`` is what the answer's ``fieldMask`` tells."""

    sql: str
    mask: str
    values: list[object] = field(default_factory=list)
    limit: int | None = None


@dataclass(frozen=True)
class _Test:
    """A condition as SQL with its values."""

    name: str
    sql: str
    values: list[object]

    @property
    def is_span(self) -> bool:
        """Whether it chooses days, not accounts or what is in them."""
        return self.name.startswith("segments.")


def translate(text: str, today: date, account: str | None) -> Query:
    """The SQL of a query within one account; None for a manager, who sees ``customer_client`` of all.

    Raises :class:`Refusal` that names what the vendor would not accept either.
    """
    found = _QUERY.fullmatch(text)
    if not found:
        raise _wrong("UNEXPECTED_INPUT", "Error in query: unexpected input.")
    resource = found["from"].lower()
    if resource not in _RESOURCES:
        raise _wrong("BAD_RESOURCE_TYPE_IN_FROM_CLAUSE", f"'{found['from']}' is not a valid resource name.")
    relation, joined, fields = _RESOURCES[resource]
    chosen = [name.strip() for name in found["select"].split(",")]
    for name in chosen:
        if name not in fields:
            raise _wrong("UNRECOGNIZED_FIELD", f"Unrecognized field in the query: '{name}'.")
    tests = [_test(condition, fields, today) for condition in _split_and(found["where"] or "")]
    tests += [] if account is None else [_Test("customer.id", "a.id = ?", [account])]
    spans, wheres = [one for one in tests if one.is_span], [one for one in tests if not one.is_span]
    segmented = any(name.startswith("segments.") for name in chosen)
    measured = segmented or bool(spans) or any(name.startswith("metrics.") for name in chosen)
    if measured:  # days without a figure are not told by day, and count as nothing over a span
        days = " and ".join(one.sql for one in spans) or "true"
        relation += f" {'join' if segmented else 'left join'} (select * from report r where {days}) r on {joined}"
    sql = f"select {_document(chosen, fields, resource)} from {relation}"
    sql += f" where {' and '.join(one.sql for one in wheres) or 'true'}"
    if measured:
        attributes = {fields[name].sql for name in chosen if not name.startswith("metrics.")}
        sql += (
            f" group by {', '.join(sorted({*attributes, *(_NAMES[one] for one in _owners(chosen, resource)), _ORDER[resource]}))}"
        )
    sql += f" order by {', '.join([*_order(found['order'], fields, chosen), _ORDER[resource]])}"
    values = [value for one in [*spans, *wheres] for value in one.values]
    return Query(sql, ",".join(_camel(name) for name in chosen), values, int(found["limit"]) if found["limit"] else None)


def _owners(chosen: Sequence[str], resource: str) -> list[str]:
    """The resources whose names a row tells: the one that is asked, and those of which it has a field."""
    owners = [name.partition(".")[0] for name in chosen]
    return [owner for owner in dict.fromkeys([resource, *owners]) if owner in _NAMES]


def _document(chosen: Sequence[str], fields: dict[str, Field], resource: str) -> str:
    """SQL of a row as JSON: its fields under their resources, in camelCase."""
    parts: dict[str, list[str]] = {owner: [f"'resourceName', {_NAMES[owner]}"] for owner in _owners(chosen, resource)}
    for name in dict.fromkeys(chosen):
        owner, _, short = name.partition(".")
        parts.setdefault(owner, []).append(f"'{_camel(short)}', {fields[name].json()}")
    whole = ", ".join(f"'{_camel(owner)}', json_object({', '.join(members)})" for owner, members in parts.items())
    return f"json_object({whole})::varchar"


def _order(text: str | None, fields: dict[str, Field], chosen: Sequence[str]) -> list[str]:
    if not text:
        return ["r.day"] if "segments.date" in chosen else []
    parts = []
    for one in text.split(","):
        name, _, direction = one.strip().partition(" ")
        if name not in fields or direction.strip().lower() not in {"", "asc", "desc"}:
            raise _wrong("UNRECOGNIZED_FIELD", f"Unrecognized field in the query: '{name}'.")
        parts.append(f"{fields[name].sql} {direction}".strip())
    return parts


def _split_and(text: str) -> list[str]:
    """The conditions of a WHERE clause; the AND of a BETWEEN joins no two of them."""
    parts: list[str] = []
    for piece in re.split(r"\s+and\s+", text.strip(), flags=re.IGNORECASE) if text.strip() else []:
        if parts and re.search(r"\bbetween\s+(\S+)$", parts[-1], re.IGNORECASE):
            parts[-1] += f" and {piece}"
        else:
            parts.append(piece)
    return parts


def _test(condition: str, fields: dict[str, Field], today: date) -> _Test:
    """A condition as SQL with its values."""
    found = _CONDITION.fullmatch(condition.strip())
    if not found:
        raise _wrong("BAD_VALUE", f"Error in query: unexpected input {condition.strip()[:40]}.")
    name, test = found["field"], re.sub(r"\s+", " ", found["test"].lower())
    if name not in fields:
        raise _wrong("UNRECOGNIZED_FIELD", f"Unrecognized field in the query: '{name}'.")
    if name.startswith("metrics."):
        raise _wrong("PROHIBITED_METRIC_IN_SELECT_OR_WHERE_CLAUSE", f"The sandbox does not filter by '{name}'.")
    sql = fields[name].sql
    if test.endswith("null"):
        return _Test(name, f"{sql} {test}", [])
    values = _values(found["rest"], test, fields[name], today)
    if test in {"between", "during"}:
        return _Test(name, f"{sql} between ? and ?", values)
    if test.endswith("in"):
        return _Test(name, f"{sql} {test} ({', '.join('?' * len(values))})", values)
    return _Test(name, f"{sql} {test} ?", values)


def _values(text: str, test: str, kind: Field, today: date) -> list[object]:
    if test == "during":
        return list(_during(text.strip().upper(), today))
    words = [word for word in _LITERAL.findall(text) if word.lower() != "and"]
    if not words or (test == "between" and len(words) != 2) or (test not in {"between", "in", "not in"} and len(words) != 1):
        raise _wrong("BAD_VALUE", f"Error in query: unexpected input {text.strip()[:40]}.")
    plain = [word[1:-1] if word[0] in "'\"" else word for word in words]
    if kind.kind == "date":
        try:
            return [date.fromisoformat(one) for one in plain]
        except ValueError:
            raise Refusal(400, "dateError", "INVALID_STRING_DATE", f"'{plain[0]}' is not a date of the form yyyy-mm-dd.") from None
    if kind.kind in {"int64", "int32"}:
        try:
            return [int(one) for one in plain]
        except ValueError:
            raise _wrong("BAD_VALUE", f"'{plain[0]}' is not a whole number.") from None
    if kind.kind == "bool":
        return [one.lower() == "true" for one in plain]
    return list(plain)


def _during(word: str, today: date) -> tuple[date, date]:
    """A span of days by its name, the account's own day being ``today``."""
    first = today.replace(day=1)
    if found := _LAST_DAYS.fullmatch(word):
        return today - timedelta(days=int(found[1])), today - timedelta(days=1)
    named = {
        "TODAY": (today, today),
        "YESTERDAY": (today - timedelta(days=1), today - timedelta(days=1)),
        "THIS_MONTH": (first, today),
        "LAST_MONTH": ((first - timedelta(days=1)).replace(day=1), first - timedelta(days=1)),
    }
    if word not in named:
        raise _wrong("INVALID_VALUE_WITH_DURING_OPERATOR", f"'{word}' is not a span of days.")
    return named[word]


def _camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda found: found[1].upper(), name)


def _wrong(name: str, message: str) -> Refusal:
    return Refusal(400, "queryError", name, message)

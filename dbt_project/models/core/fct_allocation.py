"""Passes the cost of departments on to those that they serve: directly, step by step, or to each other at once.

Amounts are exact: shares are fractions until the last step, where cents go by largest remainder, so that what is passed on is what
there was. Where nothing tells how to share, the cost stays where it is, with the status ``no_driver``.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction

COLUMNS = (
    ("entity_id", "varchar"),
    ("period_month", "date"),
    ("group_account_code", "varchar"),
    ("rule_id", "varchar"),
    ("method", "varchar"),
    ("from_department", "varchar"),
    ("to_department", "varchar"),
    ("driver", "varchar"),
    ("driver_month", "date"),
    ("driver_share", "decimal(18, 12)"),
    ("amount_func", "decimal(20, 4)"),
    ("currency_func", "varchar"),
    ("status", "varchar"),
)


def split(amount, shares, unit):
    """Parts of an amount by exact shares that add up to one, in whole units; the odd units go to the largest remainders."""
    exact = {key: Fraction(amount) * share for key, share in shares.items()}
    parts = {
        key: (Decimal(value.numerator) / Decimal(value.denominator)).quantize(unit, ROUND_DOWN) for key, value in exact.items()
    }
    left = int((amount - sum(parts.values())) / unit)
    order = sorted(shares, key=lambda key: (-abs(exact[key] - Fraction(parts[key])), key))
    for key in order[: abs(left)]:
        parts[key] += unit if left > 0 else -unit
    return parts


def shares_of(quantities, excluded):
    """Exact shares of everybody with a quantity who is not excluded; empty where the quantities add up to nothing."""
    counted = {key: Fraction(value) for key, value in quantities.items() if key not in excluded and value}
    total = sum(counted.values())
    return {key: value / total for key, value in counted.items()} if total else {}


def solve(costs, passed_on):
    """What each department has to pass on when all serve each other: x = costs + passed_on^T x, by elimination in fractions."""
    names = sorted(passed_on)
    rows = [
        [Fraction(int(one == other)) - passed_on[other].get(one, Fraction(0)) for other in names] + [Fraction(costs.get(one, 0))]
        for one in names
    ]
    for column in range(len(names)):
        pivot = next(row for row in range(column, len(names)) if rows[row][column])
        rows[column], rows[pivot] = rows[pivot], rows[column]
        rows[column] = [value / rows[column][column] for value in rows[column]]
        for row in range(len(names)):
            if row != column and rows[row][column]:
                factor = rows[row][column]
                rows[row] = [value - factor * base for value, base in zip(rows[row], rows[column], strict=True)]
    return {name: rows[number][-1] for number, name in enumerate(names)}


def allocate(costs, rules, quantities, unit):
    """Allocate one account's cost of one month.

    ``costs``: department -> amount; ``rules``: in order, with rule_id, method, from_department, driver; ``quantities``: driver ->
    department -> quantity. Returns (rule, from, to or None, share, amount, status).
    """
    costs = dict(costs)
    pools = {rule["from_department"] for rule in rules}
    found = []
    reciprocal = [rule for rule in rules if rule["method"] == "reciprocal"]
    passed_on = {
        rule["from_department"]: shares_of(quantities.get(rule["driver"], {}), {rule["from_department"]}) for rule in reciprocal
    }
    passed_on = {name: shares for name, shares in passed_on.items() if shares}
    totals = solve(costs, passed_on) if passed_on else {}
    done = set()
    for rule in rules:
        source = rule["from_department"]
        if rule["method"] == "reciprocal":
            shares = passed_on.get(source, {})
            exact = totals.get(source, Fraction(0))
            amount = (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(unit)
        else:
            excluded = pools if rule["method"] == "direct" else done | {source}
            shares = shares_of(quantities.get(rule["driver"], {}), excluded)
            amount = costs.get(source, Decimal(0))
        done.add(source)
        if not amount:
            continue
        if not shares:
            found.append((rule, source, None, Fraction(0), amount, "no_driver"))
            continue
        for target, part in split(amount, shares, unit).items():
            found.append((rule, source, target, shares[target], part, "ok"))
            if rule["method"] != "reciprocal":
                costs[target] = costs.get(target, Decimal(0)) + part
        if rule["method"] != "reciprocal":
            costs[source] = Decimal(0)
    return found


def model(dbt, session):
    """Dbt's entry: reads the ledger's departments, the rules and the drivers."""
    import pyarrow as pa

    dbt.config(materialized="table")
    lines, entities, accounts = dbt.ref("fct_gl_line"), dbt.ref("dim_entity"), dbt.ref("dim_account")
    rules, drivers = dbt.ref("allocation_rules"), dbt.ref("allocation_drivers")
    kinds = {
        "varchar": pa.string(),
        "date": pa.date32(),
        "decimal(18, 12)": pa.decimal128(18, 12),
        "decimal(20, 4)": pa.decimal128(20, 4),
    }
    schema = pa.schema([(name, kinds[kind]) for name, kind in COLUMNS])
    rule_rows = [dict(zip(rules.columns, row, strict=True)) for row in rules.order("step, rule_id").fetchall()]
    if not rule_rows:
        return schema.empty_table()
    # A reversal is passed on as what it takes back was: by the drivers of that month.
    amounts = session.sql("""
        select lines.entity_id, lines.period_month, lines.group_account_code, lines.department_name,
            coalesce(reversed.period_month, lines.period_month) as driver_month, any_value(lines.currency_func) as currency_func,
            sum(lines.amount_func) as amount
        from lines inner join accounts using (connection_id, account_id)
        left join (select distinct connection_id, journal_id, period_month from lines) as reversed
            on lines.connection_id = reversed.connection_id and lines.reverses_journal_id = reversed.journal_id
        where accounts.account_class = 'expense' and lines.department_name is not null
        group by all having sum(lines.amount_func) <> 0
    """).fetchall()
    known = session.sql(
        "select driver, entity_id, department_name, period_month, quantity from drivers order by period_month"
    ).fetchall()
    units = {
        entity: Decimal(1) if currency == "JPY" else Decimal("0.01")
        for entity, currency in session.sql("select entity_id, currency_func from entities").fetchall()
    }
    costs, currencies, own = defaultdict(dict), {}, defaultdict(lambda: defaultdict(Decimal))
    for entity, month, account, department, driver_month, currency, amount in amounts:
        bucket = costs[entity, month, account, driver_month]
        bucket[department] = bucket.get(department, Decimal(0)) + amount
        currencies[entity] = currency
        own[entity, month, account][department] += amount
    rows = []
    for (entity, month, account, driver_month), departments in sorted(costs.items()):
        applied = [
            rule
            for rule in rule_rows
            if rule["entity_id"] in (None, entity)
            and rule["group_account_code"] in (None, account)
            and (rule["valid_from"] is None or rule["valid_from"] <= driver_month)
            and (rule["valid_to"] is None or rule["valid_to"] >= driver_month)
        ]
        if not applied:
            continue
        quantities = defaultdict(dict)
        for driver, of_entity, department, since, quantity in known:
            if of_entity == entity and since <= driver_month:
                quantities[driver][department] = quantity
        for rule in applied:
            if rule["driver"].startswith("account:"):
                quantities[rule["driver"]] = dict(own[entity, driver_month, rule["driver"].removeprefix("account:")])
        for rule, source, target, share, amount, status in allocate(departments, applied, quantities, units[entity]):
            exact_share = (Decimal(share.numerator) / Decimal(share.denominator)).quantize(Decimal("1e-12"))
            rows.append(
                (
                    entity,
                    month,
                    account,
                    rule["rule_id"],
                    rule["method"],
                    source,
                    target,
                    rule["driver"],
                    driver_month,
                    exact_share,
                    amount.quantize(Decimal("0.0001")),
                    currencies[entity],
                    status,
                )
            )
    return pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema=schema)

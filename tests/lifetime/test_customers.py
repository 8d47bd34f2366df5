"""Customers of several companies through the models, as the warehouse hands them over."""

from __future__ import annotations

import pyarrow as pa
import pytest

from finance_hub.lifetime import customers
from tests.lifetime.given import cdnow


def predicted(table: pa.Table, *, most_correlation: float = 0.3) -> list[dict[str, object]]:
    made = customers.predictions(
        table, months=12, least=30, most_correlation=most_correlation, monthly_discount=0.01, days_per_month=4.345 * 7
    )
    assert made.schema == customers.PREDICTIONS
    return made.to_pylist()


def history(entity: str, frequency: list[float], recency: list[float], age: list[float], spend: list[float | None]) -> pa.Table:
    return pa.table(
        {
            "entity_id": [entity] * len(frequency),
            "customer_id": [f"{entity}|{number}" for number in range(len(frequency))],
            "frequency": pa.array(frequency, pa.int64()),
            "recency_days": pa.array(recency, pa.float64()),
            "age_days": pa.array(age, pa.float64()),
            "monetary_value_rpt": pa.array(spend, pa.float64()).cast(pa.decimal128(20, 4)),
        }
    )


def shop() -> pa.Table:
    frequency, recency, age, spend = cdnow("cdnow_customers_summary_with_transactions.csv")
    return history("cdnow", frequency, recency * 7, age * 7, [each or None for each in spend])


def some() -> pa.Table:
    """One in eight of them, for what needs no published figure."""
    table = shop()
    return table.take(list(range(0, len(table), 8)))


def test_every_company_is_a_population_of_its_own() -> None:
    """CDNOW keeps its published figures beside a company of which too little is known."""
    rows = predicted(pa.concat_tables([history("small", [2, 0], [9, 0], [20, 0], [5, None]), shop()]))
    small, shopped = [row for row in rows if row["entity_id"] == "small"], [row for row in rows if row["entity_id"] == "cdnow"]
    assert [row["customer_id"] for row in shopped[:2]] == ["cdnow|0", "cdnow|1"]
    assert {(row["status"], row["r"], row["p_alive"], row["fitted_repeaters"]) for row in small} == {
        ("too_few_customers", None, None, 1)
    }
    assert {row["status"] for row in shopped} == {"ok"}
    first = shopped[0]
    assert (first["r"], first["alpha_weeks"], first["a"], first["b"]) == pytest.approx(
        (0.24259, 4.41353, 0.79289, 2.42575), rel=1e-3
    )
    assert (first["p"], first["q"], first["v"]) == pytest.approx((6.2488, 3.7446, 15.4477), rel=1e-3)
    assert (first["fitted_customers"], first["fitted_repeaters"]) == (2357, 946)
    assert sum(row["expected_value_12m"] for row in shopped) == pytest.approx(71509.90, rel=1e-3)
    assert all(row["expected_value_12m"] == row["expected_value"] for row in shopped)
    assert all(0 < row["p_alive"] <= 1 for row in shopped)


def test_spending_that_goes_with_frequency_is_not_predicted() -> None:
    """Gamma-Gamma supposes that it does not; what is known of purchases stays."""
    rows = predicted(some(), most_correlation=0)
    assert {(row["status"], row["expected_spend"], row["p"]) for row in rows} == {("correlated", None, None)}
    assert 0 < rows[0]["spend_correlation"] < 0.3
    assert all(row["expected_purchases_12m"] > 0 for row in rows)


def test_a_purchase_without_a_rate_leaves_spending_unknown() -> None:
    table = some()
    spend = table["monetary_value_rpt"].to_pylist()
    table = table.set_column(5, "monetary_value_rpt", pa.array([None, *spend[1:]], pa.decimal128(20, 4)))
    assert {(row["status"], row["expected_value"]) for row in predicted(table)} == {("missing_rate", None)}


def test_customers_who_are_all_alike_give_no_parameters() -> None:
    alike = history("alike", [3] * 40, [60] * 40, [90] * 40, [10.0] * 40)
    assert {(row["status"], row["p_alive"]) for row in predicted(alike)} == {("no_convergence", None)}


def contracts(*rows: tuple[str, str, int, bool, float]) -> pa.Table:
    names = ("entity_id", "channel_id", "tenure_months", "has_ended", "weight")
    return pa.table(dict(zip(names, zip(*rows, strict=True), strict=True)))


def curves(table: pa.Table, least: int) -> dict[tuple[str, str], list[dict[str, object]]]:
    made = customers.survival_curves(table, months=24, least=least, monthly_discount=0.01)
    assert made.schema == customers.CURVES
    found: dict[tuple[str, str], list[dict[str, object]]] = {}
    for row in made.to_pylist():
        found.setdefault((str(row["entity_id"]), str(row["channel_id"])), []).append(row)
    return found


def test_a_channel_of_few_contracts_has_the_curve_of_its_company() -> None:
    """Eight came by events, two (by halves of four) directly: events tell their own, the others what the company does."""
    company = [("e", "all", 12, number < 3, 1.0) for number in range(10)]
    events = [("e", "event", 12, number < 1, 1.0) for number in range(8)]
    direct = [("e", "direct", 12, number < 4, 0.5) for number in range(4)]
    found = curves(contracts(*company, *events, *direct, ("f", "all", 6, False, 1.0)), least=5)
    assert set(found) == {("e", "all"), ("e", "event"), ("e", "direct"), ("f", "all")}
    assert all([row["tenure_months"] for row in rows] == list(range(25)) for rows in found.values())
    at_a_year = {key: rows[12] for key, rows in found.items()}
    assert at_a_year["e", "all"]["survival"] == pytest.approx(0.7)
    assert at_a_year["e", "event"]["survival"] == pytest.approx(7 / 8)
    assert at_a_year["e", "direct"]["survival"] == pytest.approx(0.7)
    assert {key: (row["curve_of"], row["customers"], row["status"]) for key, row in at_a_year.items()} == {
        ("e", "all"): ("own", 10, "ok"),
        ("e", "event"): ("own", 8, "ok"),
        ("e", "direct"): ("company", 2, "ok"),
        ("f", "all"): ("own", 1, "too_few_customers"),
    }
    # The second year goes on as the first did, and is told as not observed.
    whole = found["e", "all"]
    assert whole[24]["survival"] == pytest.approx(0.49)
    assert [row["is_observed"] for row in whole] == [True] * 13 + [False] * 12
    assert {row["median_months"] for row in whole} == {None}, "half of them were never seen to leave"
    assert whole[12]["served_months"] == pytest.approx(12)
    assert whole[13]["served_months"] == pytest.approx(12.7)
    assert whole[13]["discounted_months"] == pytest.approx(sum(1.01**-month for month in range(12)) + 0.7 * 1.01**-12)


def test_nobody_gives_empty_tables_of_the_same_shape() -> None:
    nobody = customers.survival_curves(contracts(("e", "all", 1, True, 1.0)).slice(0, 0), months=24, least=5, monthly_discount=0)
    assert (nobody.schema, len(nobody)) == (customers.CURVES, 0)
    none = customers.predictions(
        shop().slice(0, 0), months=12, least=30, most_correlation=1, monthly_discount=0, days_per_month=30.4375
    )
    assert (none.schema, len(none)) == (customers.PREDICTIONS, 0)

"""The books of a home-grown ERP, through the models: its statements are the true ones, to the cent."""

from __future__ import annotations

from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from finance_hub import scorecard
from tests.database.conftest import Hub
from tests.database.server import Server
from tests.dbt import build

WANTED = ("+profit_and_loss", "+balance_sheet", "+cash_flow", "+ar_ap_aging", "+fct_payment", "+fct_plan_line")


@pytest.mark.heavy
def test_the_statements_of_a_home_grown_erp_are_the_true_ones_to_the_cent(erp: Server, meridian: Path, hub: Hub) -> None:
    hub.connect(erp={**erp.settings("odbc"), "entity": "Meridian Deutschland GmbH"})
    hub.run("erp")
    found = hub.settings()
    build(found, *WANTED)
    with closing(scorecard.attach(found.warehouse, meridian)) as database:
        scores = scorecard.statements(database, until=date(2026, 5, 1))
        assert {score.statement for score in scores} == {"profit and loss", "balance sheet", "cash flow"}
        assert all(score.compared > 90 and score.wrong_func == 0 for score in scores), scores
        unknown = database.execute(
            "select distinct account_id from hub.core.fct_gl_line where group_account_code = 'unmapped'"
        ).fetchall()
        assert unknown == []
        kinds = dict(
            database.execute("select document_kind, count(distinct journal_id) from hub.core.fct_gl_line group by 1").fetchall()
        )
        assert {"sale", "purchase", "sale_credit", "payment_received", "payment_made"} <= kinds.keys()
        (planned,) = database.execute(
            "select sum(amount_func) from hub.core.fct_plan_line where department_name = 'all'"
        ).fetchall()[0]
        assert planned > 0

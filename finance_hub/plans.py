"""Locked plans: what their lines were when they were first published locked, kept so that nobody changes them unseen."""

from __future__ import annotations

from finance_hub import warehouse


def keep(database: warehouse.Database) -> int:
    """Keep the lines of versions that are locked and were not kept yet; returns how many versions those are."""
    due = """
        select distinct entity_id, connection_id, budget_id from core.fct_plan_line where is_locked
        except
        select distinct entity_id, connection_id, budget_id from hub.locked_plan_lines
    """
    count = database.execute(f"select count(*) from ({due})").fetchone()
    database.execute(f"""
        insert into hub.locked_plan_lines
        select plan_line_key, entity_id, connection_id, budget_id, amount_func, now()::timestamp
        from core.fct_plan_line semi join ({due}) using (entity_id, connection_id, budget_id)
    """)
    return int(count[0]) if count else 0

"""Every check and control: each passes where nothing goes wrong, and fires on its fault.

Things go wrong in the demo's company, and some checks say so; that none does in a company without flaws is among the heavy tests.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest

from finance_hub import publish, settings, warehouse
from finance_hub.defs.quality import (
    attribution,
    email,
    entries,
    forecast,
    identity,
    ledger,
    periods,
    returns,
    sales,
    subledgers,
    unit_economics,
    variance,
)
from finance_hub.defs.quality import ingestion as ingestion_quality
from finance_hub.expectations import CheckBrokenError, evaluate
from finance_hub.refresh import refresh
from finance_hub.settings import Settings
from sandbox.company import simulate
from sandbox.server import RunningSandbox, Shown
from tests.conftest import connect
from tests.hub.conftest import FLAWS

pytestmark = pytest.mark.timeout(900)  # a whole run, perhaps beside other tests
DAMAGE = {
    "journals_balance": "update core.fct_gl_line set amount_func = amount_func + 0.01 where gl_line_key = (select min(gl_line_key) from core.fct_gl_line)",
    "no_line_is_lost": "delete from core.fct_gl_line where journal_id = (select min(journal_id) from core.fct_gl_line)",
    "nothing_waits_in_quarantine": "insert into core.fct_gl_quarantine by name select entity_id, connection_id, 'purchase' as document_kind, 'B-1' as document_number, date '2026-01-31' as document_date, 'no_account' as reason, 10 as amount_func, 'not in the chart: 999' as detail from core.dim_entity limit 1",
    "every_line_has_an_account": "delete from core.dim_account where account_id = (select min(account_id) from core.fct_gl_line)",
    "rates_are_complete": "update core.fct_fx_rate set fx_status = 'missing_rate', average_rate = null where period_month = '2026-01-01'",
    "trial_balance_is_zero": "update marts.trial_balance set debit_func = debit_func + 1, amount_func = amount_func + 1 where period_month = '2026-01-01' and account_code = '6100'",
    "balance_sheet_balances": "update marts.balance_sheet set amount_rpt = amount_rpt + 0.01 where period_month = '2026-01-01' and account_id = 'current_year_earnings'",
    "statements_tie": "update marts.profit_and_loss set amount_func = amount_func + 0.01 where period_month = '2026-01-01' and account_code = '6100'",
    "journals_balance_in_their_own_currency": "update core.fct_gl_line set amount_txn = case line_number when 1 then 1 else 0 end, currency_txn = 'EUR' where journal_id = (select min(journal_id) from core.fct_gl_line)",
    "every_account_is_in_the_group_chart": "update core.fct_gl_line set group_account_code = 'unmapped' where account_id = (select min(account_id) from core.fct_gl_line)",
    "balances_continue": "update marts.trial_balance set opening_func = opening_func + 1, closing_func = closing_func + 1 where period_month = '2026-01-01' and account_code = '1000'",
    "earnings_roll_forward": "update marts.balance_sheet set amount_rpt = amount_rpt + 1 where period_month = '2026-01-01' and account_id = 'current_year_earnings'",
    "translation_rolls_forward": "update marts.balance_sheet set amount_rpt = amount_rpt + 1000 where period_month = '2026-01-01' and account_id = 'translation_adjustment'",
    "costs_that_are_passed_on_have_drivers": "insert into core.fct_allocation by name select 'e' as entity_id, date '2026-01-01' as period_month, 'r' as rule_id, 10 as amount_func, 'no_driver' as status",
    "cash_flow_ties": "update marts.cash_flow set amount_func = amount_func + 0.01 where period_month = '2026-01-01' and line = 'Net income'",
    "group_balance_sheet_balances": "update marts.consolidated_balance_sheet set eliminations_rpt = eliminations_rpt + 1 where period_month = '2026-01-01' and group_account_code = '1000'",
    "group_cash_flow_ties": "update marts.consolidated_cash_flow set eliminations_rpt = eliminations_rpt + 1 where period_month = '2026-01-01' and line = 'Net income'",
    "intercompany_agrees": "insert into marts.intercompany_matching by name select 'meridian_inc' as seller_entity_id, 'meridian_uk_ltd' as buyer_entity_id, date '2026-01-01' as period_month, 'missing_at_buyer' as match_status, 2 as error_difference_rpt",
    "receivables_tie": "update marts.subledger_tie set difference = 2",
    "payables_tie": "update marts.subledger_tie set difference = 2",
    "payments_are_what_the_bank_accounts_moved": "delete from core.fct_payment where payment_id = (select max_by(payment_id, amount_func) from core.fct_payment)",
    "billing_is_in_the_ledger": "update core.fct_document set total_func = total_func + 10000 where document_id = (select min(document_id) from core.fct_document where document_kind = 'sale' and status = 'paid')",
    "invoice_numbers_have_no_gaps": "delete from core.fct_document where document_number = (select max(document_number) from core.fct_document where document_kind = 'sale' and document_date < '2026-03-01')",
    "entries_are_made_in_time": "update core.fct_gl_line set entry_created_at = entry_created_at + interval 60 day where journal_id = (select min(journal_id) from core.fct_gl_line)",
    "every_document_has_a_party": "delete from core.dim_party where party_id = (select min(party_id) from core.fct_document)",
    "documents_are_posted_in_their_month": "update core.fct_gl_line set document_date = document_date - 40 where journal_id = (select min(journal_id) from core.fct_gl_line)",
    "every_entity_posts_in_every_month": "delete from core.fct_account_month where period_month = '2026-01-01'",
    "no_bill_is_entered_twice": "insert into core.fct_document select * replace (document_id || '-again' as document_id, document_date + 2 as document_date) from core.fct_document where document_kind = 'purchase' and status = 'paid' limit 1",
    "no_journal_is_posted_twice": "insert into core.fct_gl_line select * replace (journal_id || '-again' as journal_id, gl_line_key || '-again' as gl_line_key) from core.fct_gl_line where journal_id = (select max_by(journal_id, amount_func) from core.fct_gl_line)",
    "manual_journals_keep_office_hours": "update core.fct_gl_line set entry_created_at = timestamp '2026-01-04 03:00:00', is_manual = true where period_month = '2026-01-01'",
    "manual_journals_are_not_round": "update core.fct_gl_line set amount_func = 5000, is_manual = true, document_kind = 'journal', is_reversal = false where gl_line_key = (select min(gl_line_key) from core.fct_gl_line where journal_id in (select journal_id from core.fct_gl_line group by journal_id having max(amount_func) < 5000))",
    "first_digits_are_natural": "update core.fct_gl_line set amount_func = (500 + hash(gl_line_key) % 500) * 10 ** (hash(journal_id) % 3)::integer, fiscal_year = 2025",
    "accounts_are_used_as_always": "update core.fct_gl_line set account_id = (select min(account_id) from core.dim_account where connection_id = 'xero_uk' and account_id not in (select account_id from core.fct_gl_line)), is_manual = true, amount_func = 4321, document_kind = 'journal' where gl_line_key = (select max_by(gl_line_key, posting_date) from core.fct_gl_line where connection_id = 'xero_uk')",
    "accounts_have_their_usual_side": "update core.fct_account_month set net_func = -net_func where account_code = '6100'",
    "manual_journals_say_why": "update core.fct_gl_line set description = '', document_number = null where is_manual",
    "regular_suppliers_have_billed": "delete from core.fct_document where document_kind = 'purchase' and document_date >= '2026-05-01'",
    "closed_months_are_left_alone": "update core.fct_gl_line set document_kind = 'closed_period_change', journal_id = 'adjustment|' || entity_id || '|2026-01-01|in', journal_number = 'Change of 2026-01' where gl_line_key = (select min(gl_line_key) from core.fct_gl_line); insert into core.dim_closing select entity_id, date '2026-01-31', 'block', '' from core.dim_entity",
    "closed_months_hold_their_seal": "insert into hub.period_seals select entity_id, period_month, 99, now()::timestamp, 'h', '', 's', '' from core.dim_date where period_month = '2026-01-01' limit 1",
    "weights_sum_to_one": "update marts.revenue_attribution set weight = weight / 2 where conversion_id = (select min(conversion_id) from core.fct_conversion)",
    "credit_is_the_revenue": "delete from marts.revenue_attribution where attribution_model = 'last' and conversion_id = (select min(conversion_id) from core.fct_conversion)",
    "cost_is_that_of_the_books": "delete from core.fct_campaign_cost where campaign_id = 'unassigned'",
    "books_and_platform_agree": "update core.fct_campaign_cost set platform_cost_func = platform_cost_func * 1.1",
    "every_campaign_has_a_return": "delete from marts.campaign_roi where campaign_id = (select min(campaign_id) from core.fct_campaign_cost)",
    "returns_recomputed": "update marts.campaign_roi set roi_pct = roi_pct + 1 where roi_status = 'ok'",
    "money_facts_reconcile": "insert into marts.financial_revenue_attribution from marts.financial_revenue_attribution where campaign_cost is not null limit 1",
    "deals_and_the_rest_are_the_books": "update core.fct_conversion_amount set recognised_func = recognised_func + 0.01 where conversion_key = 'no_deal' and period_month = '2026-01-01'",
    "most_revenue_has_a_customer": "update core.fct_conversion_amount set revenue_source = 'no_customer' where revenue_source = 'no_deal'",
    "attributed_amounts_are_the_books": "update core.fct_attributed_amount set billed_rpt = billed_rpt + 0.01 where channel_id = 'no_deal' and attribution_model = 'last' and period_month = '2026-01-01'",
    "touches_share_what_deals_came_to": "update marts.revenue_attribution set attributed_billings = attributed_billings + 0.01 where conversion_id = (select min(conversion_id) from core.fct_conversion) and attribution_model = 'last'",
    "channels_are_the_books": "delete from marts.channel_roi where channel = 'no_deal' and period_month = '2026-01-01'",
    "to_date_is_all_months": "update marts.channel_roi set attributed_billings = attributed_billings + 0.01 where channel = 'no_deal' and period_kind = 'to_date'",
    "kinds_of_cost_add_up": "update marts.campaign_roi set cost_media = cost_media + 0.01 where campaign_id = (select min(campaign_id) from core.fct_campaign_cost)",
    "little_cost_is_unmapped": "update marts.channel_roi set cost_unmapped = cost_total where channel = 'paid_search'",
    "channel_returns_recomputed": "update marts.channel_roi set roi_pct = roi_pct + 1 where channel = 'paid_search'",
    "channel_figures_are_possible": "update marts.channel_roi set mqls = leads + 1 where channel = 'paid_search'",
    "channel_shares_are_steady": "update marts.channel_roi set leads = leads + 1000 where period_kind = 'month' and case channel when 'paid_search' then period_month >= '2025-09-01' when 'direct' then period_month between '2024-09-01' and '2025-05-01' end",
    "channels_are_fresh": "update marts.channel_roi set leads = 0 where period_month >= '2026-04-01'",
    "budgets_are_kept": "update marts.budget_allocation set recommended_spend = recommended_spend + 0.01 where channel = 'paid_search'",
    "the_next_unit_earns_the_same": "update marts.budget_allocation set expected_gain = -1 where status = 'ok'",
    "deals_have_a_customer": "update core.fct_conversion set customer_id = null where converted_at < '2025-01-01'",
    "every_record_is_one_customer": "insert into core.customer_crosswalk select * replace ('cus_other' as customer_id, 2 as period) from core.customer_crosswalk where record_key = (select min(record_key) from core.identity_record)",
    "no_customer_id_is_lost": "update core.customer_crosswalk set is_current = false, valid_to = date '2026-06-30', closed_because = 'merged' where customer_id = (select min(customer_id) from core.customer_crosswalk)",
    "rulings_are_obeyed": "insert into core.identity_overrides by name select 'firm' as kind, 'different' as decision, l.connection_id as left_connection_id, l.native_id as left_record_id, r.connection_id as right_connection_id, r.native_id as right_record_id from core.customer_crosswalk as l join core.customer_crosswalk as r using (customer_id) where l.kind = 'firm' and l.record_key < r.record_key limit 1",
    "match_rates_hold": "update core.customer_crosswalk set valid_from = valid_from - 30; insert into core.customer_crosswalk select * replace (2 as period, date '2026-06-30' as valid_from, customer_id || native_id as customer_id) from core.customer_crosswalk; update core.customer_crosswalk set valid_to = date '2026-06-30', is_current = false, closed_because = 'moved' where period = 1; update marts.customer_match_rate set match_rate_pct = 0",
    "acquisition_cost_recomputed": "update marts.unit_economics set acquisition_cost = acquisition_cost + 100 where channel = 'all' and period_month = '2026-01-01'",
    "cac_recomputed": "update marts.unit_economics set cac = cac * 1.01 where channel = 'all'",
    "ltv_recomputed": "update marts.unit_economics set ltv = ltv * 1.01",
    "channels_add_up": "update marts.unit_economics set leads = leads + 1 where channel = 'all' and period_month = '2026-01-01'",
    "loaded_cost_adds_up": "update marts.unit_economics set loaded_cost = loaded_cost + 0.01 where channel = 'direct' and period_month = '2026-01-01'",
    "costs_per_stage_recomputed": "update marts.unit_economics set cac_lagged = cac_lagged * 1.01 where channel = 'all'",
    "paid_cost_recomputed": "update core.dim_channel set is_paid = false where channel_id = (select min(channel_id) from core.dim_campaign)",
    "ltv_variants_recomputed": "update marts.unit_economics set ltv_discounted = ltv_discounted * 1.001 where period_month = '2026-01-01'",
    "ltv_of_cohorts_recomputed": "update marts.unit_economics set cohort_margin = cohort_margin + 1 where channel = 'all' and period_month = '2026-01-01'",
    "payback_recomputed": "update marts.unit_economics set payback_churn_adjusted_months = payback_churn_adjusted_months + 1",
    "survival_recomputed": "update core.fct_survival set survival = survival * 0.999 where channel_id = 'all' and tenure_months = 13",
    "predictions_are_possible": "update marts.customer_lifetime set survival_12m = 1.01 where customer_id = (select min(customer_id) from marts.customer_lifetime)",
    "worth_of_contracts_recomputed": "update marts.customer_lifetime set ltv = ltv * 1.01 where ltv_method = 'survival'",
    "cohorts_stay_in_the_past": "insert into marts.customer_cohort select * replace ((period_month + interval 1 month)::date as period_month, age_month + 1 as age_month) from marts.customer_cohort where period_month = (select closed_month from core.dim_as_of)",
    "cohorts_hold_every_customer_once": "delete from marts.customer_cohort where channel = 'unattributed'",
    "customers_bring_what_the_books_say": "update core.fct_customer_month set revenue_rpt = revenue_rpt * 0.8",
    "efficiency_recomputed": "update marts.saas_efficiency set magic_number = magic_number + 0.01 where status = 'ok'",
    "plans_are_complete": "delete from core.fct_plan_line where plan_line_key = (select min(plan_line_key) from core.fct_plan_line where amount_func <> 0 and department_name = 'all')",
    "plans_are_on_accounts_of_the_books": "update core.fct_plan_line set account_id = null where period_month = '2026-01-01'",
    "locked_plans_are_unchanged": "insert into core.fct_plan_change by name select 'line' as plan_line_key, 'changed' as change_kind",
    "actuals_are_those_of_the_ledger": "update marts.budget_variance set actual = actual + 1, variance_abs = variance_abs + 1 where period_month = '2026-01-01'",
    "variances_recomputed": "update marts.budget_variance set variance_abs = variance_abs + 1 where period_month = '2026-01-01'",
    "variances_of_rates_and_operations_add_up": "update marts.budget_variance set fx_effect_rpt = fx_effect_rpt + 0.01 where period_month = '2026-01-01'",
    "spans_are_those_of_their_months": "update marts.budget_variance set ytd_budget = ytd_budget + 1 where period_month = '2026-01-01'",
    "prior_years_are_those_of_the_ledger": "update marts.budget_variance set full_year_budget = full_year_budget + 1 where comparison = 'prior_year'",
    "effects_add_up_to_the_variance_of_revenue": "update marts.price_volume_mix set mix_effect = mix_effect + 0.01",
    "effects_add_up_to_the_variance_of_costs": "update marts.cost_variance set rate_effect = rate_effect + 0.01 where is_payroll",
    "payroll_is_bridged_whole": "update marts.headcount_bridge set rate_effect = rate_effect + 0.01 where actual_headcount > 0",
    "contributors_add_up_to_their_variance": "update marts.variance_driver set amount = amount + 0.01 where contributor_rank = 1",
    "operating_expenses_are_those_of_the_ledger": "update marts.cost_monitoring set amount_func = amount_func + 0.01 where period_month = '2026-01-01' and department_name = 'all'",
    "forecasts_of_parts_add_up": "update marts.forecast set mean_amount = mean_amount + 0.01 where forecast_level = 'account' and is_latest and horizon_months = 3",
    "forecasts_are_held_to_the_ledger": "update core.fct_forecast_level set actual_amount = actual_amount + 1 where forecast_level = 'account' and origin_month is null and period_month = '2026-01-01'",
    "no_plan_counts_before_it_was_made": "update core.fct_planned_month set known_month = known_month - interval 6 month where period_month = '2026-03-01'",
    "no_forecast_knows_what_came_later": "update core.fct_booked_month set known_month = known_month + interval 6 month where period_month = '2025-10-01'",
    "what_is_booked_is_forecast": "delete from marts.forecast where forecast_level = 'line' and is_latest and horizon_months = 13",
    "bounds_are_around_the_forecast": "update marts.forecast set hi95 = p90 - 1 where is_latest and forecast_level = 'group'",
    "forecast_measures_recomputed": "update marts.forecast_accuracy set mean_amount = mean_amount * 1.01 where forecast_level = 'group'",
    "forecasts_beat_the_year_before": "update marts.forecast_measure set error_of_naive_x = 1 where measure = 'A2' and forecast_level = 'line'",
    "bounds_hold": "update marts.forecast_measure set value_pct = 83 where measure = 'A4' and forecast_level = 'line'",
    "revenue_to_come_adds_up": "update marts.revenue_forecast set renewed_func = renewed_func + 0.01 where period_kind = 'week' and period_number = 5",
    "cash_to_come_rolls_forward": "update marts.cash_forecast set customers_func = customers_func + 1, net_func = net_func + 1, closing_func = closing_func + 1 where period_number = 2",
    "email_counts_are_possible": "update marts.email_performance set delivered = sent + 1 where email_id = (select min(email_id) from marts.email_performance)",
    "email_rates_are_shares": "update marts.email_performance set open_rate_pct = 100.5 where email_id = (select min(email_id) from marts.email_performance)",
    "email_rates_recomputed": "update marts.email_performance set click_rate_pct = click_rate_pct + 1 where clicked > 0",
    "every_email_is_told_once": "delete from marts.email_performance where email_id = (select min(email_id) from marts.email_performance)",
    "email_revenue_is_that_of_its_touches": "update marts.email_performance set attributed_revenue = attributed_revenue + 0.01 where email_id = (select min(email_id) from marts.email_performance)",
    "opening_has_not_drifted": "update marts.email_performance set opened = 0 where sent_month >= '2026-01-01'",
    "emails_are_still_sent": "delete from marts.email_performance where sent_month >= '2025-10-01'",
    "lists_do_not_wear_out": "update marts.email_performance set list_decay_90d_pct = 11 where email_id = (select min(email_id) from marts.email_performance)",
    "outlooks_recomputed": "update marts.rule_evaluation set value = value + 1 where rule_id = 'budget_outlook'",
    "every_rule_was_evaluated": "delete from marts.alert where rule_id = 'cac_over_target'",
    "no_deal_is_lost": "delete from core.fct_deal where deal_key = (select min(deal_key) from core.fct_deal)",
    "deals_have_a_value": "update core.fct_deal set amount_status = 'missing_rate' where closed_at < '2025-01-01'",
    "crms_are_alive": "update core.fct_deal set updated_at = updated_at - interval 40 day",
    "stays_follow_each_other": "insert into core.fct_deal_stage by name select 'x' as deal_stage_key, deal_key, 9 as stay_number, closed_at - interval 1 day as entered_at, closed_at - interval 2 day as left_at, -1 as stay_days from core.fct_deal where status = 'won' limit 1",
    "invoices_are_divided_wholly": "update core.fct_deal_invoice set amount_func = amount_func + 0.01 where deal_invoice_key = (select min(deal_invoice_key) from core.fct_deal_invoice)",
    "chances_are_between_none_and_sure": "update core.fct_deal_forecast set win_probability = 1.2 where deal_forecast_key = (select min(deal_forecast_key) from core.fct_deal_forecast where probability_basis <> 'no_history')",
    "the_funnel_narrows": "update marts.lead_to_revenue set passed_count = passed_count + 1 where step = 'mql' and cohort_month = '2026-01-01'",
    "the_funnel_holds_every_deal": "delete from marts.lead_to_revenue where step = 'won' and cohort_month = (select min(cohort_month) from marts.lead_to_revenue where amount_rpt > 0 and step = 'won')",
    "the_weighted_pipeline_is_recomputed": "update marts.pipeline_forecast set weighted_rpt = weighted_rpt * 1.1",
    "chances_come_true": "update core.fct_deal_forecast set outcome = 'lost'",
    "bookings_are_those_of_the_deals": "delete from marts.sales_performance where level = 'rep' and member_id = (select min(member_id) from marts.sales_performance where level = 'rep' and won_deals > 0)",
    "the_cost_of_sale_is_that_of_the_ledger": "update marts.sales_performance set cost_of_sale_rpt = cost_of_sale_rpt + 1 where level = 'team' and period_month = '2026-01-01'",
    "sold_and_billed_are_complete": "delete from marts.crm_ledger_consistency where row_key = (select min(row_key) from marts.crm_ledger_consistency where row_type = 'invoice')",
    "new_deals_agree_with_their_invoices": "update marts.crm_ledger_consistency set match_status = 'unmatched' where event_date < '2025-06-01'",
    "archive_is_what_was_received": "update xero.extraction set documents_received = documents_received + 1 where table_name = 'invoices'",
    "raw_is_what_was_received": "update xero.invoice_lines set line_amount = line_amount + 0.01 where line_item_id = (select min(line_item_id) from xero.invoice_lines)",
    "staging_is_what_is_raw": "create or replace view staging.stg_hubspot__contacts as select * from hubspot.contacts limit 5",
    "raw_keys_are_unique": "insert into hubspot.contacts from hubspot.contacts limit 1",
    "no_load_was_cut_off": "update hubspot.contacts set _dlt_load_id = 'dead' where id = (select min(id) from hubspot.contacts)",
    "little_was_set_aside": "update xero.extraction set documents_quarantined = 30 where table_name = 'journals'",
    "vendors_send_what_is_declared": "update xero.extraction set undeclared_fields = 'Novelty' where table_name = 'journals'",
    "sources_are_fresh": "update marts.source_freshness set is_stale = true where system = 'xero'",
}
CHECKS = {
    check.name: check
    for domain in (
        attribution,
        email,
        entries,
        forecast,
        identity,
        ingestion_quality,
        ledger,
        periods,
        returns,
        sales,
        subledgers,
        unit_economics,
        variance,
    )
    for check in domain.CHECKS
}


@pytest.fixture(scope="module")
def damaged(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, duckdb.DuckDBPyConnection]]:
    """A copy of the demo's warehouse to damage, under the warehouse's own name."""
    found = settings.load(home)
    copy = tmp_path_factory.mktemp("damaged") / found.warehouse.name
    shutil.copyfile(found.warehouse, copy)
    with warehouse.writing(copy) as database:
        yield found, database


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_every_check_passes_and_fires_on_its_fault(name: str, damaged: tuple[Settings, duckdb.DuckDBPyConnection]) -> None:
    found, database = damaged
    before = evaluate(CHECKS[name], found, database)
    assert before.passed == (name not in FLAWS)
    database.execute("begin")
    try:
        database.execute(DAMAGE[name])
        verdict = evaluate(CHECKS[name], found, database)
    finally:
        database.execute("rollback")
    assert not verdict.passed
    assert verdict.failed_rows > before.failed_rows
    assert "rows: " in verdict.measured, "it says which rows"


def test_a_check_that_is_wrong_itself_is_not_taken_for_bad_data(damaged: tuple[Settings, duckdb.DuckDBPyConnection]) -> None:
    found, database = damaged
    with pytest.raises(CheckBrokenError, match="nowhere"):
        evaluate(replace(CHECKS["cac_recomputed"], query="from nowhere"), found, database)
    typo = replace(CHECKS["weights_sum_to_one"], expectations=lambda expect: [expect.ExpectColumnValuesToBeUnique(column="wieght")])
    with pytest.raises(CheckBrokenError, match="wieght"):
        evaluate(typo, found, database)


def statuses(home: Path) -> dict[str, set[str]]:
    """What the snapshot of a hub tells of its controls, by the catalogue's numbers; each is there, and if only to say why it does not apply."""
    with duckdb.connect(str(publish.current(home)), read_only=True) as snapshot:
        told = snapshot.execute("select control_id, list(distinct status) from core.fct_control_result group by 1").fetchall()
        catalogue = {control for (control,) in snapshot.execute("select control_id from core.controls").fetchall()}
        reasons = snapshot.execute(
            "select count(*) from core.fct_control_result where status = 'not_applicable' and measured is null"
        )
        assert reasons.fetchone() == (0,)
    assert {control for control, _ in told} == catalogue
    return {control: set(found) for control, found in told}


def test_every_control_of_the_catalogue_is_evaluated_or_says_why_not(home: Path) -> None:
    flawed = {check.control for check in CHECKS.values() if check.name in FLAWS}
    failed = {check.control for check in CHECKS.values() if check.name in FLAWS and check.level != "info"}
    told = statuses(home)
    assert {status for found in told.values() for status in found} <= {"passed", "noted", "not_applicable", "failed"}
    assert {control for control, found in told.items() if "failed" in found} == failed - {None}
    assert {control for control, found in told.items() if not found & {"passed", "not_applicable"}} <= flawed


@pytest.mark.heavy
@pytest.mark.parametrize("currency", ["USD", "JPY"])  # that of the parent; another, and one without cents
def test_a_company_in_which_nothing_goes_wrong_passes_every_check_and_control(tmp_path: Path, currency: str) -> None:
    company = tmp_path / "flawless.duckdb"
    simulate(company, scale=0.25, as_of=date(2026, 6, 30), flaws=False)
    with RunningSandbox(Shown(company=company, limits=False)) as running:
        home = connect(tmp_path / "home", running.url, currency=currency, as_of="2026-06-30")
        outcome = refresh(settings.load(home))
    assert outcome.problems == []
    assert outcome.checks_failed == []
    told = statuses(home)
    assert {status for found in told.values() for status in found} <= {"passed", "noted", "not_applicable"}
    assert {control: found for control, found in told.items() if not found & {"passed", "not_applicable"}} == {}

"""Cost of winning and worth of a customer, computed a second time from what they are made of: costs, cohorts, survival, predictions."""

import dagster as dg

from finance_hub.expectations import checks_of, expectation_check, misses

CHECKS = (
    expectation_check(
        asset=["marts", "unit_economics"],
        name="acquisition_cost_recomputed",
        description="The loaded cost of sales and marketing is that of the ledger, at the month's average rate.",
        query="""
            with booked as (
                select lines.entity_id, lines.period_month, sum(lines.amount_func) * any_value(rates.average_rate) as cost, count(*) as line_count
                from core.fct_gl_line as lines
                inner join core.dim_account as accounts using (connection_id, account_id)
                inner join core.fct_fx_rate as rates on lines.entity_id = rates.entity_id and lines.period_month = rates.period_month
                where accounts.account_class = 'expense' and lower(lines.department_name) in ('sales', 'marketing')
                group by lines.entity_id, lines.period_month
            )
            select entity_id, period_month::varchar as period_month, economics.acquisition_cost::varchar as acquisition_cost, cost::varchar as cost_again
            from marts.unit_economics as economics left join booked using (entity_id, period_month) cross join core.dim_as_of
            where economics.channel = 'all'
                and abs(economics.acquisition_cost - coalesce(cost, 0)) > smallest_unit_rpt / 2 * coalesce(line_count, 0)
        """,
    ),
    expectation_check(
        asset=["marts", "unit_economics"],
        name="cac_recomputed",
        description="CAC is cost per new customer, and unknown without customers.",
        query=f"""
            with wins as (
                select entity_id, period_month, count(*) as customers from core.fct_conversion group by entity_id, period_month
            )
            select entity_id, channel, period_month::varchar as period_month, cac::varchar as cac, customers
            from marts.unit_economics as economics left join wins using (entity_id, period_month)
            where (channel = 'all' and abs(new_customers - coalesce(customers, 0)) > 0.00001)
                or (new_customers > 0 and {misses("cac", "acquisition_cost", "new_customers")})
                or (new_customers = 0 and cac is not null)
        """,
    ),
    expectation_check(
        asset=["marts", "unit_economics"],
        name="ltv_recomputed",
        description="LTV is ARPC x gross margin / churn, at most five years of it; LTV:CAC is their quotient.",
        query="""
            with again as (
                select *, arpc * gross_margin_pct / 100 * least(coalesce(100 / nullif(monthly_churn_pct, 0), 60), 60) as ltv_again
                from marts.unit_economics where arpc > 0 and gross_margin_pct > 0
            )
            select entity_id, channel, period_month::varchar as period_month, ltv::varchar as ltv, round(ltv_again, 4)::varchar as ltv_again, ltv_cac_x::varchar as ltv_cac_x
            from again
            where ltv is null or abs(ltv - ltv_again) > 0.001 * ltv_again + 0.01
                or (cac > 0 and abs(ltv_cac_x - ltv / cac) > 0.001 * ltv / cac + 0.001)
        """,
    ),
    expectation_check(
        asset=["marts", "unit_economics"],
        name="channels_add_up",
        description="Leads, new customers and revenue of the channels are those of the company.",
        query="""
            select entity_id, period_month::varchar as period_month,
                sum(case when channel = 'all' then leads else -leads end) as leads,
                sum(case when channel = 'all' then new_customers else -new_customers end)::double as new_customers,
                -- Unknown in all, where a deal of a channel has no rate.
                case when count(attributed_revenue) filter (channel = 'all') = 0 then 0
                    else sum(case when channel = 'all' then attributed_revenue else -attributed_revenue end)::double
                end as attributed_revenue
            from marts.unit_economics group by entity_id, period_month
        """,
        expectations=lambda expect: [
            expect.ExpectColumnValuesToBeBetween(column="leads", min_value=0, max_value=0),
            expect.ExpectColumnValuesToBeBetween(column="new_customers", min_value=-0.0001, max_value=0.0001),
            expect.ExpectColumnValuesToBeBetween(column="attributed_revenue", min_value=-0.001, max_value=0.001),
        ],
    ),
    expectation_check(
        asset=["marts", "unit_economics"],
        name="loaded_cost_adds_up",
        description="What the channels cost with all that is loaded on them is what sales and marketing cost, to the cent.",
        query="""
            select entity_id, period_month::varchar as period_month,
                sum(loaded_cost) filter (channel <> 'all')::varchar as channels, sum(loaded_cost) filter (channel = 'all')::varchar as company
            from marts.unit_economics, core.dim_as_of where period_month <= closed_month
            group by entity_id, period_month
            having count(loaded_cost) = count(*) and abs(sum(case when channel = 'all' then loaded_cost else -loaded_cost end)) > 0.0001
        """,
    ),
    expectation_check(
        asset=["marts", "unit_economics"],
        name="costs_per_stage_recomputed",
        description="Leads qualified and accepted are those of the people; each cost per stage and customer is its quotient, and unknown without.",
        query=f"""
            with stages as (
                select entity_id, channel_id as channel, date_trunc('month', mql_at)::date as period_month, 1 as mqls, 0 as sqls from core.fct_lead
                union all
                select entity_id, channel_id, date_trunc('month', sql_at)::date, 0, 1 from core.fct_lead
            ),
            counted as (
                select entity_id, coalesce(channel, 'all') as channel, period_month, sum(mqls) as mqls, sum(sqls) as sqls
                from stages group by grouping sets ((entity_id, channel, period_month), (entity_id, period_month))
            ),
            earlier as (select entity_id, channel, period_month, acquisition_cost from marts.unit_economics)
            select economics.entity_id, economics.channel, economics.period_month::varchar as period_month,
                cpmql::varchar as cpmql, cpsql::varchar as cpsql, cac_loaded::varchar as cac_loaded, cac_paid::varchar as cac_paid,
                cac_lagged::varchar as cac_lagged, cac_new_logo::varchar as cac_new_logo
            from marts.unit_economics as economics
            left join counted using (entity_id, channel, period_month)
            left join earlier on earlier.entity_id = economics.entity_id and earlier.channel = economics.channel
                and earlier.period_month = (economics.period_month - to_months(economics.lag_months))::date
            where economics.mqls <> coalesce(counted.mqls, 0) or economics.sqls <> coalesce(counted.sqls, 0)
                or (cpmql is null) <> (economics.mqls = 0 or economics.acquisition_cost is null)
                or (cpsql is null) <> (economics.sqls = 0 or economics.acquisition_cost is null)
                or abs(cpmql - economics.acquisition_cost / economics.mqls) > 0.0001
                or abs(cpsql - economics.acquisition_cost / economics.sqls) > 0.0001
                or (cac_loaded is null) <> (new_customers = 0 or loaded_cost is null)
                or {misses("cac_loaded", "loaded_cost", "new_customers")}
                or {misses("cac_paid", "paid_cost", "paid_customers")}
                or (cac_paid is not null and paid_customers = 0)
                or lagged_cost is distinct from earlier.acquisition_cost
                or {misses("cac_lagged", "lagged_cost", "new_customers")}
                or abs(cac_new_logo * closed_deals_12m - cac * closed_new_deals_12m) > 0.0002 * closed_deals_12m
                or (channel = 'all' and new_customers > 0 and closed_deals_12m > 0 and economics.acquisition_cost is not null and cac_new_logo is null)
        """,
    ),
    expectation_check(
        asset=["marts", "unit_economics"],
        name="paid_cost_recomputed",
        description="Paid channels cost their campaigns, and their part of what the marketing department spends without one.",
        query="""
            with costs as (
                select costs.entity_id, costs.period_month, sum(cost_rpt) filter (costs.campaign_id = 'unassigned') as team,
                    sum(cost_rpt) filter (costs.campaign_id <> 'unassigned') as media, sum(cost_rpt) filter (channels.is_paid) as paid
                from core.fct_campaign_cost as costs
                left join core.dim_campaign as campaigns using (entity_id, campaign_id)
                left join core.dim_channel as channels using (channel_id)
                group by all having count(cost_rpt) = count(*)
            )
            select entity_id, period_month::varchar as period_month, paid_cost::varchar as paid_cost, (paid * (1 + coalesce(team, 0) / media))::varchar as again
            from costs inner join marts.unit_economics using (entity_id, period_month)
            where channel = 'all' and paid <> 0
                and (paid_cost is null or abs(paid_cost - paid * (1 + coalesce(team, 0)::double / media)) > 0.01)
        """,
    ),
    expectation_check(
        asset=["marts", "unit_economics"],
        name="ltv_variants_recomputed",
        description="LTV by survival and discounted are ARPC x gross margin over the months of the curve, added up once more.",
        query="""
            with served as (
                select entity_id, channel_id as channel, sum(survival) as months, sum(survival::double / pow(1.01, tenure_months)) as discounted
                from core.fct_survival where tenure_months < 60 group by all
            ),
            placed as (
                select economics.*, coalesce(own.months, company.months) as months, coalesce(own.discounted, company.discounted) as discounted
                from marts.unit_economics as economics
                left join served as own using (entity_id, channel)
                left join served as company on economics.entity_id = company.entity_id and company.channel = 'all'
            )
            select entity_id, channel, period_month::varchar as period_month, ltv_survival::varchar as ltv_survival, ltv_discounted::varchar as ltv_discounted
            from placed
            where abs(expected_months - months) > 0.000001 or (expected_months is null) <> (months is null)
                or (months is not null and abs(discounted_months - discounted) > 0.000001)
                or (arpc > 0 and gross_margin_pct > 0) <> (coalesce(ltv_survival, ltv_discounted) is not null)
                    and (months is not null or monthly_churn_pct is not null)
                or abs(ltv_survival - arpc * gross_margin_pct * months / 100) > 0.00001 * ltv_survival + 0.01
                or abs(ltv_discounted - arpc * gross_margin_pct * discounted_months / 100) > 0.00001 * ltv_discounted + 0.01
                or ltv_discounted > ltv_survival
        """,
    ),
    expectation_check(
        asset=["marts", "unit_economics"],
        name="ltv_of_cohorts_recomputed",
        description="What a cohort brought is the revenue of its customers at the margin of each month, told up to the last closed one.",
        query="""
            with earned as (
                select tenures.entity_id, tenures.acquired_month as period_month, count(distinct tenures.customer_id) as customers,
                    sum(months.revenue_rpt * gross_margin) as margin, max(months.period_month) as last_month,
                    bool_and(months.revenue_rpt is not null and gross_margin is not null) as is_known
                from core.fct_customer_tenure as tenures
                inner join core.fct_customer_month as months using (entity_id, customer_id)
                inner join core.dim_as_of on months.period_month <= closed_month
                left join core.fct_margin_month as margins on months.entity_id = margins.entity_id and months.period_month = margins.period_month
                where is_start_known group by all
            )
            select entity_id, period_month::varchar as period_month, ltv_cohort::varchar as ltv_cohort, (margin / customers)::varchar as again
            from marts.unit_economics as economics left join earned using (entity_id, period_month)
            where economics.channel = 'all' and (
                economics.cohort_customers is distinct from earned.customers or (earned.is_known and ltv_cohort is null)
                or abs(cohort_margin - margin) > 0.01 or abs(ltv_cohort - margin / customers) > 0.01
                or abs(ltv_cohort_cac_x * cac_loaded - ltv_cohort) > 0.0001 * abs(cac_loaded)
                or cohort_months <> date_diff('month', period_month, last_month) + 1
            )
        """,
    ),
    expectation_check(
        asset=["marts", "unit_economics"],
        name="payback_recomputed",
        description="A customer has paid back when its margin, and with churn that of the months it is expected to stay, reaches its loaded cost.",
        query="""
            with needed as (
                select *, cac_loaded / nullif(arpa_new * gross_margin_pct / 100, 0) as months from marts.unit_economics
            ),
            served as (
                select entity_id, channel_id as channel, tenure_months + 1 as tenure_months,
                    sum(survival) over (partition by entity_id, channel_id order by tenure_months) as served
                from core.fct_survival
            ),
            reached as (
                select needed.entity_id, needed.channel, needed.period_month,
                    min(own.tenure_months) filter (own.served >= needed.months * 1.0001) as at_latest,
                    min(own.tenure_months) filter (own.served >= needed.months * 0.9999) as at_earliest, count(own.served) as curve
                from needed inner join served as own using (entity_id, channel) group by all
            )
            select entity_id, channel, period_month::varchar as period_month, payback_months::varchar as payback_months, months::varchar as again,
                payback_churn_adjusted_months, payback_status
            from needed left join reached using (entity_id, channel, period_month)
            where (payback_status in ('ok', 'never', 'no_curve')) <> (payback_months is not null)
                or (payback_status = 'ok') <> (payback_churn_adjusted_months is not null)
                or abs(payback_months - months) > 0.001 * months + 0.001
                or abs(arpa_new * first_year_customer_months - first_year_revenue) > 0.001 * first_year_customer_months
                or (curve > 0 and payback_status = 'ok'
                    and not payback_churn_adjusted_months between at_earliest and coalesce(at_latest, payback_churn_adjusted_months))
                or (curve > 0 and payback_status = 'never' and at_latest < 120)
                or payback_churn_adjusted_months < floor(payback_months)
        """,
    ),
    expectation_check(
        asset=["core", "fct_survival"],
        name="survival_recomputed",
        description="Contracts at risk, ended and surviving are those of the customers, counted month by month.",
        query="""
            with contracts as (
                select entity_id, tenure_months, has_ended from core.fct_customer_tenure where relationship = 'contract' and is_start_known
            ),
            counted as (
                select curve.entity_id, curve.tenure_months, count(*) filter (contracts.tenure_months >= curve.tenure_months) as at_risk,
                    count(*) filter (contracts.tenure_months = curve.tenure_months and has_ended) as ended
                from core.fct_survival as curve inner join contracts using (entity_id)
                where curve.channel_id = 'all' and curve.is_observed group by all
            ),
            survived as (
                select *, product(1 - ended / at_risk) over (partition by entity_id order by tenure_months) as survival_again from counted
            ),
            stepped as (
                select *, lag(survival, 1, 1) over (partition by entity_id, channel_id order by tenure_months) as before from core.fct_survival
            )
            select entity_id, channel_id, stepped.tenure_months, survival::varchar as survival, survival_again::varchar as again
            from stepped left join survived using (entity_id, tenure_months)
            where survival not between 0 and 1 or survival > before
                or (channel_id = 'all' and is_observed and (
                    abs(stepped.at_risk - survived.at_risk) > 0.001 or abs(stepped.ended - survived.ended) > 0.001
                    or abs(survival - survival_again) > 0.000001
                ))
                or (channel_id = 'all' and is_observed and survival_again is null)
                or median_months > 0 and is_observed and tenure_months = median_months and survival > 0.5
        """,
    ),
    expectation_check(
        asset=["marts", "customer_lifetime"],
        name="predictions_are_possible",
        description="Probabilities lie between 0 and 1, what is expected is not negative, every customer has one row and a status that fits.",
        query="""
            select entity_id, customer_id, coalesce(p_alive, survival_12m, 0)::double as probability,
                coalesce(expected_purchases_12m, 0)::double as purchases, coalesce(expected_margin_12m, 0)::double as margin,
                case
                    when status in ('ok', 'ended') and ltv is null then 'has no worth'
                    when relationship = 'transaction' and status = 'ok' and (p_alive is null or expected_spend is null or r is null) then 'not predicted'
                    when relationship = 'contract' and status = 'ok' and survival_12m is null then 'not survived'
                    when ltv_method = 'historic' and ltv <> ltv_historic then 'method differs'
                    when ltv_method = 'survival' and ltv <> ltv_survival then 'method differs'
                    when ltv_method = 'predictive' and ltv <> ltv_predictive then 'method differs'
                    when ltv < ltv_historic then 'expects a loss'
                    when relationship = 'transaction' and recency_weeks > age_weeks then 'bought after today'
                    else 'fits'
                end as judged
            from marts.customer_lifetime
            union all
            select entity_id, customer_id, 0, 0, 0, 'missing' from core.fct_customer_tenure anti join marts.customer_lifetime using (customer_id)
        """,
        expectations=lambda expect: [
            expect.ExpectColumnValuesToBeBetween(column="probability", min_value=0, max_value=1),
            expect.ExpectColumnValuesToBeBetween(column="purchases", min_value=0),
            expect.ExpectColumnValuesToBeBetween(column="margin", min_value=0),
            expect.ExpectColumnValuesToBeInSet(column="judged", value_set=["fits"]),
        ],
    ),
    expectation_check(
        asset=["marts", "customer_lifetime"],
        name="worth_of_contracts_recomputed",
        description="What a contract brings is its revenue at the margin of each month, and what its months to come bring by the company's curve.",
        query="""
            with earned as (
                select customer_id, sum(months.revenue_rpt * gross_margin) as margin
                from core.fct_customer_month as months cross join core.dim_as_of
                left join core.fct_margin_month as margins
                    on months.entity_id = margins.entity_id and margins.period_month = least(months.period_month, closed_month)
                group by all
            ),
            ahead as (
                select lifetimes.customer_id, sum(later.survival::double / here.survival * pow(1.01, here.tenure_months - later.tenure_months)) as months
                from marts.customer_lifetime as lifetimes
                inner join core.fct_survival as here
                    on lifetimes.entity_id = here.entity_id and here.tenure_months = least(lifetimes.tenure_months, 60)
                inner join core.fct_survival as later on here.entity_id = later.entity_id
                where here.channel_id = 'all' and later.channel_id = 'all' and later.tenure_months >= here.tenure_months
                    and later.tenure_months < here.tenure_months + 60 and lifetimes.relationship = 'contract' and not lifetimes.has_ended
                group by all
            )
            select entity_id, customer_id, ltv_historic::varchar as ltv_historic, ltv::varchar as ltv,
                (margin + coalesce(months * monthly_revenue * gross_margin_pct / 100, 0))::varchar as again
            from marts.customer_lifetime left join earned using (customer_id) left join ahead using (customer_id)
            where abs(ltv_historic - margin) > 0.01
                or (relationship = 'contract' and ltv_method <> 'none'
                    and abs(ltv - margin - coalesce(months * monthly_revenue * gross_margin_pct / 100, 0)) > 0.00001 * abs(ltv) + 0.01)
        """,
    ),
    expectation_check(
        asset=["marts", "customer_cohort"],
        name="cohorts_stay_in_the_past",
        description="A cohort is told up to the last closed month, every month from its first, with the customers that it began with.",
        query="""
            with told as (
                select *, count(*) over cohort as ages, max(age_month) over cohort as last_age, min(customers) over cohort as least,
                    sum(margin) over grown as margin_again
                from marts.customer_cohort
                window cohort as (partition by entity_id, acquired_month, channel),
                    grown as (partition by entity_id, acquired_month, channel order by age_month)
            )
            select entity_id, period_month::varchar as period_month, acquired_month::varchar as acquired_month, channel, age_month
            from told cross join core.dim_as_of
            where period_month > closed_month or age_month < 0 or ages <> last_age + 1
                or date_diff('month', acquired_month, period_month) <> age_month
                or customers <> least or active_customers > customers
                or abs(cumulative_margin - margin_again) > 0.0001 * ages
                or abs(margin_per_customer * customers - cumulative_margin) > 0.0001 + 0.0001 * customers + 0.000001 * abs(margin_per_customer)
        """,
    ),
    expectation_check(
        asset=["marts", "customer_cohort"],
        name="cohorts_hold_every_customer_once",
        description="The channels of a cohort are its customers and their revenue; all cohorts of a month are those whose beginning is known.",
        query="""
            with channels as (
                select entity_id, acquired_month, period_month, sum(customers) filter (channel <> 'all') as parts,
                    any_value(customers) filter (channel = 'all') as whole, sum(revenue) filter (channel <> 'all') as revenue_parts,
                    any_value(revenue) filter (channel = 'all') as revenue, count(*) as rows_added
                from marts.customer_cohort group by all
            ),
            earned as (
                select tenures.entity_id, acquired_month, months.period_month, count(*) as customers, sum(revenue_rpt) as revenue
                from core.fct_customer_tenure as tenures
                inner join core.fct_customer_month as months using (customer_id)
                inner join core.dim_as_of on months.period_month <= closed_month
                where is_start_known group by all
            )
            select entity_id, period_month::varchar as period_month, acquired_month::varchar as acquired_month, whole::varchar as customers
            from channels full join earned using (entity_id, acquired_month, period_month)
            where whole is distinct from earned.customers or abs(coalesce(parts, 0) - whole) > 0.00001 * rows_added
                or abs(channels.revenue - earned.revenue) > 0.0001
                or abs(coalesce(revenue_parts, 0) - channels.revenue) > 0.0001 * rows_added
        """,
    ),
    expectation_check(
        asset=["core", "fct_customer_month"],
        name="customers_bring_what_the_books_say",
        description="Bills spread over their months come near the revenue of the books: within a tenth, over the year up to the last closed month.",
        query="""
            with since as (select entity_id, min(purchase_date) as books_since from core.fct_customer_purchase group by all),
            spread as (
                select entity_id, sum(revenue_rpt) as revenue from core.fct_customer_month cross join core.dim_as_of
                where period_month <= closed_month and period_month > closed_month - interval 12 month group by all
            )
            select entity_id, closed_month::varchar as period_month, spread.revenue::varchar as customers, revenue_12m_rpt::varchar as books
            from core.fct_margin_month
            inner join core.dim_as_of on period_month = closed_month
            -- Bills from before the books begin are not known for a year.
            inner join since using (entity_id)
            left join spread using (entity_id)
            where books_since <= closed_month - interval 24 month and revenue_12m_rpt > 0
                and abs(coalesce(spread.revenue, 0) - revenue_12m_rpt) > 0.1 * revenue_12m_rpt
        """,
        level="warn",
        tolerance="10 %",
    ),
    expectation_check(
        asset=["marts", "saas_efficiency"],
        name="efficiency_recomputed",
        description="Recurring revenue is twelve times that of the quarter's last month; magic number, CAC ratio and rule of 40 follow from it.",
        query="""
            with recurring as (
                select months.entity_id, months.period_month, sum(recurring_rpt) * 12 as arr,
                    coalesce(sum(recurring_rpt) filter (
                        is_start_known and quarter(acquired_month) = quarter(period_month) and year(acquired_month) = year(period_month)
                    ), 0) * 12 as new_arr
                from core.fct_customer_month as months inner join core.fct_customer_tenure using (customer_id) group by all
            ),
            costs as (
                select entity_id, date_trunc('quarter', period_month)::date as quarter_start, sum(loaded_cost_rpt) as cost
                from core.fct_acquisition_month group by all
            )
            select efficiency.entity_id, efficiency.quarter_start::varchar as period_month, efficiency.arr::varchar as arr, recurring.arr::varchar as again,
                magic_number::varchar as magic_number, cac_ratio::varchar as cac_ratio
            from marts.saas_efficiency as efficiency
            left join recurring on efficiency.entity_id = recurring.entity_id
                and recurring.period_month = (efficiency.quarter_start + interval 2 month)::date
            left join costs on efficiency.entity_id = costs.entity_id
                and costs.quarter_start = (efficiency.quarter_start - interval 3 month)::date
            left join recurring as year_before on efficiency.entity_id = year_before.entity_id
                and year_before.period_month = (efficiency.quarter_start - interval 10 month)::date
            left join core.fct_margin_month as margins on efficiency.entity_id = margins.entity_id
                and margins.period_month = (efficiency.quarter_start + interval 2 month)::date
            where abs(efficiency.arr - coalesce(recurring.arr, 0)) > 0.0001 or abs(efficiency.new_arr - coalesce(recurring.new_arr, 0)) > 0.0001
                or abs(prior_sales_marketing_cost - costs.cost) > 0.0001 or abs(net_new_arr - (efficiency.arr - prior_arr)) > 0.0001
                or (status = 'ok') <> (magic_number is not null)
                or abs(magic_number * prior_sales_marketing_cost - net_new_arr) > 0.000001 * prior_sales_marketing_cost
                or abs(cac_ratio * efficiency.new_arr - prior_sales_marketing_cost) > 0.000001 * efficiency.new_arr
                or abs(rule_of_40_pct - (efficiency.arr * 100 / year_before.arr - 100) - margins.ebitda_12m_rpt * 100 / margins.revenue_12m_rpt) > 0.0002
                or abs(magic_number_revenue * prior_sales_marketing_cost - 4 * (revenue - prior_revenue)) > 0.000001 * prior_sales_marketing_cost
        """,
    ),
)


@dg.definitions
def defs() -> dg.Definitions:
    """The checks of unit economics."""
    return dg.Definitions(asset_checks=[checks_of("unit_economics", CHECKS)])

"""What auditors look for in entries and documents: gaps, doubles, late and unusual entries.

Findings are for a person to look at: they are listed, not judged. Rates and shares stand where counts would only tell a company's size.
"""

import dagster as dg

from finance_hub.expectations import checks_of, expectation_check

_BENFORD_LIMIT = 0.015  # mean absolute deviation of first digits beyond which Nigrini speaks of nonconformity
_BENFORD_ENTRIES = 500

CHECKS = (
    expectation_check(
        asset=["core", "fct_document"],
        name="invoice_numbers_have_no_gaps",
        control="C-02",
        description="The numbers of an entity's own invoices follow each other; a gap is a document that somebody took out.",
        level="warn",
        query="""
            with numbered as (
                select entity_id, connection_id, regexp_replace(document_number, '[0-9]+$', '') as prefix, document_date,
                    try_cast(regexp_extract(document_number, '[0-9]+$') as bigint) as number
                from core.fct_document where document_kind = 'sale'
            ),
            followed as (
                select *, lag(number) over (partition by connection_id, prefix order by number) as before from numbered where number is not null
            )
            select entity_id, date_trunc('month', document_date)::date::varchar as period_month, prefix || (before + 1) as first_missing,
                prefix || (number - 1) as last_missing
            from followed where number > before + 1
        """,
    ),
    expectation_check(
        asset=["core", "fct_gl_line"],
        name="entries_are_made_in_time",
        control="C-03",
        description="Entries are made before their month is closed, which is some days after its end.",
        level="warn",
        query="""
            select entity_id, period_month::varchar as period_month, journal_number, posting_date::varchar as posting_date,
                entry_created_at::varchar as entered_at, sum(greatest(amount_func, 0))::varchar as amount
            from core.fct_gl_line
            where entry_created_at::date > last_day(posting_date) + 11 and document_kind <> 'opening'
            group by all
        """,
    ),
    expectation_check(
        asset=["core", "fct_document"],
        name="every_document_has_a_party",
        control="C-04",
        description="Documents name a customer or supplier that is known.",
        query="""
            select documents.entity_id, date_trunc('month', documents.document_date)::date::varchar as period_month, documents.document_number,
                documents.party_id
            from core.fct_document as documents left join core.dim_party as parties using (connection_id, party_id)
            where documents.party_id is not null and parties.party_id is null
                and documents.connection_id in (select connection_id from core.dim_party)
        """,
    ),
    expectation_check(
        asset=["core", "fct_gl_line"],
        name="documents_are_posted_in_their_month",
        control="C-05",
        description="A document counts in the month that it is dated in, or within ten days of it.",
        level="warn",
        query="""
            select entity_id, period_month::varchar as period_month, document_number, document_date::varchar as document_date,
                posting_date::varchar as posting_date
            from core.fct_gl_line
            where date_trunc('month', document_date) <> date_trunc('month', posting_date) and abs(posting_date - document_date) > 10
            group by all
        """,
    ),
    expectation_check(
        asset=["core", "fct_account_month"],
        name="every_entity_posts_in_every_month",
        control="C-06",
        description="From its first month to the last closed one, no entity is without entries.",
        level="warn",
        query="""
            with first_months as (select entity_id, min(period_month) as first_month from core.fct_account_month group by entity_id),
            expected as (
                select dates.entity_id, dates.period_month
                from core.dim_date as dates
                inner join first_months on dates.entity_id = first_months.entity_id and dates.period_month >= first_months.first_month
                cross join core.dim_as_of as today
                where dates.period_month <= today.closed_month group by all
            )
            select entity_id, period_month::varchar as period_month from expected
            anti join core.fct_account_month using (entity_id, period_month)
        """,
    ),
    expectation_check(
        asset=["core", "fct_document"],
        name="no_bill_is_entered_twice",
        control="D-01",
        description="Two living bills of one supplier with the same amount within three days are one bill, most likely.",
        level="warn",
        query="""
            with bills as (
                select entity_id, connection_id, party_id, document_id, document_number, document_date, total_txn, currency_txn
                from core.fct_document where document_kind = 'purchase' and status in ('open', 'paid') and total_txn <> 0
            )
            select ours.entity_id, date_trunc('month', ours.document_date)::date::varchar as period_month, ours.document_number,
                others.document_number as also_as, ours.total_txn::varchar as amount, ours.currency_txn as currency
            from bills as ours
            inner join bills as others
                on ours.connection_id = others.connection_id and ours.party_id = others.party_id and ours.total_txn = others.total_txn
                and ours.currency_txn = others.currency_txn and abs(ours.document_date - others.document_date) <= 3
                and ours.document_id < others.document_id
        """,
    ),
    expectation_check(
        asset=["core", "fct_gl_line"],
        name="no_journal_is_posted_twice",
        control="D-02",
        description="Journals with the same lines within twenty days of each other: what recurs by the month, or was reversed, is no double.",
        level="info",
        query="""
            with journals as (
                select entity_id, connection_id, journal_id, any_value(journal_number) as journal_number, any_value(period_month) as period_month,
                    any_value(posting_date) as posting_date, max(amount_func) as amount,
                    hash(list(account_id || '|' || amount_func || '|' || coalesce(department_name, '') || '|' || coalesce(party_id, '') order by account_id, amount_func, department_name)) as lines
                from core.fct_gl_line
                where not is_reversal and document_kind not in ('payment_received', 'payment_made')
                    and (connection_id, journal_id) not in (
                        select (connection_id, reverses_journal_id) from core.fct_gl_line where reverses_journal_id is not null
                    )
                group by entity_id, connection_id, journal_id
            ),
            followed as (
                select *, lag(posting_date) over same as before, lag(journal_number) over same as also_as from journals
                window same as (partition by connection_id, lines order by posting_date, journal_id)
            )
            select entity_id, period_month::varchar as period_month, journal_number, also_as, amount::varchar as amount
            from followed where posting_date - before <= 20 and amount >= 1000
        """,
    ),
    expectation_check(
        asset=["core", "fct_gl_line"],
        name="manual_journals_keep_office_hours",
        control="A-01",
        description="Of the manual journals of a month at most half are entered at weekends or at night: a rate, since small companies work at odd hours.",
        tolerance="50 %",
        level="info",
        query="""
            with entered as (
                select entity_id, period_month, journal_id, any_value(entry_created_at) as entered_at from core.fct_gl_line
                where is_manual and entry_created_at is not null group by all
            )
            select entity_id, period_month::varchar as period_month, count(*) as journals,
                count(*) filter (isodow(entered_at) > 5 or hour(entered_at) not between 5 and 21) * 100.0 / count(*) as unusual_pct
            from entered group by all
            having count(*) >= 10 and count(*) filter (isodow(entered_at) > 5 or hour(entered_at) not between 5 and 21) * 2 > count(*)
        """,
    ),
    expectation_check(
        asset=["core", "fct_gl_line"],
        name="manual_journals_are_not_round",
        control="A-02",
        description="Manual journals of whole thousands are estimates, or made to fit.",
        level="info",
        query="""
            select entity_id, period_month::varchar as period_month, journal_number, max(amount_func)::varchar as amount, any_value(description) as description
            from core.fct_gl_line where is_manual and not is_reversal and document_kind <> 'opening'
            group by entity_id, period_month, connection_id, journal_id, journal_number
            having max(amount_func) >= 1000 and max(amount_func) % 1000 = 0
        """,
    ),
    expectation_check(
        asset=["core", "fct_gl_line"],
        name="first_digits_are_natural",
        control="A-03",
        description="First digits of a year's expenses follow Benford's law; the mean absolute deviation is Nigrini's measure. "
        "Fixed fees follow no law: an amount that recurs counts once, and accounts whose amounts of a year lie within one order of magnitude do not.",
        tolerance=str(_BENFORD_LIMIT),
        level="info",
        query=f"""
            with amounts as (
                select distinct lines.entity_id, lines.fiscal_year, lines.connection_id, lines.account_id, lines.amount_func
                from core.fct_gl_line as lines inner join core.dim_account as accounts using (connection_id, account_id)
                where accounts.account_class = 'expense' and abs(lines.amount_func) >= 1
            ),
            digits as (
                select *, substr(ltrim(abs(amount_func)::varchar, '0.'), 1, 1) as digit from amounts
                window account_year as (partition by entity_id, fiscal_year, connection_id, account_id)
                qualify quantile_cont(abs(amount_func), 0.9) over account_year >= 10 * quantile_cont(abs(amount_func), 0.1) over account_year
            ),
            counted as (select entity_id, fiscal_year, digit, count(*) as digit_count from digits group by all),
            shares as (select *, sum(digit_count) over (partition by entity_id, fiscal_year) as entries from counted),
            natural_shares as (select d::varchar as digit, log10(1 + 1.0 / d) as share from range(1, 10) t (d)),
            deviations as (
                select years.entity_id, years.fiscal_year, any_value(years.entries) as entries,
                    avg(abs(coalesce(shares.digit_count, 0) / years.entries - natural_shares.share)) as deviation
                from (select distinct entity_id, fiscal_year, entries from shares) as years
                cross join natural_shares
                left join shares using (entity_id, fiscal_year, digit)
                group by all
            )
            select entity_id, make_date(fiscal_year::integer, 1, 1)::varchar as period_month, entries, deviation
            from deviations where entries >= {_BENFORD_ENTRIES} and deviation > {_BENFORD_LIMIT}
        """,
    ),
    expectation_check(
        asset=["core", "fct_gl_line"],
        name="accounts_are_used_as_always",
        control="A-04",
        description="A manual journal on an account that a year's entries use once or twice only deserves a look.",
        level="warn",
        query="""
            with used as (
                select lines.entity_id, lines.connection_id, lines.account_id, count(distinct lines.journal_id) as journals,
                    max(lines.period_month) as period_month, max(abs(lines.amount_func)) as amount, bool_or(lines.is_manual and lines.document_kind <> 'opening') as is_manual
                from core.fct_gl_line as lines cross join core.dim_as_of as today
                where lines.posting_date > today.as_of_date - 365 group by all
            )
            select used.entity_id, used.period_month::varchar as period_month, accounts.account_code, accounts.account_name, used.journals,
                used.amount::varchar as amount
            from used inner join core.dim_account as accounts using (connection_id, account_id)
            where used.journals <= 2 and used.is_manual and used.amount >= 1000
        """,
    ),
    expectation_check(
        asset=["core", "fct_account_month"],
        name="accounts_have_their_usual_side",
        control="A-05",
        description="Revenue is a credit and cost a debit over a closed month, except where gains and losses meet.",
        level="info",
        query="""
            select entity_id, period_month::varchar as period_month, account_code, account_name, net_func::varchar as amount
            from core.fct_account_month
            inner join core.dim_group_account as chart using (group_account_code)
            cross join core.dim_as_of as today
            where period_month <= today.closed_month and is_profit_and_loss and chart.statement_section not in ('financial_result', 'income_tax')
                and account_type not in ('fx_gain_loss', 'income_tax', 'other_expense', 'other_income') and net_func * natural_sign < -1000
        """,
    ),
    expectation_check(
        asset=["core", "fct_gl_line"],
        name="manual_journals_say_why",
        control="A-06",
        description="A manual journal has a description.",
        level="warn",
        query="""
            select entity_id, period_month::varchar as period_month, journal_number, max(amount_func)::varchar as amount
            from core.fct_gl_line where is_manual
            group by entity_id, period_month, connection_id, journal_id, journal_number
            having count(nullif(trim(description), '')) = 0 and count(nullif(trim(document_number), '')) = 0
        """,
    ),
    expectation_check(
        asset=["core", "fct_document"],
        name="regular_suppliers_have_billed",
        control="G-02",
        description="A supplier that billed in each of the six months before the last closed one has billed in it, or its cost is missing.",
        level="warn",
        query="""
            with billed as (
                select documents.entity_id, documents.connection_id, documents.party_id, any_value(documents.party_name) as supplier,
                    count(distinct date_trunc('month', documents.document_date)) filter (
                        documents.document_date < today.closed_month and documents.document_date >= today.closed_month - interval 6 month
                    ) as months_before,
                    bool_or(documents.document_date between today.closed_month and last_day(today.closed_month) + 14) as has_billed,
                    any_value(today.closed_month) as closed_month
                from core.fct_document as documents cross join core.dim_as_of as today
                where documents.document_kind = 'purchase' and documents.status in ('open', 'paid')
                    and documents.document_date <= last_day(today.closed_month) + 14
                group by all
            )
            select entity_id, closed_month::varchar as period_month, supplier from billed where months_before = 6 and not has_billed
        """,
    ),
)


@dg.definitions
def defs() -> dg.Definitions:
    """The checks of entries."""
    return dg.Definitions(asset_checks=[checks_of("entries", CHECKS)])

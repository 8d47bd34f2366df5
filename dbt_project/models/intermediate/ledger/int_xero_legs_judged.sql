{{ config(materialized='table') }}
-- Every line of a ledger that is rebuilt from documents, and what keeps its journal out of it. A table, since the ledger and its
-- quarantine both read it, several times.
with

legs as (

    {% for model in ['int_xero_document_legs_derived', 'int_xero_settlement_legs_derived'] %}
        select
            connection_id,
            org_unit_id,
            source_table,
            journal_id,
            document_id,
            document_kind,
            document_type,
            document_number,
            posting_date,
            party_id,
            currency_txn,
            role,
            line_key,
            line_number,
            account_id,
            account_named,
            description,
            amount_txn,
            amount_func,
            tax_code,
            product_ref,
            department_name,
            campaign_ref,
            _page_id,
            _dlt_load_id
        from {{ ref(model) }}
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}

),

journals as (

    select
        connection_id,
        source_table,
        journal_id,
        case
            when count(*) filter (where account_id is null and role in ('control', 'tax', 'rounding', 'gain')) > 0
                then 'no_control_account'
            when count(*) filter (where account_id is null) > 0 then 'no_account'
            when count(*) > count(amount_func) or sum(amount_func) <> 0 then 'unbalanced_journal'
        end as reason,
        case
            when count(*) filter (where account_id is null) > 0
                then
                    'not in the chart: '
                    || array_to_string(list_sort(list(distinct account_named) filter (where account_id is null)), ', ')
            when count(*) > count(amount_func) then 'no exchange rate of ' || any_value(currency_txn) || ' is known for it'
            else
                'debits ' || cast(sum(greatest(amount_func, 0)) as decimal(20, 2))
                || ', credits ' || cast(-sum(least(amount_func, 0)) as decimal(20, 2))
        end as detail,
        case
            when count(*) = count(amount_func)
                then greatest(sum(greatest(amount_func, 0)), -sum(least(amount_func, 0)))
        end as total_func
    from legs
    group by connection_id, source_table, journal_id

),

final as (

    select
        legs.*,
        journals.reason,
        journals.detail,
        journals.total_func
    from legs
    inner join journals
        on
            legs.connection_id = journals.connection_id
            and legs.source_table = journals.source_table
            and legs.journal_id = journals.journal_id

)

select * from final

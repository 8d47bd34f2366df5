with

lines as (

    select * from {{ ref('fct_gl_line') }}
    where partner_entity_id is not null and partner_entity_id <> entity_id

),

chart as (

    select * from {{ ref('dim_group_account') }}
    where eliminated_by <> 'nothing'

),

structure as (

    select * from {{ ref('dim_group_structure') }}
    where consolidation_method = 'full'

),

-- Only while both belong to the group.
final as (

    select
        lines.gl_line_key,
        lines.entity_id,
        lines.connection_id,
        lines.partner_entity_id,
        lines.period_month,
        lines.posting_date,
        lines.account_id,
        lines.group_account_code,
        chart.eliminated_by,
        lines.currency_func,
        lines.amount_func
    from lines
    inner join chart on lines.group_account_code = chart.group_account_code
    inner join structure as own
        on lines.entity_id = own.entity_id and lines.posting_date between own.valid_from and own.valid_to
    inner join structure as partners
        on
            lines.partner_entity_id = partners.entity_id
            and lines.posting_date between partners.valid_from and partners.valid_to

)

select * from final

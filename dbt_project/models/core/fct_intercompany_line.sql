with

lines as (

    select * from {{ ref('fct_gl_line') }}
    where is_in_group and partner_entity_id is not null and partner_entity_id <> entity_id

),

chart as (

    select * from {{ ref('dim_group_account') }}
    where eliminated_by <> 'nothing'

),

members as (

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
    inner join members
        on lines.partner_entity_id = members.entity_id and lines.posting_date between members.valid_from and members.valid_to

)

select * from final

with

lines as (

    select * from {{ ref('int_ledger_gl_lines_stacked') }}

),

entities as (

    select * from {{ ref('dim_entity') }}

),

dates as (

    select * from {{ ref('dim_date') }}

),

mapping as (

    select * from {{ ref('dim_account_mapping') }}

),

parties as (

    select * from {{ ref('dim_party') }}
    where partner_entity_id is not null

),

partners as (

    select * from {{ ref('intercompany_partners') }}

),

-- Where the books name a partner by the entity's own name.
named_partners as (

    select
        lower(trim(entity_name)) as partner_name,
        min(entity_id) as entity_id
    from entities
    group by lower(trim(entity_name))

),

members as (

    select
        entity_id,
        valid_from,
        valid_to
    from {{ ref('dim_group_structure') }}
    where consolidation_method = 'full'

),

campaigns as (

    select * from {{ ref('bridge_campaign') }}
    where known_to = 'books'

),

posted as (

    select
        lines.source_system || '|' || lines.connection_id || '|' || lines.line_id as gl_line_key,
        lines.source_system,
        lines.connection_id,
        entities.entity_id,
        lines.journal_id,
        lines.journal_number,
        lines.line_number,
        lines.posting_date,
        lines.document_date,
        dates.period_month,
        dates.fiscal_year,
        -- Closing entries of a vendor's special periods belong to the year's last one.
        coalesce(lines.fiscal_period_native, dates.fiscal_period) as fiscal_period,
        lines.is_adjustment_period,
        lines.entry_created_at,
        lines.account_id,
        coalesce(mapping.group_account_code, 'unmapped') as group_account_code,
        lines.department_name,
        campaigns.campaign_id,
        lines.product_ref,
        lines.party_id,
        coalesce(partners.entity_id, named_partners.entity_id, parties.partner_entity_id) as partner_entity_id,
        members.entity_id is not null as is_in_group,
        lines.document_kind,
        lines.document_type,
        lines.document_id,
        lines.document_number,
        lines.description,
        {{ posted('lines.amount_func', 'entities.currency_func') }} as amount_func,
        entities.currency_func,
        {{ money('lines.amount_txn') }} as amount_txn,
        lines.currency_txn,
        lines.tax_code,
        lines.is_reversal,
        lines.reverses_journal_id,
        lines.is_manual,
        lines.created_by,
        lines._page_id,
        lines._dlt_load_id
    from lines
    inner join entities on lines.connection_id = entities.connection_id and lines.org_unit_id = entities.org_unit_id
    -- Ends with the as-of month: what is posted later is not told yet.
    inner join dates on entities.entity_id = dates.entity_id and lines.posting_date = dates.date_day
    cross join {{ ref('dim_as_of') }} as today
    left join mapping
        on
            entities.entity_id = mapping.entity_id
            and lines.connection_id = mapping.connection_id
            and lines.account_id = mapping.account_id
            and lines.posting_date between mapping.valid_from and mapping.valid_to
    left join members on entities.entity_id = members.entity_id and lines.posting_date between members.valid_from and members.valid_to
    left join parties on lines.connection_id = parties.connection_id and lines.party_id = parties.party_id
    left join partners on lines.source_system = partners.source_system and lines.partner_ref = partners.partner_ref
    left join named_partners on lower(trim(lines.partner_ref)) = named_partners.partner_name
    left join campaigns
        on
            entities.entity_id = campaigns.entity_id
            and lines.connection_id = campaigns.connection_id
            and lines.campaign_ref = campaigns.campaign_ref
    where lines.posting_date <= today.as_of_date

),

closings as (

    select * from {{ ref('dim_closing') }}
    where changes <> 'restate'

),

sealed_months as (

    select distinct
        seals.entity_id,
        seals.period_month
    from {{ ref('stg_hub__period_seals') }} as seals
    inner join closings on seals.entity_id = closings.entity_id
    inner join dates
        on
            seals.entity_id = dates.entity_id
            and seals.period_month = dates.period_month
            and dates.is_period_end
            and closings.closed_until_date >= dates.date_day

),

-- What has changed in a month since it was sealed: by account, what its lines say now less what they said then.
changed as (

    select
        movements.entity_id,
        movements.connection_id,
        movements.account_id,
        movements.period_month,
        sum(movements.net_func) as change_func
    from (
        select
            posted.entity_id,
            posted.connection_id,
            posted.account_id,
            posted.period_month,
            posted.amount_func as net_func
        from posted
        inner join sealed_months on posted.entity_id = sealed_months.entity_id and posted.period_month = sealed_months.period_month
        union all
        select
            balances.entity_id,
            balances.connection_id,
            balances.account_id,
            balances.period_month,
            -balances.net_func as net_func
        from {{ ref('stg_hub__closed_balances') }} as balances
        inner join sealed_months on balances.entity_id = sealed_months.entity_id and balances.period_month = sealed_months.period_month
    ) as movements
    group by movements.entity_id, movements.connection_id, movements.account_id, movements.period_month
    having sum(movements.net_func) <> 0

),

open_months as (

    select
        dates.entity_id,
        min(dates.date_day) as first_open_date
    from dates
    inner join closings on dates.entity_id = closings.entity_id and dates.date_day > closings.closed_until_date
    group by dates.entity_id

),

-- The closed month keeps what it had; the change stands in the first open one.
moves as (

    select
        changed.*,
        dates.date_day as posting_date,
        -changed.change_func as amount_func,
        'out' as direction
    from changed
    inner join dates
        on changed.entity_id = dates.entity_id and changed.period_month = dates.period_month and dates.is_period_end
    union all
    select
        changed.*,
        open_months.first_open_date as posting_date,
        changed.change_func as amount_func,
        'in' as direction
    from changed
    inner join open_months on changed.entity_id = open_months.entity_id

),

adjustments as (

    select
        'adjustment|' || moves.connection_id || '|' || moves.account_id || '|' || moves.period_month || '|'
        || moves.direction as gl_line_key,
        entities.source_system,
        moves.connection_id,
        moves.entity_id,
        'adjustment|' || moves.entity_id || '|' || moves.period_month || '|' || moves.direction as journal_id,
        'Change of ' || strftime(moves.period_month, '%Y-%m') as journal_number,
        row_number() over (partition by moves.entity_id, moves.period_month, moves.direction order by moves.account_id) as line_number,
        moves.posting_date,
        moves.posting_date as document_date,
        dates.period_month,
        dates.fiscal_year,
        dates.fiscal_period,
        false as is_adjustment_period,
        cast(null as timestamp) as entry_created_at,
        moves.account_id,
        coalesce(mapping.group_account_code, 'unmapped') as group_account_code,
        cast(null as varchar) as department_name,
        cast(null as varchar) as campaign_id,
        cast(null as varchar) as product_ref,
        cast(null as varchar) as party_id,
        cast(null as varchar) as partner_entity_id,
        members.entity_id is not null as is_in_group,
        'closed_period_change' as document_kind,
        cast(null as varchar) as document_type,
        cast(null as varchar) as document_id,
        cast(null as varchar) as document_number,
        'Change of the closed month ' || strftime(moves.period_month, '%Y-%m') as description,
        {{ money('moves.amount_func') }} as amount_func,
        entities.currency_func,
        cast(null as decimal(20, 4)) as amount_txn,
        cast(null as varchar) as currency_txn,
        cast(null as varchar) as tax_code,
        false as is_reversal,
        cast(null as varchar) as reverses_journal_id,
        false as is_manual,
        cast(null as varchar) as created_by,
        cast(null as varchar) as _page_id,
        cast(null as varchar) as _dlt_load_id
    from moves
    inner join entities on moves.entity_id = entities.entity_id and moves.connection_id = entities.connection_id
    inner join dates on moves.entity_id = dates.entity_id and moves.posting_date = dates.date_day
    left join members on moves.entity_id = members.entity_id and moves.posting_date between members.valid_from and members.valid_to
    left join mapping
        on
            moves.entity_id = mapping.entity_id
            and moves.connection_id = mapping.connection_id
            and moves.account_id = mapping.account_id
            and moves.posting_date between mapping.valid_from and mapping.valid_to

),

final as (

    select * from posted
    union all
    select * from adjustments

)

select * from final

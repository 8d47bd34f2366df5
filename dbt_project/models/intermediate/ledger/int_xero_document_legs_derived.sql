-- What each document debits and credits: the account that it moves as a whole, those of its lines, tax, and cents of rounding.
with

documents as (

    select * from {{ ref('int_xero_documents_listed') }}

),

lines as (

    select * from {{ ref('int_xero_document_lines_listed') }}

),

system_accounts as (

    select * from {{ ref('int_xero_system_accounts_picked') }}

),

counted as (

    select
        documents.connection_id,
        documents.source_table,
        documents.document_id,
        count(lines.line_key) as line_count,
        coalesce(sum(lines.net_txn), 0) as net_txn,
        case documents.line_amount_types
            when 'notax' then 0 else coalesce(documents.tax_txn, sum(lines.tax_txn), 0)
        end as tax_txn
    from documents
    left join lines
        on
            documents.connection_id = lines.connection_id
            and documents.source_table = lines.source_table
            and documents.document_id = lines.document_id
    group by
        documents.connection_id, documents.source_table, documents.document_id, documents.line_amount_types, documents.tax_txn

),

-- A document's total may differ from its lines and tax by cents, which go to the rounding account; by more it does not fit.
measured as (

    select
        documents.*,
        counted.line_count,
        counted.tax_txn as total_tax_txn,
        documents.total_txn - counted.net_txn - counted.tax_txn as off_txn,
        abs(documents.total_txn - counted.net_txn - counted.tax_txn)
        <= case documents.source_table
            when 'manual_journal' then 0 else (counted.line_count + 1) * pow(10, -{{ minor_unit('documents.currency_txn') }})
        end as is_whole,
        {{ posted('documents.total_txn / documents.units_per_base', 'documents.base_currency') }} as total_func,
        {{ posted('counted.tax_txn / documents.units_per_base', 'documents.base_currency') }} as tax_func,
        {{ posted('(documents.total_txn - counted.net_txn - counted.tax_txn) / documents.units_per_base', 'documents.base_currency') }}
            as off_func
    from documents
    inner join counted
        on
            documents.connection_id = counted.connection_id
            and documents.source_table = counted.source_table
            and documents.document_id = counted.document_id

),

converted as (

    select
        lines.*,
        measured.side,
        measured.is_whole,
        measured.line_count,
        measured.base_currency,
        measured.total_func - measured.tax_func - case when measured.is_whole then measured.off_func else 0 end as net_total_func,
        {{ posted('lines.net_txn / measured.units_per_base', 'measured.base_currency') }} as net_func
    from lines
    inner join measured
        on
            lines.connection_id = measured.connection_id
            and lines.source_table = measured.source_table
            and lines.document_id = measured.document_id

),

-- What conversion leaves over goes to the largest line, so that the parts are the whole.
settled as (

    select
        *,
        net_func + case
            when
                is_whole
                and row_number() over (
                    partition by connection_id, source_table, document_id order by abs(net_txn) desc, line_number
                ) = 1
                and abs(net_total_func - sum(net_func) over (partition by connection_id, source_table, document_id))
                <= (line_count + 3) * pow(10, -{{ minor_unit('base_currency') }})
                then net_total_func - sum(net_func) over (partition by connection_id, source_table, document_id)
            else 0
        end as amount_func
    from converted

),

legs as (

    select
        connection_id,
        source_table,
        document_id,
        own_role as role,
        own_role as line_key,
        0 as line_number,
        own_account_id as account_id,
        cast(null as varchar) as account_named,
        description,
        side * total_txn as amount_txn,
        side * total_func as amount_func,
        cast(null as varchar) as tax_code,
        cast(null as varchar) as product_ref,
        cast(null as varchar) as department_name,
        cast(null as varchar) as campaign_ref
    from measured
    where own_role <> 'none'
    union all
    select
        connection_id,
        source_table,
        document_id,
        'line' as role,
        line_key,
        line_number,
        account_id,
        account_named,
        description,
        -side * net_txn as amount_txn,
        -side * amount_func as amount_func,
        tax_code,
        item_code as product_ref,
        department_name,
        campaign_ref
    from settled
    union all
    select
        measured.connection_id,
        measured.source_table,
        measured.document_id,
        'tax' as role,
        'tax' as line_key,
        100001 as line_number,
        system_accounts.tax_account_id as account_id,
        'the account of sales tax' as account_named,
        'Tax' as description,
        -measured.side * measured.total_tax_txn as amount_txn,
        -measured.side * measured.tax_func as amount_func,
        cast(null as varchar) as tax_code,
        cast(null as varchar) as product_ref,
        cast(null as varchar) as department_name,
        cast(null as varchar) as campaign_ref
    from measured
    left join system_accounts on measured.connection_id = system_accounts.connection_id
    union all
    select
        measured.connection_id,
        measured.source_table,
        measured.document_id,
        'rounding' as role,
        'rounding' as line_key,
        100002 as line_number,
        system_accounts.rounding_account_id as account_id,
        'the account of rounding' as account_named,
        'Rounding' as description,
        -measured.side * measured.off_txn as amount_txn,
        -measured.side * measured.off_func as amount_func,
        cast(null as varchar) as tax_code,
        cast(null as varchar) as product_ref,
        cast(null as varchar) as department_name,
        cast(null as varchar) as campaign_ref
    from measured
    left join system_accounts on measured.connection_id = system_accounts.connection_id
    where measured.is_whole

),

final as (

    select
        documents.connection_id,
        documents.org_unit_id,
        documents.base_currency,
        documents.source_table,
        documents.document_id as journal_id,
        documents.document_id,
        documents.item_id,
        documents.document_kind,
        documents.document_type,
        documents.document_number,
        documents.document_date as posting_date,
        documents.party_id,
        documents.currency_txn,
        legs.role,
        legs.line_key,
        legs.line_number,
        -- Money on account is on the control account, whether its line says so or not.
        case
            when legs.role = 'line' and documents.document_type like '%overpayment' and legs.account_id is null
                then case documents.side when 1 then system_accounts.receivable_account_id else system_accounts.payable_account_id end
            else legs.account_id
        end as account_id,
        coalesce(legs.account_named, case legs.role when 'bank' then 'the bank account' else 'the control account' end) as account_named,
        coalesce(nullif(legs.description, ''), documents.description) as description,
        cast(legs.amount_txn as decimal(38, 9)) as amount_txn,
        {{ money('legs.amount_func') }} as amount_func,
        legs.tax_code,
        legs.product_ref,
        legs.department_name,
        legs.campaign_ref,
        documents._page_id,
        documents._dlt_load_id
    from documents
    inner join legs
        on
            documents.connection_id = legs.connection_id
            and documents.source_table = legs.source_table
            and documents.document_id = legs.document_id
    left join system_accounts on documents.connection_id = system_accounts.connection_id
    where legs.amount_txn <> 0 or legs.amount_func <> 0

)

select * from final

with

accounts as (

    select * from {{ ref('stg_sap__gl_accounts') }}

),

texts as (

    select
        connection_id,
        account_id,
        arg_min(account_name, (language <> 'EN', language)) as account_name
    from {{ ref('stg_sap__gl_account_texts') }}
    group by connection_id, account_id

),

company_codes as (

    select * from {{ ref('stg_sap__company_codes') }}

),

-- Subledgers post to the accounts that they reconcile with.
reconciled as (

    select
        company_codes.connection_id,
        company_codes.chart_of_accounts || '|' || companies.account_code as account_id,
        min(companies.role) as role
    from (
        select
            connection_id,
            company_code,
            account_code,
            'receivable' as role
        from {{ ref('stg_sap__customer_companies') }}
        union
        select
            connection_id,
            company_code,
            account_code,
            'payable' as role
        from {{ ref('stg_sap__supplier_companies') }}
    ) as companies
    inner join company_codes
        on companies.connection_id = company_codes.connection_id and companies.company_code = company_codes.company_code
    where companies.account_code is not null
    group by company_codes.connection_id, company_codes.chart_of_accounts || '|' || companies.account_code

),

typed as (

    select
        accounts.*,
        texts.account_name,
        case when accounts.account_type = 'C' then 'bank' else reconciled.role end as system_role
    from accounts
    left join texts on accounts.connection_id = texts.connection_id and accounts.account_id = texts.account_id
    left join reconciled on accounts.connection_id = reconciled.connection_id and accounts.account_id = reconciled.account_id

),

-- A chart of SAP says of an account only whether it stands in the balance sheet; which side it belongs to, the group's chart says.
final as (

    select
        connection_id,
        account_id,
        ltrim(account_code, '0') as account_code,
        coalesce(account_name, ltrim(account_code, '0')) as account_name,
        case
            when system_role in ('bank', 'receivable') then 'asset'
            when system_role = 'payable' then 'liability'
            else 'unmapped'
        end as account_class,
        coalesce(system_role, case when is_balance_sheet then 'balance_sheet' else 'profit_and_loss' end) as account_type,
        account_group as native_type,
        system_role,
        is_active
    from typed

)

select * from final

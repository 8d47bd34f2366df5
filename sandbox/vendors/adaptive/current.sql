-- The instance as it stands at the session variable `horizon`: its versions, and the values that they have.

create or replace temp macro horizon() as getvariable('horizon')::timestamp;

create or replace table shown_version as
    select version.* exclude (locked_at), coalesce(locked_at <= horizon(), false) as is_locked,
        case when kind = 'actuals' then 'ACTUALS' when kind like 'scenario%' then 'SCENARIO' else 'PLANNING' end as type,
        id = (select max_by(id, created_at) from version where kind = 'original' and created_at <= horizon()) as is_default
    from version
    where created_at <= horizon();

create or replace table cell as
    select version_id, account_id, level_id, product_id, channel_id, seller_id, month,
        case when edited_at <= horizon() then edited_amount else amount end as amount
    from fact
    where known_at <= horizon();

create or replace table shown_person as
    select * from personnel where hired_date <= horizon()::date and coalesce(left_date > horizon()::date, true);

create or replace table saved as
    select count(*) as changes, horizon()::date as today from change where happened_at <= horizon();

-- The accounts that the entities have with the platform (session variable `platform`): one each, in the entity's currency and time zone.
-- The company's file is attached as `source`.

create table accounts as
select (case getvariable('platform') when 'google_ads' then 7_301_004_000 when 'meta_ads' then 120_330_000_400_000 else 507_404_000 end
        + 7 * row_number() over (order by entity_id))::varchar as id,
    entity_id, name, currency,
    case when getvariable('platform') = 'linkedin_ads' then 'UTC'  -- which has one clock for all
        else case country when 'DE' then 'Europe/Berlin' when 'JP' then 'Asia/Tokyo' when 'GB' then 'Europe/London'
        else case entity_id when 'bf' then 'America/Chicago' else 'America/New_York' end end end as time_zone,
    case currency when 'JPY' then 0 else 2 end as minor_digits
from source.company.entity;

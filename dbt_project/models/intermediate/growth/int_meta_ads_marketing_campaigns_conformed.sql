{{ conformed_ad_campaigns('meta_ads', channel="'paid_social'", tags=ref('stg_meta_ads__ads')) }}

{{ staged_ad_accounts('meta_ads') }}

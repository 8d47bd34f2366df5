{{ staged_ad_campaigns('meta_ads') }}

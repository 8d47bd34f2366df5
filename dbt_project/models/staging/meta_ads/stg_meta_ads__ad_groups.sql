{{ staged_ad_groups('meta_ads') }}

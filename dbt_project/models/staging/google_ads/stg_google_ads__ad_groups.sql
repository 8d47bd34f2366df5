{{ staged_ad_groups('google_ads') }}

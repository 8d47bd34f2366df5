{{ staged_ad_campaigns('google_ads') }}

{{ staged_ad_accounts('google_ads') }}

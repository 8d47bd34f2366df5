{{ staged_ad_accounts('linkedin_ads') }}

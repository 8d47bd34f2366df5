{{ staged_ad_spend('linkedin_ads') }}

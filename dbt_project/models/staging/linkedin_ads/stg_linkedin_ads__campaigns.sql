{{ staged_ad_campaigns('linkedin_ads') }}

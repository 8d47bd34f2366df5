{{ staged_ad_groups('linkedin_ads') }}

{{ conformed_ad_spend('meta_ads') }}

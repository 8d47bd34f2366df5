{{ conformed_ad_campaigns('linkedin_ads', channel="'paid_social'") }}

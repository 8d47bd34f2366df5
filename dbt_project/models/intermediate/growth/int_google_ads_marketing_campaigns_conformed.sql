{{ conformed_ad_campaigns('google_ads', channel='campaigns.channel_native') }}

{{ conformed('campaign_spend') }}

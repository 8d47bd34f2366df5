{{ conformed('deal_stages') }}

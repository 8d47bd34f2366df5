{{ conformed('deal_lines') }}

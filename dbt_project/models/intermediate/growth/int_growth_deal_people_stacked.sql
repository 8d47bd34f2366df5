{{ conformed('deal_people') }}

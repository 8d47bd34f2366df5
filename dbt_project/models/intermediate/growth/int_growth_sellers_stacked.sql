{{ conformed('sellers') }}

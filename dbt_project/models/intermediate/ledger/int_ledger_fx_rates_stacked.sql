{{ conformed('fx_rates') }}

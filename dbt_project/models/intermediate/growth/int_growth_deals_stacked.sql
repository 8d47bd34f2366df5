{{ conformed('deals') }}

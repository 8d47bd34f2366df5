{{ conformed('companies') }}

{{ conformed('accounts') }}

{{ conformed('payments') }}

{{ conformed('campaigns') }}

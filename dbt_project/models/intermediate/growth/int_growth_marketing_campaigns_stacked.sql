{{ conformed('marketing_campaigns') }}

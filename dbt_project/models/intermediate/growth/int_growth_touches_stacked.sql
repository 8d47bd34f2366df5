{{ conformed('touches') }}

{{ conformed('parties') }}

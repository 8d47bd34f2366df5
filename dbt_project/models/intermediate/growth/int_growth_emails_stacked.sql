{{ conformed('emails') }}

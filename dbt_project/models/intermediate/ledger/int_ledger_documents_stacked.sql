{{ conformed('documents') }}

{{ conformed('books') }}

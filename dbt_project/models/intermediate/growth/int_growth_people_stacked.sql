{{ conformed('people') }}

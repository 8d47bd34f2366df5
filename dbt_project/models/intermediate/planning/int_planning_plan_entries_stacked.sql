{{ conformed('plan_entries') }}

{{ conformed('plan_targets') }}

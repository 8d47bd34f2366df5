{{ conformed('plan_lines') }}

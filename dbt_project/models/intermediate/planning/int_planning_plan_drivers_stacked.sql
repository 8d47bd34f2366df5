{{ conformed('plan_drivers') }}

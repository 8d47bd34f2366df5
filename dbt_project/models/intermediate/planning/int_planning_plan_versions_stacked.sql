{{ conformed('plan_versions') }}

{{ conformed('gl_quarantine') }}

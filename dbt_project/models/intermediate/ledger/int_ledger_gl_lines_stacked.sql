{{ conformed('gl_lines') }}

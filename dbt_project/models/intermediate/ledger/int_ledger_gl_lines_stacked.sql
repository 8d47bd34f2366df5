{{ config(materialized='table') }}
-- A table, for several models read it and join it: of a stack of views the planner guesses a handful of rows, and joins the wrong way.
{{ conformed('gl_lines') }}

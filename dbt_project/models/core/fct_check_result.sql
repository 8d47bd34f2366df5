{{ config(materialized='view') }}
-- A view: the checks run after the models, and a snapshot must hold what they measured.
with

checks as (

    select * from {{ ref('stg_hub__check_results') }}

)

select * from checks

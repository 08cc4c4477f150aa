-- generated from the contract of mark_var_exceptions: change energy_pipeline/contracts, then run `make docs`
-- Did the value of what was open fall by more since the decision before than its mark VaR(1) said?
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    level,
    var_eur,
    es_eur,
    change_eur,
    is_exception
from {{ ref('stg_mark_var_exceptions') }}

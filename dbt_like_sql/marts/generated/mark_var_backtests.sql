-- generated from the contract of mark_var_backtests: change energy_pipeline/contracts, then run `make docs`
-- Tests of mark VaR(1) and its shortfall over the decided days up to D.
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    level,
    days,
    exceptions,
    expected_exceptions,
    kupiec_p,
    independence_p,
    conditional_p,
    traffic_light,
    es_statistic
from {{ ref('stg_mark_var_backtests') }}

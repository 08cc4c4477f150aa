-- generated from the contract of var_backtests: change energy_pipeline/contracts, then run `make docs`
-- Tests of VaR, shortfall and the whole forecast distribution over the settled days up to D.
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
    es_statistic,
    pit_p
from {{ ref('stg_var_backtests') }}

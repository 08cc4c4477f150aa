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
    zone,
    es_statistic,
    pit_p
from {{ ref('stg_var_backtests') }}

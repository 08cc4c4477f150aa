-- generated from the contract of performance_days: change energy_pipeline/contracts, then run `make docs`
-- What book, zones, legs, strategies and assets earned on D, beside the benchmark.
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    scope,
    name,
    result_eur,
    benchmark,
    benchmark_eur,
    is_provisional
from {{ ref('stg_performance_days') }}

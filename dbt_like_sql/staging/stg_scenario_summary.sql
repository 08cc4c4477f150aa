-- generated from the contract of scenario_summary: change energy_pipeline/contracts, then run `make docs`
-- Mean, spread and quantiles of the scenario set per series and interval.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    kind,
    name,
    delivery_start,
    resolution_minutes,
    unit,
    mean,
    standard_deviation,
    q05,
    q50,
    q95,
    scenarios
from {{ source('lake', 'scenario_summary') }}

-- generated from the contract of scenario_sets: change energy_pipeline/contracts, then run `make docs`
-- Sets beside the simulated paths: past days' errors, the desk's stresses, and representatives of the day and of the week ahead.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    "set",
    kind,
    name,
    delivery_start,
    resolution_minutes,
    scenario,
    label,
    probability,
    value,
    unit,
    reduction_error
from {{ source('lake', 'scenario_sets') }}

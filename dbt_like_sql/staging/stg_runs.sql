-- generated from the contract of runs: change energy_pipeline/contracts, then run `make docs`
-- Which run wrote what, when. The only table that may differ between two runs of the same day.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    run_flow,
    run_id,
    recorded_at,
    decision_time,
    desk,
    desk_hash,
    code_version,
    coalesce(state, 'written') as state
from {{ source('lake', 'runs') }}

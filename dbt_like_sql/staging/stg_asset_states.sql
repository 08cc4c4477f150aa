-- generated from the contract of asset_states: change energy_pipeline/contracts, then run `make docs`
-- What each flexible asset and right has and has used: as decided for D, and what was known to have become of the days before.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    asset,
    state_day,
    kind,
    zone,
    asset_kind,
    basis,
    content_start_mwh,
    content_end_mwh,
    capacity_mwh,
    take_mwh,
    calls_used,
    days_used,
    is_on,
    hours_so_far,
    starts_year,
    cycles_day,
    cycles_year,
    throughput_mwh,
    predecessor
from {{ source('lake', 'asset_states') }}

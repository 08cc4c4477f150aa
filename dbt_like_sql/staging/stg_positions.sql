-- generated from the contract of positions: change energy_pipeline/contracts, then run `make docs`
-- The book decided for D per instrument and interval. Bought is positive; a day-ahead sale of generation is negative.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    zone,
    instrument,
    delivery_start,
    resolution_minutes,
    position_mw,
    opening_mw,
    traded_mw,
    expected_output_mw,
    lower_mw,
    upper_mw,
    reference_price_eur_mwh,
    half_spread_eur_mwh,
    is_proxy
from {{ source('lake', 'positions') }}

-- generated from the contract of asset_thresholds: change energy_pipeline/contracts, then run `make docs`
-- Prices between which a sequential asset stands still, by interval and content, and the value of its energy.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    asset,
    zone,
    delivery_start,
    resolution_minutes,
    content_mwh,
    charge_below_eur_mwh,
    discharge_above_eur_mwh,
    energy_value_eur_mwh,
    expected_price_eur_mwh
from {{ source('lake', 'asset_thresholds') }}

{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    asset,
    zone,
    delivery_start,
    resolution_minutes,
    content_mwh,
    charge_below_eur_mwh,
    discharge_above_eur_mwh,
    energy_value_eur_mwh
from {{ ref('stg_asset_thresholds') }}

{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    target_day,
    zone,
    delivery_start,
    resolution_minutes,
    price_eur_mwh,
    forecast_eur_mwh,
    basis,
    contracts
from {{ ref('stg_forward_curve') }}

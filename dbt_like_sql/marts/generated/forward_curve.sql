-- generated from the contract of forward_curve: change energy_pipeline/contracts, then run `make docs`
-- Curve of D and the six days after: the ensemble's shape, moved so that quoted blocks cost their quotes.
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

-- generated from the contract of forecast_contributions: change energy_pipeline/contracts, then run `make docs`
-- Importance of each input of the boosted trees, and its Shapley contribution to each hour's price of D.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    zone,
    model,
    delivery_start,
    resolution_minutes,
    input,
    contribution_eur_mwh,
    importance
from {{ source('lake', 'forecast_contributions') }}

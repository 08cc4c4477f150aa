-- generated from the contract of forecast_contributions: change energy_pipeline/contracts, then run `make docs`
-- Importance of each feature to each member, and its contribution to the member's price of each hour of D.
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    zone,
    model,
    delivery_start,
    resolution_minutes,
    input,
    contribution_eur_mwh,
    importance,
    feature_group
from {{ ref('stg_forecast_contributions') }}

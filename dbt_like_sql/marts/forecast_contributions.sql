{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    zone,
    model,
    delivery_start,
    resolution_minutes,
    input,
    contribution_eur_mwh,
    importance
from {{ ref('stg_forecast_contributions') }}

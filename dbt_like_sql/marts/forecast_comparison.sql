{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    zone,
    price_kind,
    rival,
    days,
    ensemble_mae_eur_mwh,
    rival_mae_eur_mwh,
    p_value
from {{ ref('stg_forecast_comparison') }}

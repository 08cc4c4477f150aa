-- generated from the contract of forecast_comparison: change energy_pipeline/contracts, then run `make docs`
-- Diebold-Mariano test of the ensemble against each rival over the last 91 settled days, Newey-West with 7 lags.
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

{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    zone,
    price_kind,
    model,
    intervals,
    mae_eur_mwh,
    rmse_eur_mwh,
    bias_eur_mwh,
    mae_naive_eur_mwh,
    mae_eur_mwh / nullif(mae_naive_eur_mwh, 0) as mae_relative_to_naive,
    pinball_eur_mwh,
    coverage_80,
    coverage_90
from {{ ref('stg_forecast_scores') }}

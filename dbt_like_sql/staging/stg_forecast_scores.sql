-- Scores of the day's forecasts against what came.
{{ config(materialized='view', schema='staging') }}

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
    pinball_eur_mwh,
    coverage_80,
    coverage_90
from {{ source('lake', 'forecast_scores') }}

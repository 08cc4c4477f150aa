-- generated from the contract of forecast_scores: change energy_pipeline/contracts, then run `make docs`
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
    mae_naive_standard_eur_mwh,
    smape,
    crps_eur_mwh,
    coverage_50,
    winkler_50_eur_mwh,
    coverage_80,
    winkler_80_eur_mwh,
    coverage_90,
    winkler_90_eur_mwh
from {{ source('lake', 'forecast_scores') }}

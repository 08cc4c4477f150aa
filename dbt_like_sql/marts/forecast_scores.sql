{#
columns:
  mae_relative_to_naive: {unit: "1", nullable: true, description: "MAE over that of the weekly naive."}
#}
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
    mae_naive_standard_eur_mwh,
    smape,
    crps_eur_mwh,
    coverage_50,
    winkler_50_eur_mwh,
    coverage_80,
    winkler_80_eur_mwh,
    coverage_90,
    winkler_90_eur_mwh
from {{ ref('stg_forecast_scores') }}

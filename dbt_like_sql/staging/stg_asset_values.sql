-- generated from the contract of asset_values: change energy_pipeline/contracts, then run `make docs`
-- What each flexible asset and right is worth over its horizon, judged on paths its policy was not trained on.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    asset,
    zone,
    kind,
    information,
    horizon_days,
    value_eur,
    standard_error_eur,
    intrinsic_eur,
    foresight_eur,
    earnings_at_risk_eur,
    npv_eur,
    shipped,
    delta_base_mwh,
    delta_peak_mwh,
    gamma_mwh2_eur,
    vega_eur_pct,
    energy_value_delta,
    energy_value_gamma,
    energy_value_vega
from {{ source('lake', 'asset_values') }}

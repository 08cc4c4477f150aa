-- generated from the contract of forecast_diagnostics: change energy_pipeline/contracts, then run `make docs`
-- Whether the past errors of the ensemble and of each member look like noise: tests of their daily means over the weighting days.
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    zone,
    model,
    days,
    ljung_box_p,
    arch_lm_p,
    jarque_bera_p,
    skew,
    kurtosis,
    acf_1d,
    acf_7d,
    acf_1h,
    acf_24h
from {{ ref('stg_forecast_diagnostics') }}

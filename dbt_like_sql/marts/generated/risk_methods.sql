-- generated from the contract of risk_methods: change energy_pipeline/contracts, then run `make docs`
-- VaR and expected shortfall of the decided book on past days' joint errors, by every method and over longer horizons.
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    scope,
    method,
    horizon_days,
    scaling,
    level,
    var_eur,
    es_eur,
    var_error_eur,
    es_error_eur,
    error_days,
    note
from {{ ref('stg_risk_methods') }}

-- generated from the contract of risk_measures: change energy_pipeline/contracts, then run `make docs`
-- VaR and expected shortfall of the decided book over the joint forecast errors: losses against the expected day, positive.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    scope,
    measure,
    method,
    level,
    value_eur,
    standard_error_eur,
    scenarios,
    other_value_eur
from {{ source('lake', 'risk_measures') }}

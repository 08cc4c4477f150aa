-- generated from the contract of factor_exposures: change energy_pipeline/contracts, then run `make docs`
-- What the book's loss against expectation goes with: exposures to named factors, principal components and the desk's own factors.
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    scope,
    factor_kind,
    factor,
    unit,
    exposure_eur,
    exposure_earlier_eur,
    factor_volatility,
    contribution_eur,
    share_of_variance,
    days,
    note
from {{ ref('stg_factor_exposures') }}

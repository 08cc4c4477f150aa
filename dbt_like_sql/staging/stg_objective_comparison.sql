-- generated from the contract of objective_comparison: change energy_pipeline/contracts, then run `make docs`
-- What every objective would decide on the scenarios and limits of the day's book, measured alike with exact fees.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    objective_name,
    expected_pnl_eur,
    volatility_eur,
    var_eur,
    cvar_eur,
    worst_eur,
    es_eur,
    within_es_limit,
    traded_mw,
    relative_gap,
    solver
from {{ source('lake', 'objective_comparison') }}

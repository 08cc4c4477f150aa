-- generated from the contract of scenario_scores: change energy_pipeline/contracts, then run `make docs`
-- How good the day's scenario set was, per series and for all zones together (kind joint).
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    kind,
    name,
    unit,
    "values",
    scenarios,
    energy_score,
    energy_score_independent,
    variogram_score,
    variogram_score_independent,
    rank_mean,
    rank_spread,
    rank_multivariate,
    tail_dependence,
    tail_dependence_history
from {{ source('lake', 'scenario_scores') }}

{#
columns:
  interval_count: {like: scenario_scores.values}
#}
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    kind,
    name,
    unit,
    "values" as interval_count,
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
from {{ ref('stg_scenario_scores') }}

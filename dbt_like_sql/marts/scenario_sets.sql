{#
description: "What each scenario set spans, per series: historical, stressed, and representatives of the day and of the week ahead."
key: [scenario_set, kind, name]
columns:
  scenario_set: {like: scenario_sets.set}
  scenarios: {dtype: i64, unit: "1", description: "Number of paths in the set."}
  lowest_value: {dtype: f32, unit: "see unit", description: "Lowest value."}
  mean_value: {unit: "see unit", description: "Mean over paths and intervals, unweighted."}
  highest_value: {dtype: f32, unit: "see unit", description: "Highest value."}
#}
{{ config(materialized='table', schema='marts') }}

-- One row per set and series: what the set spans. The paths themselves stay in the lake.
select
    delivery_day,
    "set" as scenario_set,
    kind,
    name,
    unit,
    count(distinct scenario) as scenarios,
    max(reduction_error) as reduction_error,
    min(value) as lowest_value,
    avg(value) as mean_value,
    max(value) as highest_value
from {{ ref('stg_scenario_sets') }}
group by delivery_day, "set", kind, name, unit

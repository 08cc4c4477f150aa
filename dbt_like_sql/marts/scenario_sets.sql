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

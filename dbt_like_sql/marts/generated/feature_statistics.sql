-- generated from the contract of feature_statistics: change energy_pipeline/contracts, then run `make docs`
-- Each input of the price models on D: whether it is read, what is missing, and whether the last four weeks look like the days before them that the models learn from (population stability index over the deciles of those days).
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    zone,
    feature,
    feature_group,
    status,
    missing_share,
    missing_history_share,
    day_mean,
    history_mean,
    psi
from {{ ref('stg_feature_statistics') }}

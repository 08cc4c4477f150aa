-- generated from the contract of hedge_programme: change energy_pipeline/contracts, then run `make docs`
-- What the desk's hedge programme holds and trades by zone, block and tenor, and what views may trade beside it.
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    zone,
    block,
    tenor,
    target_mw,
    held_mw,
    programme_mw,
    ratio,
    quote_eur_mwh,
    edge_eur_mwh,
    trust,
    skill_t,
    skill_days,
    view_limit_mw,
    tracking_error_eur,
    effectiveness,
    tail_effectiveness,
    judged_paths,
    view_es_limit_eur,
    note
from {{ ref('stg_hedge_programme') }}

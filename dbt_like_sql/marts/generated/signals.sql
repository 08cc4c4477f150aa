-- generated from the contract of signals: change energy_pipeline/contracts, then run `make docs`
-- What each strategy wants for D; `index_only` rows are studies and never become positions.
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    strategy,
    zone,
    delivery_start,
    resolution_minutes,
    label,
    entry_price,
    exit_price,
    entry_known,
    exit_known,
    signal,
    target_mw,
    expected_edge_eur_mwh,
    reason
from {{ ref('stg_signals') }}

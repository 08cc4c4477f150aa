{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    zone,
    strategy,
    delivery_start,
    resolution_minutes,
    label,
    entry_price,
    exit_price,
    entry_known,
    exit_known,
    signal,
    target_mw,
    expected_edge_eur_mwh
from {{ ref('stg_signals') }}

-- generated from the contract of nomination_lines: change energy_pipeline/contracts, then run `make docs`
-- The bids of D in the market's steps, each with its why; the same lines go out as a numbered CSV.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    zone,
    kind,
    asset,
    delivery_start,
    resolution_minutes,
    side,
    volume_mw,
    limit_price_eur_mwh,
    forecast_eur_mwh,
    binding_limit,
    next_best_action,
    next_best_costs_eur,
    coalesce(left_out_eur_mwh, 0.0) as left_out_eur_mwh
from {{ source('lake', 'nomination_lines') }}

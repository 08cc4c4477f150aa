-- generated from the contract of asset_legs: change energy_pipeline/contracts, then run `make docs`
-- What each flexible asset and right earned: cash by leg, and the change of what its energy and rights left are worth.
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    asset,
    zone,
    kind,
    energy_mwh,
    energy_eur,
    cost_eur,
    certificate_eur,
    capacity_eur,
    penalty_eur,
    cash_eur,
    saved_eur,
    forgone_eur,
    acceptance,
    rejected_eur,
    content_start_mwh,
    content_end_mwh,
    inventory_open_eur,
    inventory_close_eur,
    inventory_eur,
    total_eur
from {{ ref('stg_asset_legs') }}

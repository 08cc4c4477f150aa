-- generated from the contract of plant_results: change energy_pipeline/contracts, then run `make docs`
-- What each plant earned in each settled interval: its output at the day-ahead price and its miss at the second price. The zone's fee, hedges and costs are the book's; what a scheme pays is its right's (asset_legs).
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    plant,
    zone,
    delivery_start,
    resolution_minutes,
    expected_mw,
    output_mw,
    output_mwh,
    is_estimated,
    price_da_eur_mwh,
    price_second_eur_mwh,
    physical_eur,
    deviation_eur,
    pnl_eur
from {{ source('lake', 'plant_results') }}

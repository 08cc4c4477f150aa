-- generated from the contract of price_forecasts: change energy_pipeline/contracts, then run `make docs`
-- Price forecasts made for D at its decision time: ensemble and naive for D and the six days after, members for D.
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    target_day,
    horizon_days,
    zone,
    price_kind,
    model,
    delivery_start,
    resolution_minutes,
    price_eur_mwh,
    q01_eur_mwh,
    q05_eur_mwh,
    q10_eur_mwh,
    q15_eur_mwh,
    q20_eur_mwh,
    q25_eur_mwh,
    q30_eur_mwh,
    q35_eur_mwh,
    q40_eur_mwh,
    q45_eur_mwh,
    q50_eur_mwh,
    q55_eur_mwh,
    q60_eur_mwh,
    q65_eur_mwh,
    q70_eur_mwh,
    q75_eur_mwh,
    q80_eur_mwh,
    q85_eur_mwh,
    q90_eur_mwh,
    q95_eur_mwh,
    q99_eur_mwh,
    fallback,
    artefact
from {{ ref('stg_price_forecasts') }}

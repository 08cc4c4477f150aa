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
    q05_eur_mwh,
    q10_eur_mwh,
    q25_eur_mwh,
    q50_eur_mwh,
    q75_eur_mwh,
    q90_eur_mwh,
    q95_eur_mwh,
    fallback,
    artefact
from {{ ref('stg_price_forecasts') }}

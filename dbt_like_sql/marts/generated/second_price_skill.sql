-- generated from the contract of second_price_skill: change energy_pipeline/contracts, then run `make docs`
-- What past forecasts of the second price were worth on settled days known at the decision: does the desk trade on them?
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    zone,
    price_kind,
    days,
    mae_eur_mwh,
    rmse_eur_mwh,
    mae_no_spread_eur_mwh,
    rmse_no_spread_eur_mwh,
    mae_last_spread_eur_mwh,
    rmse_last_spread_eur_mwh,
    hac_t_no_spread,
    hac_t_last_spread,
    gain,
    verdict,
    reason
from {{ ref('stg_second_price_skill') }}

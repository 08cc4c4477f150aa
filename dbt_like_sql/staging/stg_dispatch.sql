-- generated from the contract of dispatch: change energy_pipeline/contracts, then run `make docs`
-- Committed day-ahead schedule of each flexible asset (information: auction) and of each right that is used: fixed before any price of D is known.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    asset,
    zone,
    delivery_start,
    resolution_minutes,
    charge_mw,
    discharge_mw,
    net_mw,
    state_of_charge_mwh,
    price_forecast_eur_mwh,
    energy_value_eur_mwh,
    coalesce(cost_eur_h, 0.0) as cost_eur_h
from {{ source('lake', 'dispatch') }}

{#
description: "Committed day-ahead schedule of each flexible asset, with its energy revenue on the forecast and, once known, on the auction's prices."
summed: true
columns:
  revenue_forecast_eur: {unit: "EUR", description: "Energy revenue of the interval on the forecast, before cycle costs."}
  price_day_ahead_eur_mwh: {like: day_ahead_prices.price_eur_mwh, nullable: true, description: "The auction's price; null until it is known."}
  revenue_realised_eur: {unit: "EUR", nullable: true, description: "Energy revenue of the interval on the auction's price, before cycle costs; null until it is known."}
#}
{{ config(materialized='table', schema='marts') }}

-- Energy revenue only: the cycle cost is the desk's, not a column of the schedule.
-- The auction's price is taken only where its interval equals the schedule's.
select
    d.delivery_day,
    d.zone,
    d.asset,
    d.delivery_start,
    d.resolution_minutes,
    d.charge_mw,
    d.discharge_mw,
    d.net_mw,
    d.state_of_charge_mwh,
    d.price_forecast_eur_mwh,
    d.energy_value_eur_mwh,
    d.net_mw * d.price_forecast_eur_mwh * d.resolution_minutes / 60.0 as revenue_forecast_eur,
    a.price_eur_mwh as price_day_ahead_eur_mwh,
    d.net_mw * a.price_eur_mwh * d.resolution_minutes / 60.0 as revenue_realised_eur
from {{ ref('stg_dispatch') }} as d
left join {{ ref('stg_day_ahead_prices') }} as a
    on d.delivery_day = a.delivery_day
    and d.zone = a.zone
    and d.delivery_start = a.delivery_start
    and d.resolution_minutes = a.resolution_minutes

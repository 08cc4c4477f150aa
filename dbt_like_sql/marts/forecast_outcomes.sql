{#
description: "Day-ahead price forecasts beside what came: join here, and no other lead, price or length of interval gets in."
key: [zone, horizon_days, model, delivery_start]
columns:
  delivery_day: {description: "The day that was forecast."}
  decision_day: {like: price_forecasts.delivery_day, description: "Delivery day of the decision that published the forecast."}
  forecast_eur_mwh: {like: price_forecasts.price_eur_mwh, description: "The forecast."}
  outcome_eur_mwh: {like: day_ahead_prices.price_eur_mwh, nullable: true, description: "Price of the auction; null until it is known, or where its intervals have another length."}
  error_eur_mwh: {dtype: f64, unit: "EUR/MWh", nullable: true, description: "Forecast less outcome."}
  is_inside_90: {dtype: bool, nullable: true, description: "Whether the outcome is within the 90 % band; null without one of both."}
  pinball_eur_mwh: {dtype: f64, unit: "EUR/MWh", nullable: true, description: "Mean pinball loss over the published quantiles; null for models without them."}
  winkler_90_eur_mwh: {dtype: f64, unit: "EUR/MWh", nullable: true, description: "Interval score of the 90 % band: its width, and 20 per EUR/MWh missed."}
#}
{{ config(materialized='view', schema='marts') }}

{% set levels = [1, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75, 80, 85, 90, 95, 99] %}
with beside as (
    select
        f.*,
        p.price_day_ahead_eur_mwh as outcome_eur_mwh
    from {{ ref('price_forecasts') }} as f
    left join {{ ref('prices') }} as p
        on p.delivery_day = f.target_day
        and p.zone = f.zone
        and p.delivery_start = f.delivery_start
        and p.resolution_minutes = f.resolution_minutes
    where f.price_kind = 'day_ahead'
)

select
    target_day as delivery_day,
    delivery_day as decision_day,
    zone,
    horizon_days,
    model,
    delivery_start,
    resolution_minutes,
    price_eur_mwh as forecast_eur_mwh,
    q05_eur_mwh,
    q25_eur_mwh,
    q50_eur_mwh,
    q75_eur_mwh,
    q95_eur_mwh,
    outcome_eur_mwh,
    price_eur_mwh - outcome_eur_mwh as error_eur_mwh,
    outcome_eur_mwh between q05_eur_mwh and q95_eur_mwh as is_inside_90,
    case
        when q05_eur_mwh is not null then (
            {% for level in levels %}
            greatest(
                {{ level / 100 }} * (outcome_eur_mwh - q{{ '%02d' % level }}_eur_mwh),
                {{ level / 100 - 1 }} * (outcome_eur_mwh - q{{ '%02d' % level }}_eur_mwh)
            ){% if not loop.last %} +{% endif %}

            {% endfor %}
        ) / {{ levels | length }}
    end as pinball_eur_mwh,
    case
        when outcome_eur_mwh is not null then q95_eur_mwh - q05_eur_mwh
            + 20 * greatest(q05_eur_mwh - outcome_eur_mwh, outcome_eur_mwh - q95_eur_mwh, 0)
    end as winkler_90_eur_mwh
from beside

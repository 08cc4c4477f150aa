{#
description: "Errors of day-ahead price forecasts per day, zone, model, lead day and hour; average them by month or hour."
key: [zone, model, horizon_days, hour_utc]
columns:
  delivery_day: {description: "The day that was forecast."}
  month: {dtype: date, description: "First day of the month of the target."}
  hour_utc: {dtype: i32, description: "Hour of the day, UTC."}
  intervals: {dtype: i32, unit: "1", description: "Intervals compared."}
  mae_eur_mwh: {unit: "EUR/MWh", description: "Mean absolute error."}
  bias_eur_mwh: {unit: "EUR/MWh", description: "Mean of forecast less outcome."}
  coverage_90: {unit: "1", nullable: true, description: "Share of outcomes inside the 90 % band; null for models without one."}
  pinball_eur_mwh: {unit: "EUR/MWh", nullable: true, description: "Mean pinball loss over the published quantiles; null for models without them."}
  crps_eur_mwh: {unit: "EUR/MWh", nullable: true, description: "Twice the pinball loss: the continuous ranked probability score, read at the quantiles."}
  winkler_90_eur_mwh: {unit: "EUR/MWh", nullable: true, description: "Interval score of the 90 % band: its width, and 20 per EUR/MWh missed."}
#}
{{ config(materialized='table', schema='marts') }}

{% set levels = [1, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75, 80, 85, 90, 95, 99] %}
-- Each market's own local hour is not known to the lake; the hour is UTC.
with pairs as (
    select
        f.target_day as delivery_day,
        f.zone,
        f.model,
        f.horizon_days,
        date_trunc('month', f.target_day)::date as month,
        extract(hour from f.delivery_start)::integer as hour_utc,
        f.price_eur_mwh - p.price_day_ahead_eur_mwh as error_eur_mwh,
        p.price_day_ahead_eur_mwh between f.q05_eur_mwh and f.q95_eur_mwh as inside_90,
        (
            {% for level in levels %}
            greatest(
                {{ level / 100 }} * (p.price_day_ahead_eur_mwh - f.q{{ '%02d' % level }}_eur_mwh),
                {{ level / 100 - 1 }} * (p.price_day_ahead_eur_mwh - f.q{{ '%02d' % level }}_eur_mwh)
            ){% if not loop.last %} +{% endif %}

            {% endfor %}
        ) / {{ levels | length }} as pinball_eur_mwh,
        f.q95_eur_mwh - f.q05_eur_mwh
        + 20 * greatest(f.q05_eur_mwh - p.price_day_ahead_eur_mwh, p.price_day_ahead_eur_mwh - f.q95_eur_mwh, 0) as winkler_90_eur_mwh
    from {{ ref('stg_price_forecasts') }} as f
    inner join {{ ref('prices') }} as p
        on p.zone = f.zone and p.delivery_start = f.delivery_start
    where f.price_kind = 'day_ahead' and p.price_day_ahead_eur_mwh is not null
)

select
    delivery_day,
    zone,
    model,
    horizon_days,
    month,
    hour_utc,
    count(error_eur_mwh)::integer as intervals,
    avg(abs(error_eur_mwh)) as mae_eur_mwh,
    avg(error_eur_mwh) as bias_eur_mwh,
    avg(inside_90::integer) as coverage_90,
    avg(case when inside_90 is not null then pinball_eur_mwh end) as pinball_eur_mwh,
    2 * avg(case when inside_90 is not null then pinball_eur_mwh end) as crps_eur_mwh,
    avg(case when inside_90 is not null then winkler_90_eur_mwh end) as winkler_90_eur_mwh
from pairs
group by all
order by all

{#
description: "Errors of day-ahead price forecasts per day, zone, model, lead day and hour; average them by month or hour."
key: [zone, model, horizon_days, hour_utc]
columns:
  month: {dtype: date, description: "First day of the month of the target."}
  hour_utc: {dtype: i32, unit: "", description: "Hour of the day, UTC; by local hour: forecast_outcomes with dim_calendar."}
  intervals: {dtype: i64, unit: "1", description: "Intervals compared."}
  mae_eur_mwh: {unit: "EUR/MWh", description: "Mean absolute error."}
  bias_eur_mwh: {unit: "EUR/MWh", description: "Mean of forecast less outcome."}
  coverage_90: {unit: "1", nullable: true, description: "Share of outcomes inside the 90 % band; null for models without one."}
  crps_eur_mwh: {unit: "EUR/MWh", nullable: true, description: "Twice the pinball loss: the continuous ranked probability score, read at the quantiles."}
#}
{{ config(materialized='view', schema='marts') }}

select
    delivery_day,
    zone,
    model,
    horizon_days,
    date_trunc('month', delivery_day)::date as month,
    extract(hour from delivery_start)::integer as hour_utc,
    count(error_eur_mwh) as intervals,
    avg(abs(error_eur_mwh)) as mae_eur_mwh,
    avg(error_eur_mwh) as bias_eur_mwh,
    avg(is_inside_90::integer) as coverage_90,
    avg(pinball_eur_mwh) as pinball_eur_mwh,
    2 * avg(pinball_eur_mwh) as crps_eur_mwh,
    avg(winkler_90_eur_mwh) as winkler_90_eur_mwh
from {{ ref('forecast_outcomes') }}
where outcome_eur_mwh is not null
group by all

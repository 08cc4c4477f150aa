{#
summed: true
columns:
  position_mwh: {unit: "MWh", description: "Net bought energy of the interval."}
  traded_mwh: {unit: "MWh", description: "Energy of the interval the decision adds."}
#}
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    zone,
    instrument,
    delivery_start,
    resolution_minutes,
    position_mw,
    opening_mw,
    traded_mw,
    position_mw * resolution_minutes / 60.0 as position_mwh,
    traded_mw * resolution_minutes / 60.0 as traded_mwh,
    expected_output_mw,
    lower_mw,
    upper_mw,
    reference_price_eur_mwh,
    half_spread_eur_mwh,
    is_proxy
from {{ ref('stg_positions') }}

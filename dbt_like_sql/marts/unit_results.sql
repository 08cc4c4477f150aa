{#
description: "What each plant and each asset earned on each settled day. A plant that a renewable right covers stands here as the plant, with its right as an asset beside it."
key: [unit_kind, unit]
columns:
  unit_kind: {dtype: str, allowed: [plant, asset], description: "Whether the unit is in dim_plant or in dim_asset."}
  unit: {dtype: str, description: "Plant or asset."}
  energy_mwh: {dtype: f64, unit: "MWh", description: "Generated or discharged, less what was taken; at the meter."}
  pnl_eur: {dtype: f64, unit: "EUR", description: "Plant: output and deviation at market prices (plant_results). Asset: cash of all legs and what its store or right gained (asset_legs)."}
#}
{{ config(materialized='view', schema='marts') }}

select
    delivery_day,
    'plant' as unit_kind,
    plant as unit,
    zone,
    sum(output_mwh order by delivery_start) as energy_mwh,
    sum(pnl_eur order by delivery_start) as pnl_eur
from {{ ref('plant_results') }}
group by delivery_day, plant, zone
union all
select
    delivery_day,
    'asset' as unit_kind,
    asset as unit,
    zone,
    energy_mwh,
    total_eur as pnl_eur
from {{ ref('asset_legs') }}

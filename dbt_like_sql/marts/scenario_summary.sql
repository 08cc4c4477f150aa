{#
columns:
  zone: {nullable: true, description: "Bidding zone; for a plant, the zone it feeds into; null for the portfolio."}
#}
{{ config(materialized='table', schema='marts') }}

with plants as (
    select distinct delivery_day, plant, zone
    from {{ ref('stg_plant_output') }}
)

select
    s.delivery_day,
    case s.kind when 'plant_output' then p.zone when 'portfolio_output' then null else s.name end as zone,
    s.kind,
    s.name,
    s.delivery_start,
    s.resolution_minutes,
    s.unit,
    s.mean,
    s.standard_deviation,
    s.q05,
    s.q50,
    s.q95,
    s.scenarios
from {{ ref('stg_scenario_summary') }} as s
left join plants as p
    on s.delivery_day = p.delivery_day and s.kind = 'plant_output' and s.name = p.plant

{#
columns:
  share_of_foresight: {unit: "1", nullable: true, description: "value_eur over foresight_eur; null on a flat day."}
#}
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    zone,
    model,
    value_eur,
    foresight_eur,
    value_eur / nullif(foresight_eur, 0) as share_of_foresight,
    losing
from {{ ref('stg_forecast_value') }}

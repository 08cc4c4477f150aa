{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    measure,
    level,
    component_kind,
    component,
    contribution_eur,
    share_of_total
from {{ ref('stg_risk_contributions') }}

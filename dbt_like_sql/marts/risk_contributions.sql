{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    measure,
    level,
    component_kind,
    component,
    contribution_eur,
    share_of_total,
    incremental_eur,
    marginal_eur_mw
from {{ ref('stg_risk_contributions') }}

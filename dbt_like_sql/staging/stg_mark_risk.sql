-- generated from the contract of mark_risk: change energy_pipeline/contracts, then run `make docs`
-- Mark VaR(h): what the value of every open MWh may lose over h days against expectation. Not delivery VaR, and never added to it.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    horizon_days,
    scope,
    measure,
    level,
    value_eur,
    dates,
    note
from {{ source('lake', 'mark_risk') }}

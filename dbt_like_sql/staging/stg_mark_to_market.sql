-- generated from the contract of mark_to_market: change energy_pipeline/contracts, then run `make docs`
-- Every open MWh on the decision's curve: each deal by day inside the published week, later by the periods it is cut into.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    deal,
    zone,
    block,
    target_day,
    energy_mwh,
    entry_price_eur_mwh,
    curve_price_eur_mwh,
    value_eur,
    basis,
    is_proxy,
    last_day,
    coalesce(tenor, 'day') as tenor,
    coalesce(counterparty, '') as counterparty,
    coalesce(mark_level, 'model') as mark_level,
    error_eur
from {{ source('lake', 'mark_to_market') }}

-- generated from the contract of book_explain: change energy_pipeline/contracts, then run `make docs`
-- Why the whole book changed in value since the decision before, with the cash of the day between: by deal, tenor and leg.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    deal,
    zone,
    block,
    counterparty,
    tenor,
    leg,
    value_eur,
    note
from {{ source('lake', 'book_explain') }}

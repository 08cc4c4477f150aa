-- generated from the contract of information_set: change energy_pipeline/contracts, then run `make docs`
-- What decide(D) was allowed to read: the instant, and a content hash per series and month. A record, not a copy.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    raw_table,
    series,
    month,
    rows,
    content_hash,
    last_known_at,
    decision_time,
    status
from {{ source('lake', 'information_set') }}

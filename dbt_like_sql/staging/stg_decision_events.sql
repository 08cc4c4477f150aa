-- generated from the contract of decision_events: change energy_pipeline/contracts, then run `make docs`
-- What people did with the day's decision: approved, sent, acknowledged, overridden, opened again; by whom and when.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    event_number,
    event,
    event_at,
    person,
    decision_hash,
    nomination,
    reason,
    note
from {{ source('lake', 'decision_events') }}

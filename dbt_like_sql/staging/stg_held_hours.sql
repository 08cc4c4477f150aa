-- generated from the contract of held_hours: change energy_pipeline/contracts, then run `make docs`
-- Values of other raw tables that cannot be, or that the desk's operator changed: held back, released, replaced.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    raw_table,
    series,
    value_column,
    zone,
    delivery_start,
    resolution_minutes,
    "check",
    found_value,
    used_value,
    status,
    detail,
    known_at,
    source
from {{ source('lake', 'held_hours') }}
-- Every vintage is kept in the lake; a reader wants the latest one.
qualify row_number() over (partition by raw_table, series, value_column, delivery_start order by known_at desc) = 1

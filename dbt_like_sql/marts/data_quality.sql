{#
key: [raw_table, series, check_name]
columns:
  zone: {dtype: str, nullable: true, description: "Bidding zone of the series; null where the series has none."}
  check_name: {like: data_quality.check}
#}
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    nullif(regexp_extract(series, 'zone=([^,;/ ]+)', 1), '') as zone,
    raw_table,
    series,
    "check" as check_name,
    status,
    expected_count,
    found_count,
    missing_count,
    null_count,
    outage_zero_count,
    detail
from {{ ref('stg_data_quality') }}

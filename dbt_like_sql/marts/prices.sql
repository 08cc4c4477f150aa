{#
description: "Day-ahead price of each zone and interval with the second prices beside it; the latest vintage of each."
key: [zone, delivery_start]
summed: true
columns:
  price_day_ahead_eur_mwh: {like: day_ahead_prices.price_eur_mwh, description: "Clearing price of the day-ahead auction."}
  price_intraday_eur_mwh: {like: second_prices.price_eur_mwh, description: "Intraday price, time-weighted mean over the interval; null where there is none or it does not cover the interval."}
  price_imbalance_eur_mwh: {like: second_prices.price_eur_mwh, description: "Imbalance price, time-weighted mean over the interval; null where there is none or it does not cover the interval."}
  known_at_day_ahead: {like: day_ahead_prices.known_at, description: "When the day-ahead price could first be known, UTC."}
  known_at_intraday: {like: second_prices.known_at, nullable: true, description: "When the last of the intraday prices could first be known, UTC; null where there is none."}
  known_at_imbalance: {like: second_prices.known_at, nullable: true, description: "When the last of the imbalance prices could first be known, UTC; null where there is none."}
  source: {description: "Where the day-ahead price came from."}
#}
{{ config(materialized='table', schema='marts') }}

-- The second price may have finer or coarser intervals than the auction: it is brought to
-- the auction's by the time-weighted mean, and only where it covers the whole interval.
with overlap as (
    select
        a.zone,
        a.delivery_start,
        a.resolution_minutes,
        s.price_kind,
        s.price_eur_mwh,
        s.known_at,
        date_diff(
            'minute',
            greatest(a.delivery_start, s.delivery_start),
            least(
                a.delivery_start + to_minutes(a.resolution_minutes),
                s.delivery_start + to_minutes(s.resolution_minutes)
            )
        ) as shared_minutes
    from {{ ref('stg_day_ahead_prices') }} as a
    inner join {{ ref('stg_second_prices') }} as s
        on a.delivery_day = s.delivery_day
        and a.zone = s.zone
        and s.delivery_start < a.delivery_start + to_minutes(a.resolution_minutes)
        and a.delivery_start < s.delivery_start + to_minutes(s.resolution_minutes)
    where s.price_eur_mwh is not null
),

second as (
    select
        zone,
        delivery_start,
        price_kind,
        case
            when sum(shared_minutes) = max(resolution_minutes)
                then sum(price_eur_mwh * shared_minutes) / sum(shared_minutes)
        end as price_eur_mwh,
        max(known_at) as known_at
    from overlap
    group by zone, delivery_start, price_kind
)

select
    a.delivery_day,
    a.zone,
    a.delivery_start,
    a.resolution_minutes,
    a.price_eur_mwh as price_day_ahead_eur_mwh,
    i.price_eur_mwh as price_intraday_eur_mwh,
    b.price_eur_mwh as price_imbalance_eur_mwh,
    a.known_at as known_at_day_ahead,
    i.known_at as known_at_intraday,
    b.known_at as known_at_imbalance,
    a.source
from {{ ref('stg_day_ahead_prices') }} as a
left join second as i
    on a.zone = i.zone and a.delivery_start = i.delivery_start and i.price_kind = 'intraday'
left join second as b
    on a.zone = b.zone and a.delivery_start = b.delivery_start and b.price_kind = 'imbalance'

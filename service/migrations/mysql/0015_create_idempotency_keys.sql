-- What a request with an Idempotency-Key has made, for a day. `name` is the SHA-256 of the caller and the key, `fingerprint` a keyed
-- hash of what was asked for. `user_id` is null only inside the transaction that adds the user; the row outlives the user, so that a
-- request that is sent again adds none. `made_at` is in milliseconds since 1970.
create table if not exists idempotency_keys (
    name binary(32) not null,
    fingerprint binary(32) not null,
    user_id int default null,
    made_at bigint not null,
    primary key (name),
    key idx_made_at (made_at)
) engine = InnoDB default character set = utf8mb4 collate = utf8mb4_general_ci;

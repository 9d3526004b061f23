-- What a request with an Idempotency-Key has made, for a day. `name` is the SHA-256 of the caller and the key, `fingerprint` a keyed
-- hash of what was asked for. `user_id` is null only inside the transaction that adds the user; the row outlives the user, so that a
-- request that is sent again adds none. `made_at` is in milliseconds since 1970.
create table idempotency_keys (
    name blob not null primary key,
    fingerprint blob not null,
    user_id integer,
    made_at integer not null
) strict, without rowid;
create index idx_idempotency_keys_made_at on idempotency_keys (made_at);

-- One live token for each user and purpose, kept as its SHA-256. `expires_at` is in milliseconds since 1970.
create table one_time_tokens (
    user_id integer not null references users (user_id) on delete cascade,
    purpose text not null,
    token_hash blob not null,
    expires_at integer not null,
    primary key (user_id, purpose),
    constraint idx_token_hash unique (token_hash)
) strict, without rowid;
create index idx_one_time_tokens_expires_at on one_time_tokens (expires_at);

-- A row for each sign-in. A refresh token is computed from the id, the generation, the secret and a key that is not in the
-- database: nothing here can be presented. Times are milliseconds since 1970.
create table sessions (
    session_id blob not null primary key,
    user_id integer not null references users (user_id) on delete cascade,
    secret blob not null,
    generation integer not null,
    signed_in_at integer not null,
    refreshed_at integer not null,
    expires_at integer not null,
    absolute_expiry integer not null,
    ended_at integer,
    ip_address text not null,
    user_agent text not null
) strict, without rowid;
create index idx_sessions_user_id on sessions (user_id);
create index idx_sessions_expires_at on sessions (expires_at);

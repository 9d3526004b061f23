-- From where an account was signed in to, as a keyed hash of the address, and when last: milliseconds since 1970.
create table known_addresses (
    user_id integer not null references users (user_id) on delete cascade,
    address blob not null,
    last_seen_at integer not null,
    primary key (user_id, address)
) strict, without rowid;
create index idx_known_addresses_last_seen_at on known_addresses (last_seen_at);

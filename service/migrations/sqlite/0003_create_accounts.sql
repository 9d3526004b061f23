-- What a user has beyond the contract of `users`: a state and a password. No row means active and without a password.
-- Times are milliseconds since 1970.
create table accounts (
    user_id integer not null primary key references users (user_id) on delete cascade,
    status text not null default 'active',
    password_hash text,
    password_changed_at integer,
    last_signed_in_at integer
) strict;

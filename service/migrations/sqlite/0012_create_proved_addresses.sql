-- The address that a user has proved to have, and when: milliseconds since 1970. It says nothing of another one: whoever has
-- changed the address has not proved it.
create table proved_addresses (
    user_id integer not null primary key references users (user_id) on delete cascade,
    email text not null,
    proved_at integer not null
) strict;

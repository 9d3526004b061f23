-- The address of a user to which no mail goes any more, why (bounce or complaint), and since when: milliseconds since 1970. It says
-- nothing of another one.
create table undeliverable_addresses (
    user_id integer not null primary key references users (user_id) on delete cascade,
    email text not null,
    reason text not null,
    marked_at integer not null
) strict;

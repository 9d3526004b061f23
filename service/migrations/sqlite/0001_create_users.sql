-- `nocase` makes the keys ignore the case of ASCII letters; `autoincrement` never gives an id twice. Of two keys that
-- refuse a row SQLite names the one made last: the username, as on MySQL.
create table users (
    user_id integer primary key autoincrement,
    username text not null collate nocase,
    email text not null collate nocase,
    full_name text,
    created_at text not null default current_timestamp,
    constraint idx_email unique (email),
    constraint idx_username unique (username)
) strict;

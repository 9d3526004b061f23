-- `nocase` makes the keys ignore the case of ASCII letters; `autoincrement` never gives an id twice.
create table users (
    user_id integer primary key autoincrement,
    username text not null collate nocase constraint idx_username unique,
    email text not null collate nocase constraint idx_email unique,
    full_name text,
    created_at text not null default current_timestamp
) strict;

-- The permissions of a role are words with blanks between them, in order. Those of `admin` are every permission there is.
create table roles (
    role text not null primary key,
    description text not null,
    permissions text not null
) strict, without rowid;

-- A bucket of GCRA (ITU-T I.371) for each limit and subject, by a keyed hash of both. `tat`, the theoretical arrival time, is
-- in milliseconds since 1970.
create table rate_limits (
    bucket blob not null primary key,
    tat integer not null,
    ahead integer not null
) strict, without rowid;

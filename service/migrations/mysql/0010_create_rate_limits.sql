-- A bucket of GCRA (ITU-T I.371) for each limit and subject, by a keyed hash of both. `tat`, the theoretical arrival time, is
-- in milliseconds since 1970. No column may be AUTO_INCREMENT: the answer comes by last_insert_id(expression).
create table if not exists rate_limits (
    bucket binary(16) not null,
    tat bigint unsigned not null,
    primary key (bucket)
) engine = InnoDB default character set = utf8mb4 collate = utf8mb4_general_ci;

-- A row for each sign-in. A refresh token is computed from the id, the generation, the secret and a key that is not in the
-- database: nothing here can be presented. Times are milliseconds since 1970.
create table if not exists sessions (
    session_id binary(16) not null,
    user_id int not null,
    secret binary(32) not null,
    generation int not null,
    signed_in_at bigint not null,
    refreshed_at bigint not null,
    expires_at bigint not null,
    absolute_expiry bigint not null,
    ended_at bigint default null,
    ip_address varchar(45) not null,
    user_agent varchar(255) not null,
    primary key (session_id),
    key idx_user_id (user_id),
    key idx_expires_at (expires_at),
    foreign key (user_id) references users (user_id) on delete cascade
) engine = InnoDB default character set = utf8mb4 collate = utf8mb4_general_ci;

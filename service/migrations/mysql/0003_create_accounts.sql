-- What a user has beyond the contract of `users`: a state and a password. No row means active and without a password.
-- Times are milliseconds since 1970. A hash is compared by the service, never by the collation.
create table if not exists accounts (
    user_id int not null,
    status varchar(10) not null default 'active',
    password_hash varchar(512) default null,
    password_changed_at bigint default null,
    last_signed_in_at bigint default null,
    primary key (user_id),
    foreign key (user_id) references users (user_id) on delete cascade
) engine = InnoDB default character set = utf8mb4 collate = utf8mb4_general_ci;

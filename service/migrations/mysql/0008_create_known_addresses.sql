-- From where an account was signed in to, as a keyed hash of the address, and when last: milliseconds since 1970.
create table if not exists known_addresses (
    user_id int not null,
    address binary(16) not null,
    last_seen_at bigint not null,
    primary key (user_id, address),
    key idx_last_seen_at (last_seen_at),
    foreign key (user_id) references users (user_id) on delete cascade
) engine = InnoDB default character set = utf8mb4 collate = utf8mb4_general_ci;

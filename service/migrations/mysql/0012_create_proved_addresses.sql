-- The address that a user has proved to have, and when: milliseconds since 1970. It says nothing of another one: whoever has
-- changed the address has not proved it.
create table if not exists proved_addresses (
    user_id int not null,
    email varchar(100) not null,
    proved_at bigint not null,
    primary key (user_id),
    foreign key (user_id) references users (user_id) on delete cascade
) engine = InnoDB default character set = utf8mb4 collate = utf8mb4_general_ci;

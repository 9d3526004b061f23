-- The address of a user to which no mail goes any more, why (bounce or complaint), and since when: milliseconds since 1970. It says
-- nothing of another one.
create table if not exists undeliverable_addresses (
    user_id int not null,
    email varchar(100) not null,
    reason varchar(20) not null,
    marked_at bigint not null,
    primary key (user_id),
    foreign key (user_id) references users (user_id) on delete cascade
) engine = InnoDB default character set = utf8mb4 collate = utf8mb4_general_ci;

-- One live token for each user and purpose, kept as its SHA-256. `expires_at` is in milliseconds since 1970.
create table if not exists one_time_tokens (
    user_id int not null,
    purpose varchar(20) not null,
    token_hash binary(32) not null,
    expires_at bigint not null,
    primary key (user_id, purpose),
    unique key idx_token_hash (token_hash),
    key idx_expires_at (expires_at),
    foreign key (user_id) references users (user_id) on delete cascade
) engine = InnoDB default character set = utf8mb4 collate = utf8mb4_general_ci;

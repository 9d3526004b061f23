-- The schema that `users-service migrate` makes, to be read in one piece. Made by hand from service/migrations/mysql and
-- checked by a test (service/tests/it/database/schema_file.rs): after a new migration, change it here too.

create table users (
    user_id int not null auto_increment,
    username varchar(50) not null,
    email varchar(100) not null,
    full_name varchar(100) default null,
    created_at timestamp not null default current_timestamp,
    primary key (user_id),
    -- Unique ignoring the case of ASCII letters, as the collation has it.
    unique key idx_username (username),
    unique key idx_email (email),
    -- Narrow, for counting users and finding a far page.
    key idx_user_id (user_id)
) engine = InnoDB default character set = utf8mb4 collate = utf8mb4_general_ci;

-- Which migrations have been applied. The name is the service's own: the schema may be shared.
create table users_service_migrations (
    number int unsigned not null,
    name varchar(100) not null,
    finished boolean not null,
    changed_at timestamp not null default current_timestamp on update current_timestamp,
    primary key (number)
) engine = InnoDB default character set = utf8mb4 collate = utf8mb4_general_ci;

-- The collation makes the keys ignore the case of ASCII letters, on MySQL and on MariaDB alike.
create table if not exists users (
    user_id int not null auto_increment,
    username varchar(50) not null,
    email varchar(100) not null,
    full_name varchar(100) default null,
    created_at timestamp not null default current_timestamp,
    primary key (user_id),
    unique key idx_username (username),
    unique key idx_email (email)
) engine = InnoDB default character set = utf8mb4 collate = utf8mb4_general_ci;

create table if not exists user_roles (
    user_id int not null,
    role varchar(50) not null,
    primary key (user_id, role),
    key idx_role (role),
    foreign key (user_id) references users (user_id) on delete cascade,
    foreign key (role) references roles (role)
) engine = InnoDB default character set = utf8mb4 collate = utf8mb4_general_ci;

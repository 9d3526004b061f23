-- The permissions of a role are words with blanks between them, in order. Those of `admin` are every permission there is.
create table if not exists roles (
    role varchar(50) not null,
    description varchar(500) not null,
    permissions text not null,
    primary key (role)
) engine = InnoDB default character set = utf8mb4 collate = utf8mb4_general_ci;

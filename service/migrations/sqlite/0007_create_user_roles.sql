create table user_roles (
    user_id integer not null references users (user_id) on delete cascade,
    role text not null references roles (role),
    primary key (user_id, role)
) strict, without rowid;
create index idx_user_roles_role on user_roles (role);

-- Mails that are still to be sent, written in the transaction of what they tell of. A notice is sent even if the user is gone. A
-- link without a user is not: it was asked for in the name of nobody, or the user is gone. `lease` is that of the process that
-- sends it until `next_attempt_at`. Times are milliseconds since 1970.
create table if not exists mails (
    mail_id binary(16) not null,
    user_id int default null,
    kind varchar(20) not null,
    language char(2) not null,
    recipient varchar(100) not null,
    created_at bigint not null,
    attempts int not null default 0,
    next_attempt_at bigint not null,
    lease binary(16) default null,
    primary key (mail_id),
    key idx_next_attempt_at (next_attempt_at),
    key idx_user_id (user_id),
    foreign key (user_id) references users (user_id) on delete set null
) engine = InnoDB default character set = utf8mb4 collate = utf8mb4_general_ci;

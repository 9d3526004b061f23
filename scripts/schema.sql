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
    key idx_user_id (user_id),
    -- For lists by time, and for users of a span of time.
    key idx_created_at (created_at, user_id),
    -- For users whose full name begins with something.
    key idx_full_name (full_name)
) engine = InnoDB default character set = utf8mb4 collate = utf8mb4_general_ci;

-- What a user has beyond the contract of `users`: a state and a password. No row means active and without a password.
-- Times are milliseconds since 1970. A hash is compared by the service, never by the collation.
create table accounts (
    user_id int not null,
    status varchar(10) not null default 'active',
    password_hash varchar(512) default null,
    password_changed_at bigint default null,
    last_signed_in_at bigint default null,
    primary key (user_id),
    key idx_status (status, user_id),
    foreign key (user_id) references users (user_id) on delete cascade
) engine = InnoDB default character set = utf8mb4 collate = utf8mb4_general_ci;

-- A row for each sign-in. A refresh token is computed from the id, the generation, the secret and a key that is not in the
-- database: nothing here can be presented. Times are milliseconds since 1970.
create table sessions (
    session_id binary(16) not null,
    user_id int not null,
    secret binary(32) not null,
    generation int not null,
    signed_in_at bigint not null,
    refreshed_at bigint not null,
    expires_at bigint not null,
    absolute_expiry bigint not null,
    ended_at bigint default null,
    ip_address varchar(45) not null,
    user_agent varchar(255) not null,
    primary key (session_id),
    key idx_user_id (user_id),
    key idx_expires_at (expires_at),
    foreign key (user_id) references users (user_id) on delete cascade
) engine = InnoDB default character set = utf8mb4 collate = utf8mb4_general_ci;

-- The permissions of a role are words with blanks between them, in order. Those of `admin` are every permission there is.
create table roles (
    role varchar(50) not null,
    description varchar(500) not null,
    permissions text not null,
    primary key (role)
) engine = InnoDB default character set = utf8mb4 collate = utf8mb4_general_ci;

-- Its permissions are not listed: it holds every permission there is.
insert ignore into roles (role, description, permissions) values ('admin', 'Administrators: every permission', '');

create table user_roles (
    user_id int not null,
    role varchar(50) not null,
    primary key (user_id, role),
    key idx_role (role),
    foreign key (user_id) references users (user_id) on delete cascade,
    foreign key (role) references roles (role)
) engine = InnoDB default character set = utf8mb4 collate = utf8mb4_general_ci;

-- From where an account was signed in to, as a keyed hash of the address, and when last: milliseconds since 1970.
create table known_addresses (
    user_id int not null,
    address binary(16) not null,
    last_seen_at bigint not null,
    primary key (user_id, address),
    key idx_last_seen_at (last_seen_at),
    foreign key (user_id) references users (user_id) on delete cascade
) engine = InnoDB default character set = utf8mb4 collate = utf8mb4_general_ci;

-- One live token for each user and purpose, kept as its SHA-256. `expires_at` is in milliseconds since 1970.
create table one_time_tokens (
    user_id int not null,
    purpose varchar(20) not null,
    token_hash binary(32) not null,
    expires_at bigint not null,
    -- The address that a token is sent to, and the random bits that it is computed from; null for one that a command prints.
    email varchar(100) default null,
    bits binary(32) default null,
    primary key (user_id, purpose),
    unique key idx_token_hash (token_hash),
    key idx_expires_at (expires_at),
    foreign key (user_id) references users (user_id) on delete cascade
) engine = InnoDB default character set = utf8mb4 collate = utf8mb4_general_ci;

-- A bucket of GCRA (ITU-T I.371) for each limit and subject, by a keyed hash of both. `tat`, the theoretical arrival time, is
-- in milliseconds since 1970. No column may be AUTO_INCREMENT: the answer comes by last_insert_id(expression).
create table rate_limits (
    bucket binary(16) not null,
    tat bigint unsigned not null,
    primary key (bucket)
) engine = InnoDB default character set = utf8mb4 collate = utf8mb4_general_ci;

-- The address that a user has proved to have, and when: milliseconds since 1970. It says nothing of another one: whoever has
-- changed the address has not proved it.
create table proved_addresses (
    user_id int not null,
    email varchar(100) not null,
    proved_at bigint not null,
    primary key (user_id),
    foreign key (user_id) references users (user_id) on delete cascade
) engine = InnoDB default character set = utf8mb4 collate = utf8mb4_general_ci;

-- Mails that are still to be sent, written in the transaction of what they tell of. A notice is sent even if the user is gone. A
-- link without a user is not: it was asked for in the name of nobody, or the user is gone. `lease` is that of the process that
-- sends it until `next_attempt_at`, and `due_at` when it was due. Times are milliseconds since 1970.
create table mails (
    mail_id binary(16) not null,
    user_id int default null,
    kind varchar(20) not null,
    language char(2) not null,
    recipient varchar(100) not null,
    created_at bigint not null,
    attempts int not null default 0,
    next_attempt_at bigint not null,
    lease binary(16) default null,
    asked tinyint not null default 0,
    due_at bigint not null default 0,
    primary key (mail_id),
    key idx_next_attempt_at (next_attempt_at),
    key idx_user_id (user_id),
    key idx_asked_next_attempt_at (asked, next_attempt_at),
    foreign key (user_id) references users (user_id) on delete set null
) engine = InnoDB default character set = utf8mb4 collate = utf8mb4_general_ci;

-- Addresses to which no mail goes any more: the SHA-256 of each, in the spelling that the service stores and with ASCII letters in lower
-- case, why (bounce or complaint), and since when: milliseconds since 1970.
create table undeliverable_address_hashes (
    address_hash binary(32) not null,
    reason varchar(20) not null,
    marked_at bigint not null,
    primary key (address_hash)
) engine = InnoDB default character set = utf8mb4 collate = utf8mb4_general_ci;

-- Such addresses as releases before this one know them.
create table undeliverable_addresses (
    user_id int not null,
    email varchar(100) not null,
    reason varchar(20) not null,
    marked_at bigint not null,
    primary key (user_id),
    foreign key (user_id) references users (user_id) on delete cascade
) engine = InnoDB default character set = utf8mb4 collate = utf8mb4_general_ci;

-- What a request with an Idempotency-Key has made, for a day. `name` is the SHA-256 of the caller and the key, `fingerprint` a keyed
-- hash of what was asked for. `user_id` is null only inside the transaction that adds the user; the row outlives the user, so that a
-- request that is sent again adds none. `made_at` is in milliseconds since 1970.
create table idempotency_keys (
    name binary(32) not null,
    fingerprint binary(32) not null,
    user_id int default null,
    made_at bigint not null,
    primary key (name),
    key idx_made_at (made_at)
) engine = InnoDB default character set = utf8mb4 collate = utf8mb4_general_ci;

-- Which migrations have been applied. The name is the service's own: the schema may be shared.
create table users_service_migrations (
    number int unsigned not null,
    name varchar(100) not null,
    finished boolean not null,
    changed_at timestamp not null default current_timestamp on update current_timestamp,
    primary key (number)
) engine = InnoDB default character set = utf8mb4 collate = utf8mb4_general_ci;

-- Mails that are still to be sent, written in the transaction of what they tell of. A notice is sent even if the user is gone. A
-- link without a user is not: it was asked for in the name of nobody, or the user is gone. `lease` is that of the process that
-- sends it until `next_attempt_at`. Times are milliseconds since 1970.
create table mails (
    mail_id blob not null primary key,
    user_id integer references users (user_id) on delete set null,
    kind text not null,
    language text not null,
    recipient text not null,
    created_at integer not null,
    attempts integer not null default 0,
    next_attempt_at integer not null,
    lease blob
) strict, without rowid;
create index idx_mails_next_attempt_at on mails (next_attempt_at);
create index idx_mails_user_id on mails (user_id);

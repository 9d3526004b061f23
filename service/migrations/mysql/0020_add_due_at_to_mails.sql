-- When a mail was due that is leased: `next_attempt_at` is then the end of the lease. One that is given back keeps its place.
alter table mails add column due_at bigint not null default 0;

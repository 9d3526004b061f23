-- Whether a mail was asked for and it is still to be found out by whom: such rows wait in a queue of their own, so that many of them
-- hold up no others.
alter table mails add column asked integer not null default 0;
create index idx_mails_asked_next_attempt_at on mails (asked, next_attempt_at);

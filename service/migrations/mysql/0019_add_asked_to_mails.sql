-- Whether a mail was asked for and it is still to be found out by whom: such rows wait in a queue of their own, so that many of them
-- hold up no others.
alter table mails add column asked tinyint not null default 0, add key idx_asked_next_attempt_at (asked, next_attempt_at);

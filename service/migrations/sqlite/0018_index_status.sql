-- The users of a state, in the order of their ids.
create index idx_accounts_status on accounts (status, user_id);

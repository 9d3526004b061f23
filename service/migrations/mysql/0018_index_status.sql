-- The users of a state, in the order of their ids. Added online, while the table is in use.
alter table accounts add key idx_status (status, user_id), algorithm = inplace, lock = none;

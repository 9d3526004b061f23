-- Lists by the time of creation, and the users of a span of time. The id makes the order total. Added online, while the table is in use.
alter table users add key idx_created_at (created_at, user_id), algorithm = inplace, lock = none;

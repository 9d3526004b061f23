-- Counting users and finding a far page read this narrow key, in the order of the primary key, and not the whole rows
-- that the primary key holds. Added online, while the table is in use.
alter table users add key idx_user_id (user_id), algorithm = inplace, lock = none;

-- Counting users and finding a far page read this narrow index and not whole rows.
create index idx_user_id on users (user_id);

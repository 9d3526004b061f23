-- Full names by their beginning, as names and addresses are found by their unique keys. Added online, while the table is in use.
alter table users add key idx_full_name (full_name), algorithm = inplace, lock = none;

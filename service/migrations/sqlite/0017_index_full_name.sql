-- Full names by their beginning, ignoring the case of ASCII letters, as names and addresses are found by their unique keys.
create index idx_full_name on users (full_name collate nocase);

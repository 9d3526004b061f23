-- The address that a token is sent to, and the random bits that it is computed from; null for one that a command prints.
alter table one_time_tokens add column email text;
alter table one_time_tokens add column bits blob;

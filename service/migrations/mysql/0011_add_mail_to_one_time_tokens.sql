-- The address that a token is sent to, and the random bits that it is computed from; null for one that a command prints.
alter table one_time_tokens add column email varchar(100) default null, add column bits binary(32) default null;

-- Addresses to which no mail goes any more: the SHA-256 of each, in the spelling that the service stores and with ASCII letters in lower
-- case, why (bounce or complaint), and since when: milliseconds since 1970. SQLite cannot compute it for those that were marked before.
create table undeliverable_address_hashes (
    address_hash blob not null primary key,
    reason text not null,
    marked_at integer not null
) strict, without rowid;

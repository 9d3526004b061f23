-- Addresses to which no mail goes any more: the SHA-256 of each, in the spelling that the service stores and with ASCII letters in lower
-- case, why (bounce or complaint), and since when: milliseconds since 1970. Those that were marked before are taken over;
-- `undeliverable_addresses` stays for the release before this one.
create table if not exists undeliverable_address_hashes (
    address_hash binary(32) not null,
    reason varchar(20) not null,
    marked_at bigint not null,
    primary key (address_hash)
) engine = InnoDB default character set = utf8mb4 collate = utf8mb4_general_ci;

insert ignore into undeliverable_address_hashes (address_hash, reason, marked_at)
select unhex(sha2(lower(email), 256)), reason, marked_at from undeliverable_addresses;

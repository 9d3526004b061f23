-- Lists by the time of creation, and the users of a span of time. The id makes the order total; it ends every index, and named
-- here it could not be sought together with the time. Times are compared as text, so rows that are not written by the service get
-- its form: those that are there, and those that others add or change.
update users set created_at = strftime('%Y-%m-%dT%H:%M:%SZ', created_at)
    where created_at not like '____-__-__T__:__:__Z' and strftime('%s', created_at) is not null;
create index idx_created_at on users (created_at);

create trigger users_created_at_added after insert on users
    when new.created_at not like '____-__-__T__:__:__Z' and strftime('%s', new.created_at) is not null
begin
    update users set created_at = strftime('%Y-%m-%dT%H:%M:%SZ', new.created_at) where user_id = new.user_id;
end;

create trigger users_created_at_changed after update of created_at on users
    when new.created_at not like '____-__-__T__:__:__Z' and strftime('%s', new.created_at) is not null
begin
    update users set created_at = strftime('%Y-%m-%dT%H:%M:%SZ', new.created_at) where user_id = new.user_id;
end;

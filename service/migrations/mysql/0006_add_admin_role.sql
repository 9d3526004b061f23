-- Its permissions are not listed: it holds every permission there is.
insert ignore into roles (role, description, permissions) values ('admin', 'Administrators: every permission', '');

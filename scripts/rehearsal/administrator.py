"""Creates the master user as RDS does, with the privileges that RDS grants and no others.
   administrator.py URL CA_FILE USER PASSWORD"""

import sys
import urllib.parse

import pymysql

RIGHTS = """select, insert, update, delete, create, drop, reload, process, references, index, alter, show databases,
  create temporary tables, lock tables, execute, replication slave, replication client, create view, show view,
  create routine, alter routine, create user, event, trigger, create role, drop role, application_password_admin,
  connection_admin, replication_applier, role_admin, session_variables_admin, set_any_definer, show_routine, xa_recover_admin"""

url, ca_file, user, password = sys.argv[1:]
server = urllib.parse.urlsplit(url)
connection = pymysql.connect(
    host=server.hostname, port=server.port, user=server.username, password=server.password, ssl={"ca": ca_file},
)
with connection.cursor() as cursor:
    cursor.execute("set global require_secure_transport = on")
    cursor.execute(f"create user {user}@'%%' identified by %s", (password,))
    cursor.execute(f"grant {RIGHTS} on *.* to {user}@'%' with grant option")

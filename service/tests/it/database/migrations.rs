//! Migrations on a server: repeated, concurrent, half-applied, and their status.

use sqlx::Connection;
use users_service::db::Database;
use users_service::db::migrations::{self, MigrateError, State, Step, Task};
use users_service::migrations::ALL;

use crate::harness::databases::{MysqlSchema, SqliteFile, drop_every_table, mysql_at};
use crate::harness::test_app::TestApp;
use crate::mail::undeliverable::SHA256_OF_ADA;

fn state(steps: &[Step]) -> Vec<(u32, State)> {
    steps.iter().map(|step| (step.number, step.state)).collect()
}

/// Every migration of this release in the same state.
fn all(state: State) -> Vec<(u32, State)> {
    ALL.iter().map(|migration| (migration.number, state)).collect()
}

/// The first migration in one state, the others pending.
fn only_the_first(state: State) -> Vec<(u32, State)> {
    let mut states = all(State::Pending);
    states[0].1 = state;
    states
}

/// All applied, and one of a newer release.
fn with_newer() -> Vec<(u32, State)> {
    all(State::Applied).into_iter().chain([(NEWER, State::Newer)]).collect()
}

/// The number of a migration that this release does not know.
const NEWER: u32 = 9999;

#[tokio::test]
async fn migrating_twice_changes_nothing_more() {
    let schema = MysqlSchema::new().await;
    assert_eq!(state(&schema.migrate(Task::Apply).await.unwrap()), all(State::Applied));
    let before = schema.definition("users").await;
    assert_eq!(state(&schema.migrate(Task::Apply).await.unwrap()), all(State::Applied));
    assert_eq!(schema.definition("users").await, before);
    assert_eq!(
        schema.value("select count(*) from users_service_migrations").await.unwrap(),
        ALL.len().to_string()
    );
}

#[tokio::test]
async fn the_rights_in_the_readme_are_enough() {
    let readme = include_str!("../../../../README.md");
    let mut lines =
        readme.lines().filter_map(|line| line.trim().strip_suffix(" on ecommerce.* to migrator;"));
    let rights = lines.next().and_then(|line| line.strip_prefix("grant ")).unwrap();
    let schema = MysqlSchema::new().await;
    let migrator = mysql_at(schema.create_guest(rights, "password").await);
    assert_eq!(state(&migrations::run(migrator, ALL, Task::Apply).await.unwrap()), all(State::Applied));
}

#[tokio::test]
async fn several_can_migrate_at_once() {
    let schema = MysqlSchema::new().await;
    let (first, second, third) =
        tokio::join!(schema.migrate(Task::Apply), schema.migrate(Task::Apply), schema.migrate(Task::Apply));
    for steps in [first, second, third] {
        assert_eq!(state(&steps.unwrap()), all(State::Applied));
    }
}

#[tokio::test]
async fn several_can_migrate_a_file_at_once() {
    // Several files, because the race is in the first moments of each.
    for _ in 0..32 {
        let file = SqliteFile::new();
        let migrate = || file.migrate(Task::Apply);
        let (first, second, third, fourth) = tokio::join!(migrate(), migrate(), migrate(), migrate());
        for steps in [first, second, third, fourth] {
            assert_eq!(state(&steps.unwrap()), all(State::Applied));
        }
    }
}

#[tokio::test]
async fn status_changes_nothing() {
    let schema = MysqlSchema::new().await;
    assert_eq!(state(&schema.migrate(Task::Status).await.unwrap()), all(State::Pending));
    let tables =
        format!("select count(*) from information_schema.tables where table_schema = '{}'", schema.name());
    assert_eq!(schema.value(&tables).await.unwrap(), "0");
    schema.migrate(Task::Apply).await.unwrap();
    assert_eq!(state(&schema.migrate(Task::Status).await.unwrap()), all(State::Applied));
}

#[tokio::test]
async fn status_of_a_file_changes_nothing() {
    let file = SqliteFile::new();
    assert_eq!(state(&file.migrate(Task::Status).await.unwrap()), all(State::Pending));
    file.migrate(Task::Apply).await.unwrap();
    assert_eq!(state(&file.migrate(Task::Status).await.unwrap()), all(State::Applied));
}

#[tokio::test]
async fn a_database_of_a_newer_release_is_served() {
    let app = TestApp::on_mysql().await;
    let crate::harness::databases::TestDatabase::Mysql(schema) = &app.database else { unreachable!() };
    schema
        .execute(
            "insert into users_service_migrations (number, name, finished) values (9999, 'add_column', true);
             alter table users add column nickname varchar(20) null",
        )
        .await;
    let steps = schema.migrate(Task::Apply).await.unwrap();
    assert_eq!(state(&steps), with_newer());
    assert_eq!(steps.last().unwrap().name, "add_column");
    let path = app.user("ada").await;
    assert_eq!(app.get(&path).await.status, 200);
}

#[tokio::test]
async fn a_file_of_a_newer_release_is_opened() {
    let file = SqliteFile::new();
    file.migrate(Task::Apply).await.unwrap();
    file.execute("insert into users_service_migrations (number, name) values (9999, 'add_column')").await;
    let steps = file.migrate(Task::Apply).await.unwrap();
    assert_eq!(state(&steps), with_newer());
    assert!(Database::open(file.config(), ALL).await.is_ok());
}

/// A schema in which migration 1 was begun and its end not recorded.
async fn half_applied() -> MysqlSchema {
    let schema = MysqlSchema::new().await;
    schema.migrate(Task::Apply).await.unwrap();
    schema
        .execute(
            "alter table users drop key idx_user_id;
             delete from users_service_migrations where number > 1;
             update users_service_migrations set finished = false",
        )
        .await;
    schema
}

#[tokio::test]
async fn a_half_applied_migration_stops_and_says_what_to_do() {
    let schema = half_applied().await;
    assert_eq!(state(&schema.migrate(Task::Status).await.unwrap()), only_the_first(State::HalfApplied));
    let error = schema.migrate(Task::Apply).await.unwrap_err();
    assert!(matches!(error, MigrateError::HalfApplied { number: 1, .. }), "{error:?}");
    let message = error.to_string();
    for part in ["--mark-applied 1", "--mark-pending 1", "create table if not exists users"] {
        assert!(message.contains(part), "{message}");
    }
}

#[tokio::test]
async fn a_half_applied_migration_that_took_effect_is_marked_applied() {
    let schema = half_applied().await;
    let marked = schema.migrate(Task::MarkApplied(1)).await.unwrap();
    assert_eq!(state(&marked), only_the_first(State::Applied));
    assert_eq!(state(&schema.migrate(Task::Apply).await.unwrap()), all(State::Applied));
}

#[tokio::test]
async fn a_half_applied_migration_without_effect_is_marked_pending_and_done_again() {
    let schema = half_applied().await;
    schema.execute(&drop_every_table()).await;
    assert_eq!(state(&schema.migrate(Task::MarkPending(1)).await.unwrap()), all(State::Pending));
    assert_eq!(state(&schema.migrate(Task::Apply).await.unwrap()), all(State::Applied));
    assert_eq!(schema.value("select count(*) from users").await.unwrap(), "0");
}

#[tokio::test]
async fn addresses_that_were_marked_by_their_users_are_marked_by_themselves() {
    let schema = MysqlSchema::new().await;
    schema.migrate(Task::Apply).await.unwrap();
    schema
        .execute(
            "insert into users (username, email) values ('ada', 'Ada@Example.com');
             insert into undeliverable_addresses select user_id, email, 'bounce', 1 from users;
             drop table undeliverable_address_hashes;
             delete from users_service_migrations where number = 21",
        )
        .await;
    schema.migrate(Task::Apply).await.unwrap();
    let marked = "select concat(lower(hex(address_hash)), ' ', reason, ' ', marked_at) from undeliverable_address_hashes";
    assert_eq!(schema.value(marked).await.unwrap(), format!("{SHA256_OF_ADA} bounce 1"));
}

#[tokio::test]
async fn only_a_half_applied_migration_can_be_marked() {
    let schema = MysqlSchema::new().await;
    schema.migrate(Task::Apply).await.unwrap();
    for task in [Task::MarkApplied(1), Task::MarkPending(1), Task::MarkApplied(2), Task::MarkPending(0)] {
        let error = schema.migrate(task).await.unwrap_err();
        assert!(matches!(error, MigrateError::NothingToMark(_)), "{error:?}");
    }
    assert_eq!(state(&schema.migrate(Task::Status).await.unwrap()), all(State::Applied));
}

#[tokio::test]
async fn the_migration_lock_is_released() {
    let schema = MysqlSchema::new().await;
    schema.migrate(Task::Apply).await.unwrap();
    let free = format!("select is_free_lock(left('users-service:{}', 64))", schema.name());
    crate::harness::eventually::eventually("free lock", async || {
        (schema.value(&free).await.as_deref() == Some("1")).then_some(())
    })
    .await;
}

#[tokio::test]
async fn other_tables_of_a_shared_schema_are_left_unchanged() {
    let schema = MysqlSchema::with_default("character set latin1").await;
    schema
        .execute(
            "create table orders (id int primary key, note varchar(20)); insert into orders values (1, 'one');
             create table _sqlx_migrations (version bigint primary key); insert into _sqlx_migrations values (42);
             create table migrations (number int); create table alembic_version (version_num varchar(32))",
        )
        .await;
    let tables = ["orders", "_sqlx_migrations", "migrations", "alembic_version"];
    let mut before = Vec::new();
    for table in tables {
        before.push(schema.definition(table).await);
    }
    schema.migrate(Task::Apply).await.unwrap();
    for (table, before) in tables.into_iter().zip(before) {
        assert_eq!(schema.definition(table).await, before);
    }
    assert_eq!(schema.value("select note from orders").await.unwrap(), "one");
    assert_eq!(schema.value("select version from _sqlx_migrations").await.unwrap(), "42");
}

#[tokio::test]
async fn the_tables_are_utf8mb4_whatever_the_default_is() {
    let schema = MysqlSchema::with_default("character set latin1").await;
    schema.migrate(Task::Apply).await.unwrap();
    let mut connection = schema.connect().await;
    sqlx::query("insert into users (username, email, full_name) values ('ada', 'ada@example.com', '😀')")
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    assert_eq!(schema.value("select full_name from users").await.unwrap(), "😀");
}

#[tokio::test]
async fn the_indexes_are_the_unique_keys_and_those_of_lists() {
    let schema = MysqlSchema::new().await;
    schema.migrate(Task::Apply).await.unwrap();
    let indexes = format!(
        "select group_concat(concat(index_name, ' ', column_name, ' ', non_unique) order by binary index_name, seq_in_index)
         from information_schema.statistics where table_schema = '{}' and table_name = 'users'",
        schema.name()
    );
    assert_eq!(
        schema.value(&indexes).await.unwrap(),
        "PRIMARY user_id 0,idx_created_at created_at 1,idx_created_at user_id 1,idx_email email 0,\
         idx_full_name full_name 1,idx_user_id user_id 1,idx_username username 0"
    );
}

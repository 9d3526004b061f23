//! Databases that the Python service created are adopted with their rows.

use users_service::db::migrations::{MigrateError, State, Task};

use crate::harness::databases::{MysqlSchema, TestDatabase};
use crate::harness::test_app::TestApp;

/// What `SQLAlchemy` makes of the Python service's model.
const PYTHON_TABLE: &str = "
    create table users (
        user_id integer not null auto_increment,
        username varchar(50) not null,
        email varchar(100) not null,
        full_name varchar(100),
        created_at timestamp not null default now(),
        primary key (user_id),
        unique (username),
        unique (email)
    );
    create index idx_username on users (username);
    create index idx_email on users (email);";

/// The table as the first description has it; its `created_at` may be null.
const DESCRIBED_TABLE: &str = "
    create table users (
        user_id int auto_increment primary key,
        username varchar(50) unique not null,
        email varchar(100) unique not null,
        full_name varchar(100),
        created_at timestamp null default current_timestamp,
        index idx_username (username),
        index idx_email (email)
    );";

const ROWS: &str = "
    insert into users (user_id, username, email, full_name, created_at) values
        (3, 'john doe', 'John@Example.com', 'Jöhn', '2020-02-29 23:59:59'),
        (8, 'Zoë', 'zoë@exämple.com', null, '2021-01-01 00:00:00');";

/// The definition of the table that a migration makes in an empty schema.
async fn fresh_definition() -> String {
    let schema = MysqlSchema::new().await;
    schema.migrate(Task::Apply).await.unwrap();
    schema.definition("users").await
}

/// Lines in alphabetical order: the order of keys depends on the table's history.
fn sorted(definition: &str) -> Vec<&str> {
    let mut lines: Vec<_> = definition.lines().map(|line| line.trim_end_matches(',')).collect();
    lines.sort_unstable();
    lines
}

async fn old_schema(default: &str, statements: &[&str]) -> MysqlSchema {
    let schema = MysqlSchema::with_default(default).await;
    for statement in statements {
        schema.execute(statement).await;
    }
    schema
}

/// Migrates, compares the table to a new one, and looks at the rows through the service.
async fn assert_adopted(schema: MysqlSchema) -> TestApp {
    let steps = schema.migrate(Task::Apply).await.unwrap();
    assert_eq!(steps[0].state, State::Applied);
    assert_eq!(sorted(&schema.definition("users").await), sorted(&fresh_definition().await));
    schema.create_application().await;
    let app = TestApp::on(TestDatabase::Mysql(schema)).await;
    assert_eq!(
        app.get("/users").await.text(),
        r#"{"users":[{"user_id":3,"username":"john doe","email":"John@Example.com","full_name":"Jöhn","created_at":"2020-02-29T23:59:59"},{"user_id":8,"username":"Zoë","email":"zoë@exämple.com","full_name":null,"created_at":"2021-01-01T00:00:00"}],"total":2,"page":1,"page_size":10}"#
    );
    assert_eq!(app.user("next").await, "/users/9");
    app
}

#[tokio::test]
async fn a_table_of_the_python_service_is_adopted() {
    assert_adopted(old_schema("", &[PYTHON_TABLE, ROWS]).await).await;
}

#[tokio::test]
async fn a_table_of_the_python_service_in_utf8mb4_is_adopted() {
    let default = "character set utf8mb4 collate utf8mb4_unicode_ci";
    assert_adopted(old_schema(default, &[PYTHON_TABLE, ROWS]).await).await;
}

#[tokio::test]
async fn a_table_of_the_python_service_in_latin1_is_adopted() {
    let app = assert_adopted(old_schema("character set latin1", &[PYTHON_TABLE, ROWS]).await).await;
    let changed = app.put("/users/3", serde_json::json!({"full_name": "Jöhn 😀"})).await;
    assert_eq!(changed.json()["full_name"], "Jöhn 😀");
}

#[tokio::test]
async fn a_table_as_first_described_is_adopted() {
    assert_adopted(old_schema("", &[DESCRIBED_TABLE, ROWS]).await).await;
}

#[tokio::test]
async fn an_empty_table_is_adopted() {
    let schema = old_schema("character set latin1", &[PYTHON_TABLE]).await;
    schema.migrate(Task::Apply).await.unwrap();
    assert_eq!(sorted(&schema.definition("users").await), sorted(&fresh_definition().await));
}

#[tokio::test]
async fn a_row_without_a_date_is_given_one() {
    let rows = "insert into users (username, email, created_at) values ('ada', 'ada@example.com', null)";
    let schema = old_schema("", &[DESCRIBED_TABLE, rows]).await;
    schema.migrate(Task::Apply).await.unwrap();
    schema.create_application().await;
    let app = TestApp::on(TestDatabase::Mysql(schema)).await;
    let user = app.get("/users/1").await.json();
    assert_eq!(user["created_at"].as_str().unwrap().len(), 19, "{user}");
}

#[tokio::test]
async fn adopting_twice_changes_nothing_more() {
    let schema = old_schema("", &[PYTHON_TABLE, ROWS]).await;
    schema.migrate(Task::Apply).await.unwrap();
    let before = schema.definition("users").await;
    schema.migrate(Task::Apply).await.unwrap();
    assert_eq!(schema.definition("users").await, before);
}

#[tokio::test]
async fn two_can_adopt_at_once() {
    let schema = old_schema("", &[PYTHON_TABLE, ROWS]).await;
    let (first, second) = tokio::join!(schema.migrate(Task::Apply), schema.migrate(Task::Apply));
    first.unwrap();
    second.unwrap();
    assert_adopted(schema).await;
}

#[tokio::test]
async fn collisions_are_listed_before_anything_is_altered() {
    let rows = "
        insert into users (user_id, username, email, created_at) values
            (1, 'ada', 'ada@example.com', null), (2, 'bob', 'bob@example.com', null),
            (5, 'ADA', 'other@example.com', null), (6, 'Ada', 'BOB@example.com', null)";
    let schema = old_schema("collate utf8mb4_bin", &[DESCRIBED_TABLE, rows]).await;
    let definition = schema.definition("users").await;

    let error = schema.migrate(Task::Apply).await.unwrap_err();
    let MigrateError::Collisions(groups) = &error else { panic!("{error:?}") };
    assert_eq!(groups.len(), 2, "{groups:?}");
    assert!(groups[0].contains("username") && groups[0].contains("1, 5, 6"), "{groups:?}");
    assert!(groups[1].contains("email") && groups[1].contains("2, 6"), "{groups:?}");
    let message = error.to_string();
    assert!(
        !message.contains("ada") && !message.contains('@'),
        "names and addresses are not logged: {message}"
    );

    assert_eq!(schema.definition("users").await, definition);
    assert_eq!(schema.value("select count(*) from users where created_at is null").await.unwrap(), "4");
    assert_eq!(schema.migrate(Task::Status).await.unwrap()[0].state, State::Pending);

    schema.execute("delete from users where user_id > 2").await;
    schema.migrate(Task::Apply).await.unwrap();
    assert_eq!(sorted(&schema.definition("users").await), sorted(&fresh_definition().await));
}

#[tokio::test]
async fn a_table_that_is_not_ours_is_left_alone() {
    let schema =
        old_schema("", &["create table users (id int primary key, username varchar(9) unique)"]).await;
    let definition = schema.definition("users").await;
    let error = schema.migrate(Task::Apply).await.unwrap_err();
    assert!(matches!(error, MigrateError::ForeignTable(_)), "{error:?}");
    assert!(error.to_string().contains("user_id, email, full_name, created_at"), "{error}");
    assert_eq!(schema.definition("users").await, definition);
}

#[tokio::test]
async fn a_time_of_another_zone_is_returned_in_utc() {
    let schema = old_schema("", &[PYTHON_TABLE]).await;
    schema
        .execute(
            "set time_zone = '+05:00';
             insert into users (username, email, created_at)
             values ('ada', 'ada@example.com', '2024-01-15 15:30:00')",
        )
        .await;
    schema.migrate(Task::Apply).await.unwrap();
    schema.create_application().await;
    let app = TestApp::on(TestDatabase::Mysql(schema)).await;
    assert_eq!(app.get("/users/1").await.json()["created_at"], "2024-01-15T10:30:00");
}

#[tokio::test]
async fn a_key_on_the_id_is_replaced_by_ours() {
    let keys = "
        create index ix_users_user_id on users (user_id);
        create unique index idx_user_id on users (user_id)";
    assert_adopted(old_schema("", &[PYTHON_TABLE, ROWS, keys]).await).await;
}

#[tokio::test]
async fn what_depends_on_the_table_is_kept() {
    let schema = old_schema(
        "character set latin1",
        &[
            PYTHON_TABLE,
            ROWS,
            "alter table users add column phone varchar(20) null, add index ix_full_name (full_name)",
            "update users set phone = '+49 89 1'",
            "create table orders (
                 id int primary key, user_id int not null,
                 constraint fk_user foreign key (user_id) references users (user_id)
             )",
            "insert into orders values (1, 3)",
        ],
    )
    .await;
    let orders = schema.definition("orders").await;
    schema.migrate(Task::Apply).await.unwrap();
    assert_eq!(schema.definition("orders").await, orders);
    let users = schema.definition("users").await;
    assert!(
        users.contains("`phone` varchar(20)") && users.contains("`ix_full_name` (`full_name`)"),
        "{users}"
    );
    assert_eq!(schema.value("select count(*) from users where phone = '+49 89 1'").await.unwrap(), "2");
    schema.create_application().await;
    let app = TestApp::on(TestDatabase::Mysql(schema)).await;
    assert_eq!(app.get("/users/3").await.json()["full_name"], "Jöhn");
}

#[tokio::test]
async fn names_that_differ_in_accents_or_outer_blanks_collide() {
    let schema = MysqlSchema::new().await;
    let version = schema.value("select version()").await.unwrap();
    // Distinguishes blanks and accents; the new keys do not.
    let collation = if version.contains("MariaDB") { "utf8mb4_nopad_bin" } else { "utf8mb4_0900_bin" };
    let rows = "
        insert into users (user_id, username, email) values
            (1, 'jose', 'a@example.com'), (2, 'josé', 'b@example.com'),
            (3, 'ada', 'c@example.com'), (4, 'ada ', 'd@example.com')";
    let schema = old_schema(&format!("collate {collation}"), &[PYTHON_TABLE, rows]).await;
    let error = schema.migrate(Task::Apply).await.unwrap_err();
    let MigrateError::Collisions(groups) = &error else { panic!("{error:?}") };
    assert_eq!(groups.len(), 2, "{groups:?}");
    assert!(groups[0].contains("1, 2") && groups[1].contains("3, 4"), "{groups:?}");
}

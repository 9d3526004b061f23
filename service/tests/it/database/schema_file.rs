//! `scripts/schema.sql` is the schema that the migrations create.

use users_service::db::migrations::{State, Task};
use users_service::migrations::ALL;

use crate::harness::databases::MysqlSchema;

const SCHEMA: &str = include_str!("../../../../scripts/schema.sql");

#[tokio::test]
async fn the_schema_file_is_the_migrated_schema() {
    let migrated = MysqlSchema::new().await;
    migrated.migrate(Task::Apply).await.unwrap();
    // Neither depends on the default of the schema.
    let loaded = MysqlSchema::with_default("character set latin1").await;
    loaded.execute(SCHEMA).await;
    let created = ALL.iter().flat_map(|migration| migration.tables).copied();
    for table in created.chain(["users_service_migrations"]) {
        assert_eq!(loaded.definition(table).await, migrated.definition(table).await);
    }
    let tables = |schema: &MysqlSchema| {
        format!(
            "select group_concat(table_name order by table_name) from information_schema.tables where table_schema = '{}'",
            schema.name()
        )
    };
    assert_eq!(loaded.value(&tables(&loaded)).await, migrated.value(&tables(&migrated)).await);
}

#[tokio::test]
async fn a_schema_made_from_the_file_can_be_migrated() {
    let schema = MysqlSchema::new().await;
    schema.execute(SCHEMA).await;
    let before = schema.definition("users").await;
    let steps = schema.migrate(Task::Apply).await.unwrap();
    assert!(steps.iter().all(|step| step.state == State::Applied), "{steps:?}");
    assert_eq!(schema.definition("users").await, before);
}

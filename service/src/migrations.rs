//! The one list of migrations, in the order in which they are applied.

use crate::db::migrations::{Migration, migration};
use crate::{mail, one_time_tokens, users};

/// Every migration of this release.
pub const ALL: &[Migration] = &[
    Migration { prepare: Some(users::adopt), ..migration!("0001", "create_users", creates: ["users"]) },
    migration!("0002", "index_user_id", creates: []),
    migration!("0003", "create_accounts", creates: ["accounts"]),
    migration!("0004", "create_sessions", creates: ["sessions"]),
    migration!("0005", "create_roles", creates: ["roles"]),
    migration!("0006", "add_admin_role", creates: []),
    migration!("0007", "create_user_roles", creates: ["user_roles"]),
    migration!("0008", "create_known_addresses", creates: ["known_addresses"]),
    migration!("0009", "create_one_time_tokens", creates: ["one_time_tokens"]),
    migration!("0010", "create_rate_limits", creates: ["rate_limits"]),
    Migration {
        prepare: Some(one_time_tokens::without_mail_columns),
        ..migration!("0011", "add_mail_to_one_time_tokens", creates: [])
    },
    migration!("0012", "create_proved_addresses", creates: ["proved_addresses"]),
    migration!("0013", "create_mails", creates: ["mails"]),
    migration!("0014", "create_undeliverable_addresses", creates: ["undeliverable_addresses"]),
    migration!("0015", "create_idempotency_keys", creates: ["idempotency_keys"]),
    Migration {
        prepare: Some(users::without_created_at_index),
        ..migration!("0016", "index_created_at", creates: [])
    },
    Migration {
        prepare: Some(users::without_full_name_index),
        ..migration!("0017", "index_full_name", creates: [])
    },
    Migration {
        prepare: Some(users::without_status_index),
        ..migration!("0018", "index_status", creates: [])
    },
    Migration { prepare: Some(mail::without_asked), ..migration!("0019", "add_asked_to_mails", creates: []) },
    Migration {
        prepare: Some(mail::without_due_at),
        ..migration!("0020", "add_due_at_to_mails", creates: [])
    },
    migration!("0021", "create_undeliverable_address_hashes", creates: ["undeliverable_address_hashes"]),
];

/// The tables of all migrations.
pub fn tables() -> impl Iterator<Item = &'static str> {
    ALL.iter().flat_map(|migration| migration.tables).copied()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn files(folder: &str) -> Vec<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder);
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn every_file_is_in_the_list_and_exists_for_both_databases() {
        let listed: Vec<_> =
            ALL.iter().map(|migration| format!("{:04}_{}.sql", migration.number, migration.name)).collect();
        assert_eq!(listed, files("mysql"));
        assert_eq!(listed, files("sqlite"));
    }

    #[test]
    fn numbers_start_at_one_and_have_no_gaps() {
        assert!(ALL.iter().map(|migration| migration.number).eq((1..).take(ALL.len())));
    }

    #[test]
    fn every_table_that_is_created_is_granted() {
        for migration in ALL {
            let words: Vec<_> = migration.mysql.split_whitespace().collect();
            for table in words.windows(6).filter(|words| words[..2] == ["create", "table"]) {
                let name = if table[2] == "if" { table[5] } else { table[2] };
                assert!(migration.tables.contains(&name), "{name} is not in the list of {}", migration.name);
            }
        }
    }
}

//! Which database holds the users.

#[cfg(feature = "sqlite")]
use std::path::PathBuf;

use super::Credentials;
use super::mysql::{self, Mysql};
use super::reader::Reader;
use super::setting::settings;

settings! {
    DB_ENGINE = "mysql", "mysql or sqlite";
    SQLITE_PATH = "users.db", "The database file, with DB_ENGINE=sqlite";
}

/// Which database holds the users.
#[derive(Debug)]
pub enum Database {
    /// A MySQL or MariaDB server.
    Mysql(Mysql),
    /// An embedded database in one file.
    #[cfg(feature = "sqlite")]
    Sqlite(PathBuf),
}

impl Database {
    /// Whether the credentials come from a secret.
    pub(super) const fn uses_secret(&self) -> bool {
        matches!(self, Self::Mysql(Mysql { credentials: Credentials::Secret(_), .. }))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Engine {
    Mysql,
    #[cfg(feature = "sqlite")]
    Sqlite,
}

const ENGINES: &[(&str, Engine)] = &[
    ("mysql", Engine::Mysql),
    #[cfg(feature = "sqlite")]
    ("sqlite", Engine::Sqlite),
];

pub(super) fn read(reader: &mut Reader<'_>, in_lambda: bool) -> Option<Database> {
    let engine = reader.get(&DB_ENGINE).choice(ENGINES);
    #[cfg(feature = "sqlite")]
    if engine == Some(Engine::Sqlite) {
        return Some(Database::Sqlite(reader.get(&SQLITE_PATH).text().into()));
    }
    // Read even if the engine is wrong, so that every problem is listed.
    let mysql = mysql::read(reader, in_lambda);
    engine.and(mysql).map(Database::Mysql)
}

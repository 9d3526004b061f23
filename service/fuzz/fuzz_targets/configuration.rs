//! The environment, a line for each variable: it is a configuration or a list of problems, and neither shows the password.
#![no_main]

use std::collections::HashMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use libfuzzer_sys::fuzz_target;
use users_service::config::{Administration, Config, ConfigProblems, Database, Mysql, Purpose, settings};

type Variables<'a> = HashMap<&'a [u8], &'a [u8]>;

fuzz_target!(|text: &[u8]| {
    let lines = text.split(|byte| *byte == b'\n');
    let variables: Variables<'_> = lines
        .filter_map(|line| {
            line.iter().position(|byte| *byte == b'=').map(|at| (&line[..at], &line[at + 1..]))
        })
        // Looked up in the file system, which is not part of the input.
        .filter(|(name, _)| *name != b"DB_CA_FILE")
        .collect();
    for purpose in [Purpose::Local, Purpose::Lambda] {
        let configuration = Config::read(purpose, lookup(&variables, None));
        if let Ok(Config { database: Database::Mysql(mysql), .. }) = &configuration {
            check_pool(mysql);
        }
        let shown = show(&configuration);
        assert_eq!(
            shown,
            show(&Config::read(purpose, lookup(&variables, Some("another")))),
            "the password shows"
        );
    }
    let administration = Administration::read(lookup(&variables, None));
    if let Ok(administration) = &administration {
        check_pool(&administration.administrator);
    }
    show(&administration);
});

/// The variables, with another password in the place of one that is UTF-8; one that is not is a problem of its own.
fn lookup<'a>(
    variables: &'a Variables<'a>,
    password: Option<&'a str>,
) -> impl Fn(&'static str) -> Option<OsString> + 'a {
    move |name| {
        let value = *variables.get(name.as_bytes())?;
        let password = password.filter(|_| name == "DB_PASSWORD" && str::from_utf8(value).is_ok());
        Some(password.map_or_else(|| OsString::from_vec(value.to_vec()), OsString::from))
    }
}

fn check_pool(mysql: &Mysql) {
    assert!((1..=1000).contains(&mysql.pool_size), "{}", mysql.pool_size);
}

/// Everything that can be shown of a configuration or of its problems, each of which names a variable of the table.
fn show<T: std::fmt::Debug>(configuration: &Result<T, ConfigProblems>) -> String {
    if let Err(problems) = configuration {
        assert!(!problems.0.is_empty());
        let text = problems.to_string();
        for problem in &problems.0 {
            let known = settings().any(|setting| setting.name == problem.variable);
            assert!(known, "{problem:?}");
            assert!(text.contains(&problem.message), "{text}");
        }
        return format!("{configuration:?} {text}");
    }
    format!("{configuration:?}")
}

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use secrecy::ExposeSecret;
use tracing::level_filters::LevelFilter;

use super::*;
use crate::limits::Limit;

fn read(purpose: Purpose, variables: &[(&'static str, &str)]) -> Result<Config, ConfigProblems> {
    let variables: HashMap<_, _> = variables.iter().copied().collect();
    Config::read(purpose, |name| variables.get(name).map(OsString::from))
}

fn mysql_of(purpose: Purpose, variables: &[(&'static str, &str)]) -> Mysql {
    match read(purpose, variables).unwrap().database {
        Database::Mysql(mysql) => mysql,
        #[cfg(feature = "sqlite")]
        Database::Sqlite(path) => panic!("SQLite at {}", path.display()),
    }
}

#[test]
fn the_defaults_are_those_of_the_python_service() {
    let config = read(Purpose::Local, &[]).unwrap();
    assert_eq!(config.listen.to_string(), "0.0.0.0:8000");
    assert_eq!(config.log, Log { level: LevelFilter::INFO, format: None });
    let mysql = mysql_of(Purpose::Local, &[]);
    let Credentials::Fixed(login) = mysql.credentials else {
        panic!("dev takes its credentials from the environment")
    };
    assert_eq!((login.host.as_str(), login.port), ("localhost", 3306));
    assert_eq!((login.username.as_str(), login.password.expose_secret()), ("root", "password"));
    assert_eq!(login.database, "ecommerce");
    assert_eq!(mysql.tls, Tls::Preferred);
}

#[test]
fn outside_dev_the_credentials_come_from_the_secret_and_the_server_is_verified() {
    let mysql = mysql_of(Purpose::Local, &[("ENVIRONMENT", "prod"), ("DB_PASSWORD", "ignored")]);
    let Credentials::Secret(secret) = mysql.credentials else {
        panic!("prod takes its credentials from the secret")
    };
    assert_eq!(secret.id, "prod/rds/credentials");
    assert_eq!(secret.aws.region, "us-east-1");
    assert_eq!(mysql.tls, Tls::Verify { ca_file: None });
}

#[test]
fn a_lambda_function_reads_its_password_from_the_secret_even_in_dev() {
    for mysql in [
        mysql_of(Purpose::Lambda, &[]),
        mysql_of(Purpose::Local, &[("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")]),
    ] {
        let Credentials::Secret(secret) = mysql.credentials else { panic!("a function asks for the secret") };
        assert_eq!(secret.id, "dev/rds/credentials");
        assert_eq!(mysql.tls, Tls::Verify { ca_file: None });
        assert_eq!(mysql.pool_size, 1);
    }
}

#[test]
fn db_credentials_overrides_the_rule() {
    let mysql = mysql_of(Purpose::Lambda, &[("DB_CREDENTIALS", "env")]);
    assert!(matches!(mysql.credentials, Credentials::Fixed(_)));
    let mysql = mysql_of(Purpose::Local, &[("DB_CREDENTIALS", "SECRET")]);
    assert!(matches!(mysql.credentials, Credentials::Secret(_)));
}

#[test]
fn every_problem_is_listed_with_what_to_set_instead() {
    let wrong = [
        ("LOG_LEVEL", "LOUD"),
        ("PORT", "http"),
        ("DB_PORT", "70000"),
        ("DB_TLS", "maybe"),
        ("DB_POOL_SIZE", "0"),
        ("DB_CA_FILE", "/no/such/file"),
    ];
    let problems = read(Purpose::Local, &wrong).unwrap_err();
    let mut named: Vec<_> = problems.0.iter().map(|problem| problem.variable).collect();
    named.sort_unstable();
    assert_eq!(named, ["DB_CA_FILE", "DB_POOL_SIZE", "DB_PORT", "DB_TLS", "LOG_LEVEL", "PORT"]);
    let text = problems.to_string();
    assert!(text.contains(r#"DB_TLS is "maybe"; it must be one of off, preferred, verify"#), "{text}");
    assert!(text.contains("DB_POOL_SIZE is 0; it must be a number from 1 to 1000"), "{text}");
}

#[test]
fn metrics_are_on_an_address_of_their_own() {
    let metrics = |variables: &[_]| {
        read(Purpose::Local, variables).map(|config| config.metrics.listen.map(|at| at.to_string()))
    };
    assert_eq!(metrics(&[("METRICS_HOST", "0.0.0.0")]).unwrap(), None);
    let port = ("METRICS_PORT", "9464");
    for (variables, address) in [
        (&[port][..], "127.0.0.1:9464"),
        (&[port, ("HOST", "0.0.0.0")], "127.0.0.1:9464"),
        (&[port, ("METRICS_HOST", "0.0.0.0"), ("HOST", "127.0.0.1")], "0.0.0.0:9464"),
        (&[port, ("METRICS_HOST", "::1")], "[::1]:9464"),
    ] {
        assert_eq!(metrics(variables).unwrap().as_deref(), Some(address));
    }
    for (wrong, variable) in [
        (&[port, ("PORT", "9464")][..], "METRICS_PORT"),
        (&[("METRICS_PORT", "on")], "METRICS_PORT"),
        (&[("METRICS_HOST", "localhost")], "METRICS_HOST"),
        (&[("METRICS_EMF", "some")], "METRICS_EMF"),
    ] {
        let problems = metrics(wrong).unwrap_err().0;
        assert_eq!(problems.iter().map(|problem| problem.variable).collect::<Vec<_>>(), [variable]);
    }
}

#[test]
fn a_function_logs_metrics_unless_they_are_off() {
    let lines = |variables: &[_]| read(Purpose::Lambda, variables).unwrap().metrics.lines;
    let named = ("AWS_LAMBDA_FUNCTION_NAME", "users-service-prod-api");
    let version = ("AWS_LAMBDA_FUNCTION_VERSION", "7");
    for (setting, with_usual) in [("", false), ("sparse", false), ("ALL", true)] {
        let expected =
            MetricLines { function: named.1.to_owned(), version: version.1.to_owned(), with_usual };
        assert_eq!(lines(&[named, version, ("METRICS_EMF", setting)]), Some(expected));
    }
    assert_eq!(lines(&[named, ("METRICS_EMF", "off")]), None);
}

#[test]
fn the_form_of_a_log_line_is_that_of_the_terminal_or_not_unless_it_is_set() {
    let format = |purpose, variables: &[_]| read(purpose, variables).unwrap().log.format;
    assert_eq!(format(Purpose::Local, &[]), None);
    assert_eq!(format(Purpose::Local, &[("LOG_FORMAT", "TEXT")]), Some(LogFormat::Text));
    assert_eq!(format(Purpose::Lambda, &[]), Some(LogFormat::Json));
    assert_eq!(format(Purpose::Lambda, &[("LOG_FORMAT", "text")]), Some(LogFormat::Text));
}

#[test]
fn the_names_of_levels_are_those_of_python_and_of_rust() {
    for (name, level) in
        [("warning", LevelFilter::WARN), ("CRITICAL", LevelFilter::ERROR), ("Debug", LevelFilter::DEBUG)]
    {
        assert_eq!(read(Purpose::Local, &[("LOG_LEVEL", name)]).unwrap().log.level, level);
    }
}

#[test]
fn a_wrong_choice_hides_no_other_problem() {
    for wrong in ["DB_ENGINE", "DB_TLS", "LOG_FORMAT"] {
        let problems = read(Purpose::Local, &[(wrong, "maybe"), ("DB_PORT", "many"), ("PORT", "many")]);
        let mut named: Vec<_> = problems.unwrap_err().0.iter().map(|problem| problem.variable).collect();
        named.sort_unstable();
        let mut expected = vec!["DB_PORT", "PORT", wrong];
        expected.sort_unstable();
        assert_eq!(named, expected);
    }
}

#[test]
fn the_table_has_every_variable_that_is_read_and_no_other() {
    let read = RefCell::new(BTreeSet::new());
    let look_up = |set: &'static [(&'static str, &'static str)]| {
        let read = &read;
        move |name| {
            read.borrow_mut().insert(name);
            set.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
        }
    };
    for set in [
        &[][..],
        &[("DB_ENGINE", "sqlite")],
        &[("DB_CREDENTIALS", "secret")],
        &[("ACCESS", "tokens"), ("MAIL", "console")],
        &[("ACCESS", "tokens"), ("MAIL", "smtp")],
        &[("ACCESS", "tokens"), ("MAIL", "ses")],
    ] {
        let _ = Config::read(Purpose::Local, look_up(set));
    }
    let _ = Administration::read(look_up(&[]));
    let _ = KeyRotation::read(look_up(&[]));
    let _ = aws::require_lambda(&mut Reader::new(&look_up(&[])));
    let mut table: BTreeSet<_> = settings().map(|setting| setting.name).collect();
    assert_eq!(settings().count(), table.len(), "each is declared once");
    if !cfg!(feature = "sqlite") {
        table.remove("SQLITE_PATH");
    }
    assert_eq!(read.into_inner(), table);
}

#[test]
fn the_keys_are_where_the_credentials_are_unless_a_file_is_named() {
    let keys = |purpose, variables: &[(&'static str, &'static str)]| {
        let issuer = [("ACCESS", "tokens"), ("TOKEN_ISSUER", "https://users.example")];
        let variables: Vec<_> = issuer.into_iter().chain(variables.iter().copied()).collect();
        let Access::Tokens(TokenAccess { keys, .. }) = read(purpose, &variables).unwrap().application.access
        else {
            panic!("it is on")
        };
        match keys {
            Keys::File { path, make } => format!("{} {make}", path.display()),
            Keys::Secret(secret) => secret.id,
        }
    };
    let env = ("DB_CREDENTIALS", "env");
    assert_eq!(keys(Purpose::Local, &[]), "signing-keys.json true");
    assert_eq!(keys(Purpose::Local, &[("ENVIRONMENT", "prod"), env]), "signing-keys.json false");
    assert_eq!(keys(Purpose::Local, &[("ENVIRONMENT", "prod")]), "prod/signing-keys");
    assert_eq!(keys(Purpose::Lambda, &[env]), "dev/signing-keys");
    let file = ("SIGNING_KEYS_FILE", "/run/keys.json");
    assert_eq!(keys(Purpose::Lambda, &[file]), "/run/keys.json true");
}

#[test]
fn without_tokens_nothing_about_them_is_read() {
    let wrong = [("TOKEN_ISSUER", "?"), ("TOKEN_AUDIENCES", "two words")];
    assert!(matches!(read(Purpose::Lambda, &wrong).unwrap().application.access, Access::Open));
    let on = [("ACCESS", "tokens"), wrong[0], wrong[1]];
    assert_eq!(read(Purpose::Lambda, &on).unwrap_err().0.len(), 2);
}

#[test]
fn debug_output_contains_no_password() {
    let config = read(Purpose::Local, &[("DB_PASSWORD", "hunter2")]).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn administration_needs_the_administrators_secret_and_a_server() {
    let problems = Administration::read(|_| None).unwrap_err();
    let named: Vec<_> = problems.0.iter().map(|problem| problem.variable).collect();
    assert_eq!(named, ["ADMIN_SECRET_ARN", "DB_HOST"]);
    let variables =
        HashMap::from([("ADMIN_SECRET_ARN", "rds!db-1"), ("DB_HOST", "db.example"), ("ENVIRONMENT", "prod")]);
    let administration = Administration::read(|name| variables.get(name).map(OsString::from)).unwrap();
    assert_eq!(administration.application.id, "prod/rds/credentials");
    let Credentials::Secret(secret) = administration.administrator.credentials else { panic!("a secret") };
    assert_eq!((secret.id.as_str(), secret.server.host.as_deref()), ("rds!db-1", Some("db.example")));
}

#[test]
fn the_limits_are_what_they_are_set_to() {
    let limits = |variables: &[_]| read(Purpose::Local, variables).unwrap().application.limits;
    let limit = |limit: Limit| (limit.name(), limit.amount(), limit.window().as_secs());
    let default = limits(&[]);
    assert_eq!(limit(default.sign_in), ("sign-in", 10, 900));
    assert_eq!(limit(default.sign_in_ip), ("sign-in-ip", 300, 900));
    assert_eq!(limit(default.sign_in_login), ("sign-in-login", 100, 86_400));
    assert_eq!(limit(default.sign_up), ("sign-up", 60, 3600));
    assert_eq!(limit(default.confirm), ("confirm", 60, 3600));
    assert_eq!(default.requests, None);
    let set = limits(&[("SIGN_IN_LIMIT", "5/1h"), ("REQUEST_LIMIT", "600")]);
    assert_eq!(limit(set.sign_in), ("sign-in", 5, 3600));
    assert_eq!(set.requests.map(limit), Some(("requests", 600, 60)));
    assert_eq!(limits(&[("REQUEST_LIMIT", "Off")]).requests, None);
}

#[test]
fn a_limit_that_cannot_be_kept_is_a_problem() {
    let wrong = [
        ("SIGN_IN_LIMIT", "10"),
        ("SIGN_IN_IP_LIMIT", "off"),
        ("SIGN_IN_LOGIN_LIMIT", "0/24h"),
        ("SIGN_UP_LIMIT", "60/h"),
        ("CONFIRM_LIMIT", "60/31d"),
        ("REQUEST_LIMIT", "0"),
        ("TRUSTED_PROXIES", "0.0.0.0/0"),
    ];
    let problems = read(Purpose::Local, &wrong).unwrap_err();
    let named: Vec<_> = problems.0.iter().map(|problem| problem.variable).collect();
    assert_eq!(named, wrong.map(|(variable, _)| variable));
    let text = problems.to_string();
    assert!(
        text.contains(r#"SIGN_IN_LIMIT is "10"; it must be a number from 1 to 1000000, a slash"#),
        "{text}"
    );
    assert!(text.contains("REQUEST_LIMIT is 0; it must be a number from 1 to 60000"), "{text}");
}

#[test]
fn no_proxy_is_trusted_unless_it_is_set() {
    let trusted = |variables: &[_]| read(Purpose::Local, variables).unwrap().application.trusted_proxies;
    assert_eq!(trusted(&[]), TrustedProxies::default());
    assert!(trusted(&[("TRUSTED_PROXIES", "10.0.0.0/8")]).contains("10.1.2.3".parse().unwrap()));
}

#[test]
fn to_refuse_whoever_has_not_proved_the_address_takes_mail() {
    let refuse = [("ACCESS", "tokens"), ("SIGN_IN_UNVERIFIED", "refuse"), ("HOST", "127.0.0.1")];
    let problems = read(Purpose::Local, &refuse).unwrap_err();
    assert_eq!(problems.0[0].variable, "SIGN_IN_UNVERIFIED");
    let mail = [("MAIL", "console"), ("PUBLIC_URL", "https://users.example")];
    let with_mail: Vec<_> = refuse.into_iter().chain(mail).collect();
    assert!(read(Purpose::Local, &with_mail).is_ok());
}

#[test]
fn users_are_kept_only_with_a_time_to_live() {
    let cache =
        |variables: &[(&'static str, &str)]| read(Purpose::Local, variables).unwrap().application.cache;
    assert_eq!(cache(&[]), None);
    assert_eq!(cache(&[("CACHE_TTL", "0"), ("CACHE_SIZE", "5")]), None);
    let kept = |seconds, size| Some(Cache { time_to_live: Duration::from_secs(seconds), size });
    assert_eq!(cache(&[("CACHE_TTL", "5")]), kept(5, 10_000));
    assert_eq!(cache(&[("CACHE_TTL", "86400"), ("CACHE_SIZE", "1000000")]), kept(86_400, 1_000_000));
    for (name, wrong) in
        [("CACHE_TTL", "86401"), ("CACHE_TTL", "5s"), ("CACHE_SIZE", "0"), ("CACHE_SIZE", "1000001")]
    {
        let problems = read(Purpose::Local, &[(name, wrong)]).unwrap_err().0;
        assert_eq!((problems.len(), problems[0].variable), (1, name), "{wrong}");
    }
}

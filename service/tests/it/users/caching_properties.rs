//! Property test: a process that keeps users answers as one that does not, whatever goes through it.

use axum::http::Method;
use proptest::prelude::*;
use serde_json::json;

use super::caching::cache;
use crate::harness::properties::check;
use crate::harness::test_app::{TestApp, json_request, with};

/// What may happen to one of the users, whose names are exchanged among them.
#[derive(Debug, Clone)]
enum Step {
    Read { way: usize, fresh: bool },
    Rename { id: usize, name: usize },
    Delete { id: usize },
    Create { name: usize },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..12_usize, prop::bool::weighted(0.2)).prop_map(|(way, fresh)| Step::Read { way, fresh }),
        3 => (1..5_usize, 0..4_usize).prop_map(|(id, name)| Step::Rename { id, name }),
        1 => (1..5_usize).prop_map(|id| Step::Delete { id }),
        1 => (0..4_usize).prop_map(|name| Step::Create { name }),
    ]
}

/// The same steps through a process that keeps users, and through one that does not, have the same answers.
#[test]
fn whatever_is_written_through_the_process_its_reads_are_those_of_one_that_keeps_nothing() {
    const NAMES: [&str; 4] = ["ada", "bob", "eve", "max"];
    let runtime = tokio::runtime::Runtime::new().unwrap();
    check(24, &prop::collection::vec(step(), 1..40), |steps| {
        runtime.block_on(async {
            let keeping =
                TestApp::on_sqlite().await.configured(|state| state.user_cache = Some(cache())).await;
            let reading = TestApp::on_sqlite().await;
            for step in steps {
                let (method, path, body, control) = match &step {
                    Step::Read { way, fresh } => {
                        let name = NAMES[way % 4];
                        let path = match way / 4 {
                            0 => format!("/users/{}", way % 4 + 1),
                            1 => format!("/users?username={name}"),
                            _ => format!("/users?email={name}@example.com"),
                        };
                        (Method::GET, path, String::new(), if *fresh { "no-cache" } else { "" })
                    }
                    Step::Rename { id, name } => {
                        let name = NAMES[*name];
                        let body = json!({"username": name, "email": format!("{name}@example.com")});
                        (Method::PUT, format!("/users/{id}"), body.to_string(), "")
                    }
                    Step::Delete { id } => (Method::DELETE, format!("/users/{id}"), String::new(), ""),
                    Step::Create { name } => {
                        let name = NAMES[*name];
                        let body = json!({"username": name, "email": format!("{name}@example.com")});
                        (Method::POST, "/users".to_owned(), body.to_string(), "")
                    }
                };
                let request =
                    || with("cache-control", control, json_request(method.clone(), &path, body.clone()));
                let (kept, read) = (keeping.send(request()).await, reading.send(request()).await);
                prop_assert_eq!(kept.status, read.status, "{:?}", step);
                prop_assert_eq!(kept.header("etag"), read.header("etag"), "{:?}", step);
                if read.status.is_success() {
                    prop_assert_eq!(kept.text(), read.text(), "{:?}", step);
                }
            }
            Ok(())
        })
    });
}

use super::*;
use crate::db::Database;
use crate::db::plans::on_server;
use crate::mail::{NewMail, Notice, RequestedLink, insert};

const ASKED: Kind = Kind::Requested(RequestedLink::Reset);
const MAIL: Kind = Kind::Notice(Notice::PasswordChanged);

fn time(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

async fn put(database: &Database, kind: Kind, recipient: &str, seconds: i64) {
    let (id, language, now) = (Uuid::new_v4(), Language::En, time(seconds));
    insert(database, &NewMail { id, user: None, kind, language, recipient, now }).await.unwrap();
}

/// The rows of a lease at a time.
async fn take(database: &Database, left_out: &[String], now: i64) -> (Lease, Vec<Leased>) {
    let taken = Lease { id: Uuid::new_v4(), until: time(1_000 + now) };
    let rows = lease(database, taken, (left_out, true), time(now)).await.unwrap();
    (taken, rows.into_iter().map(|row| row.ok().unwrap()).collect())
}

async fn kinds(database: &Database) -> Vec<Kind> {
    take(database, &[], 100).await.1.iter().map(|row| row.kind.unwrap()).collect()
}

async fn hold_up_no_mail(database: Database) {
    for (seconds, kind) in (0..).zip(std::iter::repeat_n(ASKED, 50).chain([MAIL; 2])) {
        put(&database, kind, "ada", seconds).await;
    }
    assert_eq!(kinds(&database).await, [&[MAIL; 2][..], &[ASKED; 8]].concat());
    assert_eq!(kinds(&database).await, [ASKED; 32]);
    assert_eq!(kinds(&database).await, [ASKED; 10]);
    assert_eq!(kinds(&database).await, []);
}

fn seen(rows: &[Leased]) -> Vec<(&str, u32)> {
    rows.iter().map(|row| (&*row.recipient, row.attempts)).collect()
}

async fn keeps_its_place(database: Database) {
    put(&database, MAIL, "tried@example.com", 1).await;
    put(&database, MAIL, "fresh@example.com", 2).await;
    let (lease, rows) = take(&database, &[], 10).await;
    let [tried, fresh] = &rows[..] else { panic!("{rows:?}") };
    postpone(&database, tried.id, lease, (time(50), tried.attempts)).await.unwrap();
    give_back(&database, fresh.id, lease).await.unwrap();
    for _ in 0..2 {
        let (lease, rows) = take(&database, &[], 60).await;
        assert_eq!(seen(&rows), [("fresh@example.com", 1), ("tried@example.com", 2)]);
        for row in rows {
            give_back(&database, row.id, lease).await.unwrap();
        }
    }
    let (_, rows) = take(&database, &[], 49).await;
    assert_eq!(seen(&rows), [("fresh@example.com", 1)]);
    give_back(&database, rows[0].id, lease).await.unwrap();
    let (_, rows) = take(&database, &[], 50).await;
    assert_eq!(seen(&rows), [("tried@example.com", 2)], "who has not leased a row does not give it back");
}

async fn stay_where_they_are(database: Database) {
    let stay = ["ada@slow.example", "ada@SLOW.example", "a@b@slow.example"];
    let go = ["ada@example.com", "ada@very.slow.example", "slow.example@", "ada", "@", ""];
    for kind in [MAIL, ASKED] {
        for (seconds, recipient) in (0..).zip(stay.iter().chain(&go)) {
            put(&database, kind, recipient, seconds).await;
        }
    }
    let (_, rows) = take(&database, &["slow.example".to_owned()], 20).await;
    let recipients: Vec<_> = rows.iter().map(|row| &*row.recipient).collect();
    assert_eq!(recipients, [go, go].concat());
    assert_eq!(take(&database, &[], 20).await.1.len(), 2 * stay.len());
}

#[cfg(feature = "sqlite")]
async fn in_memory() -> Database {
    let in_memory = crate::config::Database::Sqlite(":memory:".into());
    Database::open(in_memory, crate::migrations::ALL).await.unwrap()
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn questions_hold_up_no_mail_on_sqlite() {
    hold_up_no_mail(in_memory().await).await;
}

#[tokio::test]
async fn questions_hold_up_no_mail_on_the_server() {
    on_server("do 0", async |server| hold_up_no_mail(server.database().clone()).await).await;
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn what_is_given_back_keeps_its_place_on_sqlite() {
    keeps_its_place(in_memory().await).await;
}

#[tokio::test]
async fn what_is_given_back_keeps_its_place_on_the_server() {
    on_server("do 0", async |server| keeps_its_place(server.database().clone()).await).await;
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn mails_to_a_domain_that_is_left_out_stay_on_sqlite() {
    stay_where_they_are(in_memory().await).await;
}

#[tokio::test]
async fn mails_to_a_domain_that_is_left_out_stay_on_the_server() {
    on_server("do 0", async |server| stay_where_they_are(server.database().clone()).await).await;
}

#[tokio::test]
async fn a_lease_is_taken_in_the_order_of_an_index() {
    on_server("analyze table mails", async |server| {
        let id = Uuid::nil();
        for asked in [false, true] {
            let id = id.as_bytes()[..].into();
            let domains = ["slow.example"; LEFT_OUT].map(Value::from);
            let lease = [id, 2_i64.into(), asked.into(), 1_i64.into()];
            let values = [&lease[..], &domains, &[AT_ONCE.into()]].concat();
            let plan = server.plan(&LEASE, &values).await;
            assert_eq!(plan.len(), 1, "{plan:#?}");
            assert_eq!((&*plan[0].access, &*plan[0].key), ("range", "idx_asked_next_attempt_at"));
            assert!(!plan[0].extra.contains("filesort"), "{plan:#?}");
        }
    })
    .await;
}

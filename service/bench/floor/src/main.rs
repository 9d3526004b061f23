//! The floor of the bench: the service's statements behind axum or `lambda_http`, and nothing else. No validation, no
//! log, no request id, no time limits, and a pool that never pings.
//!
//! `floor serve` listens on `PORT`, `floor lambda` asks the Runtime API; `DATABASE_URL` is the database. With `TOKEN_KEYS` it
//! verifies the access token of a `GET` of one user. `floor hash` does nothing but hash passwords.

mod hashes;
mod tokens;

use std::env;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use deadpool::managed::{Manager, Metrics, Pool, RecycleResult};
use serde::{Deserialize, Serialize};
use sqlx::mysql::MySqlConnectOptions;
use sqlx::{ConnectOptions, Connection, FromRow, MySqlConnection, query, query_as};
use tokio::net::TcpListener;
use tokio::runtime::Builder;

use crate::tokens::Verifier;

// As the service has it.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Answer<T> = Result<T, StatusCode>;
type Database = Pool<Connections>;

struct Connections(MySqlConnectOptions);

impl Manager for Connections {
    type Type = MySqlConnection;
    type Error = sqlx::Error;

    async fn create(&self) -> Result<MySqlConnection, sqlx::Error> {
        self.0.connect().await
    }

    async fn recycle(&self, _: &mut MySqlConnection, _: &Metrics) -> RecycleResult<sqlx::Error> {
        Ok(())
    }
}

fn main() -> Result<(), Failure> {
    if env::args().nth(1).as_deref() == Some("hash") {
        return hashes::run();
    }
    let options: MySqlConnectOptions = env::var("DATABASE_URL")?.parse()?;
    if env::args().nth(1).as_deref() == Some("lambda") {
        return Builder::new_current_thread().enable_all().build()?.block_on(async {
            let database = Database::builder(Connections(options)).max_size(1).build()?;
            // The first connection is made before the first event, as the service does.
            drop(database.get().await.map_err(|error| error.to_string())?);
            lambda_http::run(router(database)?).await
        });
    }
    Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let database = Database::builder(Connections(options)).max_size(16).build()?;
        let listener = TcpListener::bind(format!("127.0.0.1:{}", env::var("PORT")?)).await?;
        Ok(axum::serve(listener, router(database)?).await?)
    })
}

/// With the keys that `TOKEN_KEYS` names, if it does.
fn router(database: Database) -> Result<Router, Failure> {
    let one = match env::var("TOKEN_KEYS") {
        Err(_) => get(show),
        Ok(keys) => {
            let verifier = Arc::new(Verifier::open(&keys, env::var("TOKEN_ISSUER")?)?);
            get(move |database, headers, id| show_to_caller(Arc::clone(&verifier), database, headers, id))
        }
    };
    Ok(Router::new()
        .route("/health", get(|| async {}))
        .route("/users", get(list).post(create))
        .route("/users/{user_id}", one.put(update).delete(remove))
        .with_state(Arc::new(database)))
}

#[derive(Serialize, FromRow)]
struct User {
    user_id: i32,
    username: String,
    email: String,
    full_name: Option<String>,
    created_at: DateTime<Utc>,
}

#[derive(Deserialize)]
struct Fields {
    username: Option<String>,
    email: Option<String>,
    full_name: Option<String>,
}

async fn create(
    State(database): State<Arc<Database>>,
    Json(fields): Json<Fields>,
) -> Answer<(StatusCode, Json<User>)> {
    let created_at = Utc::now();
    let mut connection = database.get().await.map_err(failed)?;
    let inserted = query("insert into users (username, email, full_name, created_at) values (?, ?, ?, ?)")
        .bind(&fields.username)
        .bind(&fields.email)
        .bind(&fields.full_name)
        .bind(created_at)
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    let user = User {
        user_id: inserted.last_insert_id().try_into().map_err(failed)?,
        username: fields.username.unwrap_or_default(),
        email: fields.email.unwrap_or_default(),
        full_name: fields.full_name,
        created_at,
    };
    Ok((StatusCode::CREATED, Json(user)))
}

async fn show(State(database): State<Arc<Database>>, Path(id): Path<i32>) -> Answer<Json<User>> {
    let mut connection = database.get().await.map_err(failed)?;
    select(&mut connection, id).await.map(Json)
}

async fn show_to_caller(
    verifier: Arc<Verifier>,
    State(database): State<Arc<Database>>,
    headers: HeaderMap,
    Path(id): Path<i32>,
) -> Answer<Json<User>> {
    let mut connection = database.get().await.map_err(failed)?;
    verifier.admit(&mut connection, &headers, id).await?;
    select(&mut connection, id).await.map(Json)
}

async fn select(connection: &mut MySqlConnection, id: i32) -> Answer<User> {
    query_as("select user_id, username, email, full_name, created_at from users where user_id = ?")
        .bind(id)
        .fetch_optional(connection)
        .await
        .map_err(failed)?
        .ok_or(StatusCode::NOT_FOUND)
}

#[derive(Deserialize)]
struct Page {
    page: i64,
    page_size: i64,
}

#[derive(Serialize)]
struct Listing {
    users: Vec<User>,
    total: i64,
    page: i64,
    page_size: i64,
}

#[derive(FromRow)]
struct ListRow {
    total: i64,
    #[sqlx(flatten)]
    user: User,
}

async fn list(
    State(database): State<Arc<Database>>,
    Query(Page { page, page_size }): Query<Page>,
) -> Answer<Json<Listing>> {
    let sql = "
        select total.users as total, users.user_id, users.username, users.email, users.full_name, users.created_at
        from (select count(*) as users from users force index (idx_user_id)) as total
        left join (
            select user_id from users force index (idx_user_id) order by user_id limit ? offset ?
        ) as page on true
        left join users on users.user_id = page.user_id
        order by page.user_id";
    let mut connection = database.get().await.map_err(failed)?;
    let rows: Vec<ListRow> = query_as(sql)
        .bind(page_size)
        .bind((page - 1) * page_size)
        .fetch_all(&mut *connection)
        .await
        .map_err(failed)?;
    let total = rows.first().map_or(0, |row| row.total);
    Ok(Json(Listing { users: rows.into_iter().map(|row| row.user).collect(), total, page, page_size }))
}

async fn update(
    State(database): State<Arc<Database>>,
    Path(id): Path<i32>,
    Json(fields): Json<Fields>,
) -> Answer<Json<User>> {
    let sql = "
        update users
        set username = if(?, ?, username), email = if(?, ?, email), full_name = if(?, ?, full_name)
        where user_id = ?";
    let mut connection = database.get().await.map_err(failed)?;
    let mut transaction = connection.begin().await.map_err(failed)?;
    query(sql)
        .bind(fields.username.is_some())
        .bind(&fields.username)
        .bind(fields.email.is_some())
        .bind(&fields.email)
        .bind(fields.full_name.is_some())
        .bind(&fields.full_name)
        .bind(id)
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
    let user = select(&mut transaction, id).await?;
    transaction.commit().await.map_err(failed)?;
    Ok(Json(user))
}

async fn remove(State(database): State<Arc<Database>>, Path(id): Path<i32>) -> Answer<StatusCode> {
    let mut connection = database.get().await.map_err(failed)?;
    query("delete from users where user_id = ?").bind(id).execute(&mut *connection).await.map_err(failed)?;
    Ok(StatusCode::NO_CONTENT)
}

/// The bench counts failures and never reads them.
fn failed(_: impl std::fmt::Debug) -> StatusCode {
    StatusCode::INTERNAL_SERVER_ERROR
}

//! Calls the service through a client that progenitor has made: URL LOGIN PASSWORD.

use std::env;
use std::num::NonZeroU64;

use reqwest::header::{AUTHORIZATION, HeaderMap};

use client::{Client, Error, types};

mod client {
    include!(concat!(env!("OUT_DIR"), "/client.rs"));
}

type Failure = Box<dyn std::error::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let mut arguments = env::args().skip(1);
    let [url, login, password] = [(); 3].map(|()| arguments.next().expect("URL LOGIN PASSWORD"));
    let (client, refresh_token) = signed_in(&url, &login, password).await?;

    let user = client.create_user(None, &new_user("grace_rs")?).await?.into_inner();
    let id = NonZeroU64::from(user.user_id);
    assert_eq!(client.get_user(id, None, None).await?.into_inner().username, user.username);
    let listed = client
        .list_users(
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            Some("grace_rs"),
            None,
        )
        .await?
        .into_inner();
    assert_eq!(listed.users.len(), 1);

    let taken = problem(client.create_user(None, &new_user("grace_rs")?).await);
    assert_eq!((taken.status, taken.code.as_str()), (409, "username_taken"));
    client.delete_user(id, None).await?;
    assert_eq!(problem(client.get_user(id, None, None).await).code, "user_not_found");
    client.sign_out(&types::SignOut { refresh_token }).await?;
    Ok(())
}

async fn signed_in(url: &str, login: &str, password: String) -> Result<(Client, String), Failure> {
    let body = types::SignIn { audience: None, login: login.parse()?, password };
    let tokens = Client::new(url).sign_in(&body).await?.into_inner();
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, format!("Bearer {}", tokens.access_token).parse()?);
    let http = reqwest::Client::builder().default_headers(headers).build()?;
    Ok((Client::new_with_client(url, http), tokens.refresh_token))
}

fn new_user(name: &str) -> Result<types::CreateUser, Failure> {
    Ok(types::CreateUser {
        username: name.parse()?,
        email: format!("{name}@example.com").parse()?,
        full_name: Some("Grace Hopper".parse()?),
        invite: None,
        password: None,
        password_hash: None,
    })
}

/// The typed error of a call.
#[track_caller]
fn problem<T>(result: Result<T, Error<types::Problem>>) -> types::Problem {
    match result {
        Err(Error::ErrorResponse(answer)) => answer.into_inner(),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("a problem was expected"),
    }
}

//! A page of a walk: read the parameters, call the service, render.

use axum::Json;
use axum::http::{Uri, header};
use axum::response::{IntoResponse, Response};

use super::query::{Walk, next_page};
use super::{Filters, Lists, UserListResponse};
use crate::access::{Caller, Permission};
use crate::field::{FieldError, Invalid};
use crate::http::{Problem, Query};

/// A page, with a `Link` to the next (RFC 8288) if there is one.
pub(in crate::users) async fn walk(
    lists: &Lists,
    caller: Option<&Caller>,
    uri: &Uri,
    query: Query,
) -> Result<Response, Problem> {
    let walk = Walk::read(query)?;
    permit(caller, &walk.filters)?;
    let page = lists.page(&walk).await?;
    let link = page.next.as_ref().map(|cursor| format!("<{}>; rel=\"next\"", next_page(uri, cursor)));
    let link = link.map(|link| [(header::LINK, link)]);
    Ok((link, Json(UserListResponse::of_walk(page, walk.page_size))).into_response())
}

/// Filters by accounts need `accounts:read`. With `ACCESS=open` they are refused: to ignore one would list users whom it excludes.
fn permit(caller: Option<&Caller>, filters: &Filters) -> Result<(), Problem> {
    let names: Vec<_> = filters.of_accounts().collect();
    if names.is_empty() {
        return Ok(());
    }
    if let Some(caller) = caller {
        return Ok(caller.require(&Permission::ACCOUNTS_READ)?);
    }
    let off = |name| {
        Invalid::new("accounts_off", "is a filter of accounts, which are off; start the service with ACCESS=tokens to turn them on, or leave it out").at(name)
    };
    Err(names.into_iter().map(off).collect::<Vec<FieldError>>().into())
}

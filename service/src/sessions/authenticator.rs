//! Finds out who calls, from the access token of a request.

use super::{Service, SessionId};
use crate::access::{Authenticate, Caller};
use crate::http::Problem;

impl Authenticate for Service {
    async fn authenticate(&self, token: &str) -> Result<Caller, Problem> {
        let (claims, standing) = self.standing_of(token).await?;
        Ok(Caller {
            user_id: standing.user_id,
            session_id: SessionId::from(claims.session_id).get(),
            signed_in_at: standing.signed_in_at,
            authority: standing.authority,
        })
    }

    fn sign_up_is_open(&self) -> bool {
        self.sign_up_is_open
    }
}

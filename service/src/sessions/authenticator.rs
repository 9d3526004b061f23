//! Finds out who calls, from the access token of a request.

use super::{Service, SessionId};
use crate::access::{Authenticate, Caller};
use crate::http::Problem;
use crate::tokens::Claims;

impl Authenticate for Service {
    type Verified = Claims;

    async fn verify(&self, token: &str) -> Result<Claims, Problem> {
        Ok(self.claims_of(token).await?)
    }

    async fn caller(&self, claims: Claims) -> Result<Caller, Problem> {
        let (claims, state) = self.of_claims(claims).await?;
        Ok(Caller {
            user_id: state.user_id,
            session_id: SessionId::from(claims.session_id).get(),
            signed_in_at: state.signed_in_at,
            authority: state.authority,
        })
    }

    fn sign_up_is_open(&self) -> bool {
        self.sign_up_is_open
    }
}

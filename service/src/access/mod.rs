//! Who may call what: permissions, the caller of a request, and the declaration that every route makes.

mod authority;
mod caller;
mod layer;
mod permission;
mod refusal;
mod role_name;
mod route;
mod routes;
mod rule;
mod session_state;

pub use self::authority::Authority;
pub use self::caller::{Caller, NotAccepted};
pub use self::layer::Authenticate;
pub use self::permission::Permission;
pub use self::refusal::Refusal;
pub use self::role_name::RoleName;
pub use self::route::Route;
pub(crate) use self::route::route;
pub use self::routes::Routes;
pub use self::rule::Access;
pub(crate) use self::session_state::{SessionState, reauthorize, session_state};

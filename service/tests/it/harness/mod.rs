//! Helpers of the tests: servers, databases, and the executable.

pub(crate) mod accounts;
pub(crate) mod databases;
pub(crate) mod deployment;
pub(crate) mod emf;
pub(crate) mod eventually;
pub(crate) mod http_server;
pub(crate) mod lambda_function;
pub(crate) mod mail;
pub(crate) mod movable_clock;
pub(crate) mod person;
pub(crate) mod program;
pub(crate) mod properties;
pub(crate) mod proxy;
pub(crate) mod python;
pub(crate) mod runtime_api;
pub(crate) mod secrets_manager;
pub(crate) mod ses;
#[cfg(target_os = "linux")]
pub(crate) mod shifted_clock;
pub(crate) mod smtp_server;
pub(crate) mod test_app;
pub(crate) mod wire;
pub(crate) mod wiretap;

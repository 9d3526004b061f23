//! The Python that other implementations run on.

/// A Python with the packages of scripts/test/requirements.txt.
#[expect(clippy::disallowed_methods, reason = "the tests are configured by the environment too")]
pub(crate) fn python() -> String {
    std::env::var("TEST_PYTHON").expect(
        "TEST_PYTHON is not set, so there is no other program to test against: run `make test`, which \
         installs them, or point it at a Python that has the packages of scripts/test/requirements.txt",
    )
}

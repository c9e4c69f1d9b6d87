//! Errors in errors.

use std::error::Error;

/// The innermost cause, which is what a person can act on ("connection refused").
pub(crate) fn innermost(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

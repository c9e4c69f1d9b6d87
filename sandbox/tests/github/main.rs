//! The local GitHub, asked over HTTP by the clients a service would use.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a helper that cannot go on fails its test")]

mod apps;
mod client;
mod control;
mod dispatching;
mod faults;
mod following;
mod octocrab_client;
mod reading;
mod releasing;
mod webhooks;

//! Drives the stand-in for Discord with a real client library and with bare HTTP.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a helper that cannot go on fails its test")]

mod client;
mod commands;
mod components;
mod gateway;
mod limits;
mod messages;
mod people;
mod strictness;

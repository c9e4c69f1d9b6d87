//! Signalbox: a Discord chat-ops bot for multi-tenant PostgreSQL releases.

pub mod app;
pub mod audit;
mod cause;
pub mod check_url;
pub mod clock;
pub mod config;
#[cfg(feature = "demo")]
pub mod demo;
pub mod discord;
pub mod doctor;
pub mod engine;
pub mod gate;
pub mod github;
pub mod inspect;
pub mod notify;
pub mod probes;
pub mod pulse;
pub mod registry;
pub mod replay;
pub mod store;
pub mod web;

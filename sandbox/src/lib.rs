//! Local stand-ins for Discord and GitHub, with a page, for demos and tests.
//!
//! The sandbox knows the public interfaces of the two services and nothing of
//! the program that talks to it. It is started in-process and served over real
//! sockets on 127.0.0.1; a test steers people and faults through the handle it
//! gets back and never sees how the client is built.

pub mod application;
pub mod discord;
pub mod fleet;
pub mod github;
mod multipart;
pub mod page;
pub mod postgres;
pub mod tls;
pub mod traffic;

#![doc = include_str!("../README.md")]

pub mod alert;
pub mod audit;
pub mod card;
pub mod database_url;
pub mod decide;
pub mod deployment;
pub mod effect;
pub mod environment;
pub mod event;
pub mod evidence;
pub mod fleet;
pub mod gate;
pub mod git_ref;
pub mod health;
pub mod history;
pub mod hold;
pub mod hook;
pub mod ids;
pub mod image;
pub mod inbound;
pub mod link;
pub mod log;
pub mod migration;
pub mod monitor;
pub mod notice;
pub mod permit;
pub mod ports;
pub mod promotion;
pub mod refusal;
pub mod run;
pub mod schedule;
pub mod secrets;
pub mod text;
pub mod truth;

pub use jiff::{SignedDuration, Timestamp};

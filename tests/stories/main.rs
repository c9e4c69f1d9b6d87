//! Stories of use: given this repository, database and chat, when somebody types or reacts, then this
//! message, this row, this dispatch. The real service runs over real sockets; anything the bot said
//! that no line of a story looked at fails the story.

#![allow(unreachable_pub, reason = "the modules of one test binary")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a story that cannot go on has failed")]

mod adoption;
mod alerts;
mod audit;
mod bad_input;
mod break_glass;
mod buttons;
mod check_url;
mod checks;
mod cramped;
mod dispatch;
mod django;
mod doctor;
mod events;
mod executors;
mod fingerprint;
mod fleet;
mod gates;
mod history;
mod incidents;
mod inspect;
mod links;
mod locks;
mod log_classes;
mod logs;
mod lookalikes;
mod lost_channel;
mod migration;
mod migrations;
mod monitors;
mod notices;
mod outages;
mod page;
mod promotion;
mod receiver;
mod reports;
mod restarts;
mod rules;
mod secrets;
mod signoffs;
mod untrue;
mod verified;
mod waiting;
mod watch;
mod webhooks;
mod whatif;
mod world;

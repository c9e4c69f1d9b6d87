//! Stories of use: given this repository, database and chat, when somebody types or reacts, then this
//! message, this row, this dispatch. The real service runs over real sockets; anything the bot said
//! that no line of a story looked at fails the story.

mod adoption;
mod bad_input;
mod dispatch;
mod outages;
mod page;
mod restarts;
mod verified;
mod webhooks;
mod world;

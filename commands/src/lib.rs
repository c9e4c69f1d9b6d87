//! The slash commands.

pub mod desk;

//! A slash command a file: acknowledge, ask the desk, render.

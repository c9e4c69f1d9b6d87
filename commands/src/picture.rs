//! Pictures that go with an answer.

mod canvas;
mod chart;
mod levels;
mod map;
mod spark;

pub use self::{canvas::Undrawn, chart::draw as chart};
pub(crate) use self::{levels::draw as levels, map::draw as map, spark::draw as spark};

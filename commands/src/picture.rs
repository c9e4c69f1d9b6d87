//! Pictures that go with an answer.

mod canvas;
mod chart;
mod map;
mod spark;

pub(crate) use self::{chart::draw as chart, map::draw as map, spark::draw as spark};

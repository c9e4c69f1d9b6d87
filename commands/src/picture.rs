//! Pictures that go with an answer.

mod canvas;
mod chart;
mod map;

pub(crate) use self::{chart::draw as chart, map::draw as map};

//! `inspect coverage`: what is compared and what is not.

use std::fmt::Write;

use signalbox_tenants::{Coverage, Covered};

/// The list for people: what is not compared stands last, so that it is what remains on the screen.
pub(super) fn text(list: &[Coverage]) -> String {
    let width = list.iter().map(|one| one.object.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (covered, word) in [(Covered::Yes, "yes"), (Covered::Partly, "partly"), (Covered::No, "no")] {
        for one in list.iter().filter(|one| one.covered == covered) {
            // Writing into a string cannot fail.
            let _ = writeln!(text, "{word:<6}  {:<width$}  {}", one.object, one.note);
        }
    }
    text
}

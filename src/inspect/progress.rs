//! A sign of life on a terminal, for what takes longer than a second.

use std::future::Future;
use std::io::{IsTerminal, Write};
use std::pin::pin;
use std::time::Duration;

use signalbox_tenants::Gauge;
use tokio::time::{Instant, interval_at};

const PATIENCE: Duration = Duration::from_secs(1);
const TURN: Duration = Duration::from_millis(120);
const WHEEL: [char; 8] = ['⠋', '⠙', '⠸', '⠴', '⠦', '⠇', '⠏', '⠿'];

/// Waits for the work; shows what it is, how far it has come and for how long it goes on, on standard error when
/// that is a terminal.
pub(super) async fn during<T>(what: &str, gauge: &Gauge, work: impl Future<Output = T>) -> T {
    if !std::io::stderr().is_terminal() {
        return work.await;
    }
    let mut work = pin!(work);
    let begun = Instant::now();
    let mut ticks = interval_at(begun + PATIENCE, TURN);
    let mut shown = false;
    let mut wheel = WHEEL.iter().cycle();
    loop {
        tokio::select! {
            done = &mut work => {
                if shown {
                    write("\r\x1b[K");
                }
                return done;
            }
            _ = ticks.tick() => {
                shown = true;
                let spoke = wheel.next().unwrap_or(&' ');
                write(&format!("\r\x1b[K{spoke} {}", line(what, gauge.percent(), begun.elapsed().as_secs())));
            }
        }
    }
}

fn line(what: &str, percent: Option<u8>, seconds: u64) -> String {
    let percent = percent.map(|percent| format!(", {percent} %")).unwrap_or_default();
    format!("{what}{percent}, {seconds} s")
}

/// A terminal that does not listen is no reason to stop.
fn write(text: &str) {
    let mut stderr = std::io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_and_how_long() {
        assert_eq!(line("reading the catalogs", Some(42), 3), "reading the catalogs, 42 %, 3 s");
        assert_eq!(line("reading the catalogs", None, 3), "reading the catalogs, 3 s");
    }
}

//! A sign of life on a terminal, for what takes longer than a second.

use std::future::Future;
use std::io::{IsTerminal, Write};
use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, interval_at};

const PATIENCE: Duration = Duration::from_secs(1);
const TURN: Duration = Duration::from_millis(120);
const WHEEL: [char; 8] = ['⠋', '⠙', '⠸', '⠴', '⠦', '⠇', '⠏', '⠿'];

/// Waits for the work; shows what it is and for how long on standard error when that is a terminal.
pub(super) async fn during<T>(what: &str, work: impl Future<Output = T>) -> T {
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
                write(&format!("\r\x1b[K{spoke} {what}, {} s", begun.elapsed().as_secs()));
            }
        }
    }
}

/// A terminal that does not listen is no reason to stop.
fn write(text: &str) {
    let mut stderr = std::io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

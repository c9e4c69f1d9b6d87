//! The figures side by side, with what is aimed at.

use std::time::Duration;

use crate::Figures;

/// The table, ready to be printed.
pub(crate) fn of(ours: &Figures, theirs: &Figures) -> String {
    let aim_kib = theirs.idle_kib / 3;
    let rows = [
        row("start to READY", ours, theirs, |f| ms(f.ready), "< 300 ms", Some(ours.ready < Duration::from_millis(300))),
        row(
            "memory, idle",
            ours,
            theirs,
            |f| mib(f.idle_kib),
            &format!("< {}", mib(aim_kib)),
            Some(ours.idle_kib < aim_kib),
        ),
        row("memory, after 10,000 interactions", ours, theirs, |f| mib(f.busy_kib), "", None),
        row("acknowledged, 1 at a time, median", ours, theirs, |f| ms(f.alone.median), "", None),
        row("acknowledged, 1 at a time, p99", ours, theirs, |f| ms(f.alone.p99), "", None),
        row("acknowledged, 50 who read, median", ours, theirs, |f| ms(f.reading.median), "", None),
        row(
            "acknowledged, 50 who read, p99",
            ours,
            theirs,
            |f| ms(f.reading.p99),
            "< 10 ms",
            Some(ours.reading.p99 < Duration::from_millis(10)),
        ),
        row("acknowledged, 50 at a time, median", ours, theirs, |f| ms(f.crowd.median), "", None),
        row(
            "acknowledged, 50 at a time, p99",
            ours,
            theirs,
            |f| ms(f.crowd.p99),
            "< 10 ms",
            Some(ours.crowd.p99 < Duration::from_millis(10)),
        ),
        row("interactions answered per second", ours, theirs, |f| format!("{:.0}", f.per_second), "", None),
        row(
            "reaction recorded, median",
            ours,
            theirs,
            |f| f.reactions.as_ref().map_or_else(|| "-".into(), |reactions| ms(reactions.median)),
            "",
            None,
        ),
        row(
            "reaction recorded, p99",
            ours,
            theirs,
            |f| f.reactions.as_ref().map_or_else(|| "-".into(), |reactions| ms(reactions.p99)),
            "< 100 ms",
            ours.reactions.as_ref().map(|reactions| reactions.p99 < Duration::from_millis(100)),
        ),
        row(
            "webhook deliveries taken per second",
            ours,
            theirs,
            |f| f.deliveries_per_second.map_or_else(|| "-".into(), |rate| format!("{rate:.0}")),
            "",
            None,
        ),
    ];
    let head = line("", "signalbox", "discord.js", "aim");
    let rule = format!("|{}|{}:|{}:|{}|", "-".repeat(37), "-".repeat(11), "-".repeat(11), "-".repeat(20));
    [head, rule].into_iter().chain(rows).collect::<Vec<_>>().join("\n")
}

fn row(
    name: &str,
    ours: &Figures,
    theirs: &Figures,
    show: impl Fn(&Figures) -> String,
    aim: &str,
    met: Option<bool>,
) -> String {
    let verdict = match met {
        Some(true) => format!("{aim}: met"),
        Some(false) => format!("{aim}: missed"),
        None => aim.to_owned(),
    };
    line(name, &show(ours), &show(theirs), &verdict)
}

fn line(name: &str, ours: &str, theirs: &str, aim: &str) -> String {
    format!("| {name:<35} | {ours:>10} | {theirs:>10} | {aim:<18} |")
}

fn ms(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}

#[expect(clippy::cast_precision_loss, reason = "memory of a process is far below 2^52 KiB")]
fn mib(kib: u64) -> String {
    format!("{:.1} MiB", kib as f64 / 1024.0)
}

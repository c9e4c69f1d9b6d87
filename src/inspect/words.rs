//! Numbers, names and values as people read them.

use signalbox_tenants::Severity;

/// Tenants that are named before the rest is counted.
const NAMED: usize = 5;

/// Longest value in a line of text.
const LONGEST: usize = 72;

/// `9,997`.
pub(super) fn number(number: impl TryInto<u64>) -> String {
    let digits = number.try_into().unwrap_or(u64::MAX).to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 tenant`, `9,997 tenants`.
pub(super) fn many(count: usize, what: &str) -> String {
    format!("{} {what}{}", number(count), if count == 1 { "" } else { "s" })
}

/// `acme, globex and 3 more`.
pub(super) fn names<T: AsRef<str>>(names: &[T]) -> String {
    let shown: Vec<&str> = names.iter().take(NAMED).map(AsRef::as_ref).collect();
    let text = shown.join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => text,
        more => format!("{text} and {} more", number(more)),
    }
}

/// One line of a value, cut where it gets long.
pub(super) fn value(value: Option<&str>) -> String {
    let line = value.unwrap_or("none").split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LONGEST {
        return line;
    }
    let mut short: String = line.chars().take(LONGEST - 1).collect();
    short.push('…');
    short
}

/// `45.2 MB`, in powers of 1,024.
pub(super) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["bytes", "kB", "MB", "GB", "TB"];
    let (mut tenths, mut unit) = (bytes.saturating_mul(10), 0);
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1_024;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or_default();
    if unit == 0 { format!("{bytes} {name}") } else { format!("{}.{} {name}", number(tenths / 10), tenths % 10) }
}

/// `340 ms`, `1.4 s`.
pub(super) fn time(ms: u64) -> String {
    if ms < 1_000 { format!("{ms} ms") } else { format!("{}.{} s", number(ms / 1_000), ms % 1_000 / 100) }
}

/// The word of a severity.
pub(super) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Error => "error",
        Severity::Critical => "critical",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_units_fit() {
        assert_eq!(
            [number(7_u64), number(999_u64), number(9_997_u64), number(1_234_567_u64)],
            ["7", "999", "9,997", "1,234,567"]
        );
        assert_eq!([many(1, "tenant"), many(0, "tenant")], ["1 tenant", "0 tenants"]);
        assert_eq!([bytes(512), bytes(8_192), bytes(47_395_635)], ["512 bytes", "8.0 kB", "45.1 MB"]);
        assert_eq!([time(340), time(1_450), time(61_000)], ["340 ms", "1.4 s", "61.0 s"]);
    }

    #[test]
    fn long_lists_are_counted_and_long_values_cut() {
        let tenants: Vec<String> = (1..=8).map(|place| format!("t{place}")).collect();
        assert_eq!(names(&tenants), "t1, t2, t3, t4, t5 and 3 more");
        assert_eq!(value(Some("a\n  b")), "a b");
        assert_eq!(value(Some(&"x".repeat(100))).chars().count(), LONGEST);
        assert_eq!(value(None), "none");
    }
}
